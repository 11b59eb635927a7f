//! Phone numbers of the US.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    InvalidValue,
    rejection::{Excerpt, Field, Rejection},
    text,
};

/// A number of the North American numbering plan. `Display` gives `(512) 555-0100`; it is stored in the
/// international form `+15125550100`. `Debug` shows the last two digits only.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber {
    /// Area code, exchange and line: ten ASCII digits.
    national: String,
}

impl PhoneNumber {
    /// The international form (E.164): `+15125550100`.
    pub fn e164(&self) -> String {
        format!("+1{}", self.national)
    }

    /// The ten digits without the country code: `5125550100`.
    pub fn national(&self) -> &str {
        &self.national
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (area, local) = self.national.split_at(3);
        let (exchange, line) = local.split_at(3);
        write!(f, "({area}) {exchange}-{line}")
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(…{})", self.national.split_at(8).1)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.e164()
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_phone_number(&text).map_err(|_| InvalidValue::new("phone number"))
    }
}

/// What people write before the digits.
const LABELS: [&str; 8] = [
    "phone number",
    "phone",
    "tel",
    "cell",
    "mobile",
    "телефон",
    "тел",
    "моб",
];

/// What people write between a number and its extension.
const EXTENSION_MARKS: [&str; 8] = ["extension", "ext", "x", "#", "доб", "добавочный", "х", "ext="];

/// A US phone number in any usual form: `(512) 555-0100`, `512.555.0100`, `+1 512 555 0100`, `15125550100`.
///
/// # Errors
///
/// A [`Rejection`]: empty, too long, of another country, with an extension (labels have no room for it), with other
/// characters, a wrong number of digits, or digits that no US number has.
pub fn parse_phone_number(input: &str) -> Result<PhoneNumber, Rejection> {
    let typed = text::short_value(input, Field::Phone)?;
    let got = || Excerpt::new(&typed);
    let lower = typed.to_lowercase();
    let number = LABELS
        .iter()
        .find_map(|label| lower.strip_prefix(label))
        .unwrap_or(&lower);
    let number = number.trim_start_matches([' ', ':', '.', '№', '#']);

    if let Some((before, rest)) = split_extension(number) {
        let number = parse_digits(before, got)?;
        let is_extension = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if is_extension {
            Rejection::PhoneExtension { number }
        } else {
            Rejection::PhoneCharacters { got: got() }
        });
    }
    parse_digits(number, got)
}

/// The parts around the mark of an extension, if there is one.
fn split_extension(number: &str) -> Option<(&str, &str)> {
    let start = number.find(|character| !is_digit_or_separator(character))?;
    let (before, rest) = number.split_at(start);
    let rest = rest.trim_start_matches([',', ';', ' ']);
    let rest = EXTENSION_MARKS
        .iter()
        .filter_map(|mark| rest.strip_prefix(mark))
        .min_by_key(|rest| rest.len())?;
    Some((before, rest.trim_matches([' ', '.', ':'])))
}

fn is_digit_or_separator(character: char) -> bool {
    character.is_ascii_digit()
        || matches!(
            character,
            ' ' | '(' | ')' | '-' | '.' | '/' | '+' | '‐' | '‑' | '‒' | '–' | '—' | '−' | '·' | '•'
        )
}

fn parse_digits(number: &str, got: impl Fn() -> Excerpt) -> Result<PhoneNumber, Rejection> {
    let misplaced_plus = number.rfind('+').is_some_and(|position| position > 0);
    if misplaced_plus || !number.chars().all(is_digit_or_separator) {
        return Err(Rejection::PhoneCharacters { got: got() });
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let foreign = if number.starts_with('+') {
        !digits.is_empty() && !digits.starts_with('1')
    } else {
        digits.len() == 11 && digits.starts_with(['7', '8'])
    };
    if foreign {
        return Err(Rejection::PhoneForeign { got: got() });
    }
    let national = match digits.strip_prefix('1') {
        Some(national) if national.len() == 10 => national,
        _ => &digits,
    };
    match national.as_bytes() {
        // Neither an area code nor an exchange begins with 0 or 1, and N11 are service numbers such as 911.
        [b'2'..=b'9', second, third, b'2'..=b'9', _, _, _, _, _, _] if (*second, *third) != (b'1', b'1') => {
            Ok(PhoneNumber {
                national: national.to_owned(),
            })
        }
        [] => Err(Rejection::PhoneCharacters { got: got() }),
        ten if ten.len() == 10 => Err(Rejection::PhoneImpossible { got: got() }),
        other => Err(Rejection::PhoneDigits {
            got: got(),
            digits: other.len(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_forms_are_one_number() {
        for input in [
            "5125550100",
            "(512) 555-0100",
            "512.555.0100",
            "512 555 0100",
            "512/555-0100",
            "+1 512 555 0100",
            "+1 (512) 555–0100",
            "1-512-555-0100",
            "15125550100",
            "tel: 512-555-0100",
            "Телефон: 512-555-0100",
        ] {
            let number = parse_phone_number(input).unwrap();
            assert_eq!(number.e164(), "+15125550100", "{input}");
            assert_eq!(number.to_string(), "(512) 555-0100");
        }
    }

    #[test]
    fn an_extension_is_refused_with_the_number_that_would_do() {
        let number = parse_phone_number("512-555-0100").unwrap();
        for input in [
            "512-555-0100 x12",
            "512-555-0100 ext. 12",
            "512-555-0100#12",
            "(512) 555-0100, доб. 5",
            "512-555-0100 доб. 5",
        ] {
            assert_eq!(
                parse_phone_number(input),
                Err(Rejection::PhoneExtension {
                    number: number.clone()
                }),
                "{input}"
            );
        }
    }

    #[test]
    fn numbers_of_other_countries_are_named_so() {
        for input in ["+7 916 123-45-67", "8 (916) 123-45-67", "+44 20 7946 0958"] {
            assert!(
                matches!(parse_phone_number(input), Err(Rejection::PhoneForeign { .. })),
                "{input}"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_refused_with_its_reason() {
        assert!(matches!(
            parse_phone_number("555-0100"),
            Err(Rejection::PhoneDigits { digits: 7, .. })
        ));
        assert!(matches!(
            parse_phone_number("512-555-01000"),
            Err(Rejection::PhoneDigits { digits: 11, .. })
        ));
        for input in ["012-555-0100", "512-155-0100", "911-555-0100"] {
            assert!(
                matches!(parse_phone_number(input), Err(Rejection::PhoneImpossible { .. })),
                "{input}"
            );
        }
        for input in [
            "1-800-FLOWERS",
            "call me",
            "512+5550100",
            "📞",
            "()",
            "٥١٢٥٥٥٠١٠٠",
        ] {
            assert!(
                matches!(parse_phone_number(input), Err(Rejection::PhoneCharacters { .. })),
                "{input}"
            );
        }
        assert_eq!(
            parse_phone_number(" "),
            Err(Rejection::Empty { field: Field::Phone })
        );
    }

    #[test]
    fn a_number_is_stored_in_the_international_form_and_hidden_in_logs() {
        let number = parse_phone_number("512-555-0100").unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), r#""+15125550100""#);
        assert_eq!(
            serde_json::from_str::<PhoneNumber>(r#""+15125550100""#).unwrap(),
            number
        );
        assert_eq!(format!("{number:?}"), "PhoneNumber(…00)");
    }

    proptest! {
        #[test]
        fn an_accepted_number_is_accepted_again_unchanged(input in r"\+?1?[ -]?\(?[2-9][0-9]{2}\)?[ .-]?[0-9]{7}|.*") {
            if let Ok(number) = parse_phone_number(&input) {
                prop_assert_eq!(&parse_phone_number(&number.to_string()), &Ok(number.clone()));
                prop_assert_eq!(parse_phone_number(&number.e164()), Ok(number));
            }
        }
    }
}
