//! Cities.

use super::{
    postal_code::parse_postal_code,
    rejection::{Excerpt, Field, Rejection},
    state::parse_state,
    text,
};

/// The most characters of a city; every carrier prints this many.
pub const CITY_LIMIT: usize = 35;

/// A city: one line with at least one letter. From "Austin, TX" and "Austin, TX 78701" the city is taken.
///
/// # Errors
///
/// A [`Rejection`] that says what is wrong: empty, several lines, too long, an emoji, or no letter.
pub fn parse_city(input: &str) -> Result<String, Rejection> {
    let field = Field::City;
    let line = text::only_line(input, field)?;
    let city = without_state(&line);
    text::check_length(city, field, CITY_LIMIT)?;
    text::check_printable(city, field)?;
    if !city.chars().any(char::is_alphabetic) {
        return Err(Rejection::CityWithoutLetter {
            got: Excerpt::new(city),
        });
    }
    Ok(city.to_owned())
}

fn without_state(line: &str) -> &str {
    let mut city = line;
    while let Some((name, rest)) = city.rsplit_once(',') {
        if !name.contains(char::is_alphabetic) || !(rest.trim().is_empty() || names_a_state(rest)) {
            break;
        }
        city = name.trim_end();
    }
    city
}

fn names_a_state(text: &str) -> bool {
    let state = match text.trim().rsplit_once(' ') {
        Some((before, last)) if parse_postal_code(last).is_ok() => before,
        _ => text,
    };
    parse_state(state).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cities_are_taken_as_they_are() {
        for city in [
            "Austin",
            "Winston-Salem",
            "St. Louis",
            "Coeur d'Alene",
            "Ninety Six",
            "Сан-Хосе",
            "APO",
        ] {
            assert_eq!(parse_city(city).as_deref(), Ok(city));
        }
    }

    #[test]
    fn a_state_after_the_city_is_left_for_its_own_question() {
        assert_eq!(parse_city("Austin, TX").as_deref(), Ok("Austin"));
        assert_eq!(parse_city("New York, New York").as_deref(), Ok("New York"));
        assert_eq!(parse_city("Washington, D.C. 20500").as_deref(), Ok("Washington"));
        assert_eq!(parse_city("Austin,").as_deref(), Ok("Austin"));
        assert_eq!(parse_city("Town, Village").as_deref(), Ok("Town, Village"));
    }

    #[test]
    fn what_cannot_be_a_city_is_refused_with_its_reason() {
        let field = Field::City;
        assert_eq!(parse_city(""), Err(Rejection::Empty { field }));
        assert!(matches!(
            parse_city("78701"),
            Err(Rejection::CityWithoutLetter { .. })
        ));
        assert!(matches!(parse_city("🗽"), Err(Rejection::Unprintable { .. })));
        assert_eq!(
            parse_city(&"b".repeat(36)),
            Err(Rejection::TooLong {
                field,
                length: 36,
                limit: CITY_LIMIT
            })
        );
    }

    proptest! {
        #[test]
        fn an_accepted_city_is_accepted_again_unchanged(input in r"[\PC]{0,20}(, ?(TX|Texas|78701|\PC)){0,3}") {
            if let Ok(city) = parse_city(&input) {
                prop_assert_eq!(parse_city(&city), Ok(city));
            }
        }
    }
}
