//! Names of senders and recipients.

use super::{
    rejection::{Excerpt, Field, Rejection},
    text,
};

/// The most characters of a name; every carrier prints this many.
pub const PERSON_NAME_LIMIT: usize = 35;

/// A person's or a company's name, in any script: one line with at least one letter.
///
/// # Errors
///
/// A [`Rejection`] that says what is wrong: empty, several lines, too long, an emoji, or no letter.
pub fn parse_person_name(input: &str) -> Result<String, Rejection> {
    let field = Field::PersonName;
    let name = text::only_line(input, field)?;
    text::check_length(&name, field, PERSON_NAME_LIMIT)?;
    text::check_printable(&name, field)?;
    if !name.chars().any(char::is_alphabetic) {
        return Err(Rejection::NameWithoutLetter {
            got: Excerpt::new(&name),
        });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_all_scripts_are_taken() {
        for name in [
            "Jean-Luc O'Neil III",
            "Мария Лопес",
            "Ł. Żak",
            "李小龍",
            "محمد علي",
            "X Æ A-12",
        ] {
            assert_eq!(parse_person_name(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn spaces_to_spare_are_taken_out() {
        assert_eq!(parse_person_name("  Ann \u{a0}  Lee\n").as_deref(), Ok("Ann Lee"));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_its_reason() {
        let field = Field::PersonName;
        assert_eq!(parse_person_name(" \n "), Err(Rejection::Empty { field }));
        assert_eq!(
            parse_person_name("Ann\nLee"),
            Err(Rejection::SeveralLines { field })
        );
        assert!(matches!(
            parse_person_name("🙂🙂"),
            Err(Rejection::Unprintable { .. })
        ));
        assert!(matches!(
            parse_person_name("12345"),
            Err(Rejection::NameWithoutLetter { .. })
        ));
    }

    #[test]
    fn the_longest_name_is_taken_and_one_character_more_is_not() {
        assert!(parse_person_name(&"я".repeat(PERSON_NAME_LIMIT)).is_ok());
        assert_eq!(
            parse_person_name(&"я".repeat(PERSON_NAME_LIMIT + 1)),
            Err(Rejection::TooLong {
                field: Field::PersonName,
                length: PERSON_NAME_LIMIT + 1,
                limit: PERSON_NAME_LIMIT
            })
        );
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_accepted_again_unchanged(input in r"\PC{0,40}") {
            if let Ok(name) = parse_person_name(&input) {
                prop_assert_eq!(parse_person_name(&name), Ok(name));
            }
        }
    }
}
