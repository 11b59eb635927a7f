//! Street, house and flat, as one line.

use super::{
    postal_code::parse_postal_code,
    rejection::{Excerpt, Field, Rejection},
    state::State,
    text,
};

/// The most characters of an address line; every carrier prints this many.
pub const ADDRESS_LINE_LIMIT: usize = 35;

/// The street line of an address. Several lines are joined by a comma.
///
/// # Errors
///
/// A [`Rejection`] that says what is wrong: empty, too long, an emoji, neither a letter nor a digit, or a whole
/// address with state and ZIP code, which are asked for one by one.
pub fn parse_address_line(input: &str) -> Result<String, Rejection> {
    let field = Field::AddressLine;
    let line = match text::lines(input).as_slice() {
        [line] => line.clone(),
        lines => join(lines),
    };
    if ends_with_state_and_postal_code(&line) {
        return Err(Rejection::AddressWithPostalCode {
            got: Excerpt::new(&line),
        });
    }
    text::check_length(&line, field, ADDRESS_LINE_LIMIT)?;
    text::check_printable(&line, field)?;
    if !line.chars().any(char::is_alphanumeric) {
        return Err(Rejection::AddressWithoutLetterOrDigit {
            got: Excerpt::new(&line),
        });
    }
    Ok(line)
}

fn join(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| line.trim_end_matches([',', ' ']))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether the line ends like `…, Austin, TX 78701`. Two words before that may be a street of their own ("1 TX 78701"
/// can't be told from one), so a whole address has more.
fn ends_with_state_and_postal_code(line: &str) -> bool {
    let mut words = line.rsplit([' ', ',']).filter(|word| !word.is_empty());
    let (Some(last), Some(before)) = (words.next(), words.next()) else {
        return false;
    };
    words.count() > 1 && State::from_code(before).is_some() && parse_postal_code(last).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_address_lines_are_taken_as_they_are() {
        for line in [
            "1600 Pennsylvania Ave NW",
            "PO Box 12",
            "500 W 2nd St, Apt #4-B",
            "5th & Main ½",
            "ул. Мира, 7",
        ] {
            assert_eq!(parse_address_line(line).as_deref(), Ok(line));
        }
    }

    #[test]
    fn lines_are_joined() {
        assert_eq!(
            parse_address_line("350 5th Ave,\n\n Floor 21 ").as_deref(),
            Ok("350 5th Ave, Floor 21")
        );
    }

    #[test]
    fn a_whole_address_is_told_apart_from_its_street() {
        for whole in [
            "1 Congress Ave\nAustin, TX 78701",
            "2 Santana Row, San Jose, CA, 95128-1234",
        ] {
            assert!(matches!(
                parse_address_line(whole),
                Err(Rejection::AddressWithPostalCode { .. })
            ));
        }
        assert!(parse_address_line("9500 FM 1960").is_ok());
    }

    #[test]
    fn what_cannot_be_an_address_is_refused_with_its_reason() {
        let field = Field::AddressLine;
        assert_eq!(parse_address_line("\u{200b}"), Err(Rejection::Empty { field }));
        assert!(matches!(
            parse_address_line("#-,"),
            Err(Rejection::AddressWithoutLetterOrDigit { .. })
        ));
        assert!(matches!(
            parse_address_line("1 Main St 🏠"),
            Err(Rejection::Unprintable { .. })
        ));
        assert_eq!(
            parse_address_line(&"a".repeat(10_000)),
            Err(Rejection::TooLong {
                field,
                length: 10_000,
                limit: ADDRESS_LINE_LIMIT
            })
        );
    }

    proptest! {
        #[test]
        fn an_accepted_line_is_accepted_again_unchanged(input in r"[\PC\n]{0,40}") {
            if let Ok(line) = parse_address_line(&input) {
                prop_assert_eq!(parse_address_line(&line), Ok(line));
            }
        }
    }
}
