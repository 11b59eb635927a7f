//! ZIP codes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    InvalidValue,
    rejection::{Excerpt, Field, Rejection},
    state::State,
    text, zip_table,
};
use crate::localization::{Args, Language, Localized};

/// A ZIP code, as text: `78701` or `78701-1234`. Leading zeros belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostalCode(String);

impl PostalCode {
    /// `78701` or `78701-1234`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The state that the ZIP code belongs to, or `None` when no mail goes to such codes.
    pub fn state(&self) -> Option<State> {
        zip_table::state_of(&self.0)
    }
}

impl fmt::Display for PostalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PostalCode> for String {
    fn from(postal_code: PostalCode) -> Self {
        postal_code.0
    }
}

impl TryFrom<String> for PostalCode {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_postal_code(&text).map_err(|_| InvalidValue::new("ZIP code"))
    }
}

/// What people write before the digits.
const LABELS: [&str; 7] = [
    "zip code",
    "zipcode",
    "zip",
    "postal code",
    "почтовый индекс",
    "индекс",
    "зип",
];

/// A ZIP code of 5 or 9 digits, with or without spaces, a hyphen, and the word "ZIP" before it.
///
/// # Errors
///
/// A [`Rejection`]: empty, too long, a wrong number of digits, or something other than digits.
pub fn parse_postal_code(input: &str) -> Result<PostalCode, Rejection> {
    let typed = text::short_value(input, Field::PostalCode)?;
    let lower = typed.to_lowercase();
    let number = LABELS
        .iter()
        .find_map(|label| lower.strip_prefix(label))
        .unwrap_or(&lower);
    let number = number.trim_start_matches([' ', ':', '#', '№', '.', '-']);

    let is_separator = |character| {
        matches!(
            character,
            ' ' | '-' | '‐' | '‑' | '‒' | '–' | '—' | '−' | '_' | '.'
        )
    };
    let digits: String = number
        .chars()
        .filter(|&character| !is_separator(character))
        .collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::PostalCodeCharacters {
            got: Excerpt::new(&typed),
        });
    }
    match digits.len() {
        5 => Ok(PostalCode(digits)),
        9 => {
            let (zone, rest) = digits.split_at(5);
            Ok(PostalCode(format!("{zone}-{rest}")))
        }
        count => Err(Rejection::PostalCodeDigits {
            got: Excerpt::new(&typed),
            digits: count,
        }),
    }
}

/// A ZIP code that doesn't look like one of its state. It is a reason to ask, not to refuse: a few ZIP codes cross
/// state lines, and new ones appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipWarning {
    /// The ZIP code.
    pub postal_code: PostalCode,
    /// The state that was given.
    pub state: State,
    /// The state that the ZIP code seems to be in; `None` when it seems to be in none.
    pub likely: Option<State>,
}

/// Compares a ZIP code with its state: `None` means that they fit.
pub fn check_state(postal_code: &PostalCode, state: State) -> Option<ZipWarning> {
    let likely = postal_code.state();
    (likely != Some(state)).then(|| ZipWarning {
        postal_code: postal_code.clone(),
        state,
        likely,
    })
}

impl Localized for ZipWarning {
    fn message_id(&self) -> &'static str {
        match self.likely {
            Some(_) => "warning-zip-of-another-state",
            None => "warning-zip-of-no-state",
        }
    }

    fn args(&self, language: Language) -> Args {
        let args = Args::new()
            .with("postal-code", self.postal_code.to_string())
            .with("state", self.state.name(language));
        match self.likely {
            Some(likely) => args.with("likely", likely.name(language)),
            None => args,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(input: &str) -> String {
        parse_postal_code(input).unwrap().to_string()
    }

    fn state(code: &str) -> State {
        State::from_code(code).unwrap()
    }

    #[test]
    fn five_and_nine_digits_are_taken_in_every_usual_form() {
        for input in [
            "78701",
            " 78701 ",
            "ZIP 78701",
            "zip code: 78701",
            "7 8 7 0 1",
            "Индекс 78701",
            "ZIP#78701",
        ] {
            assert_eq!(parsed(input), "78701", "{input}");
        }
        for input in [
            "78701-1234",
            "787011234",
            "78701 1234",
            "78701–1234",
            "78701 - 1234",
        ] {
            assert_eq!(parsed(input), "78701-1234", "{input}");
        }
        assert_eq!(parsed("02108"), "02108");
    }

    #[test]
    fn a_wrong_number_of_digits_is_counted() {
        for (input, count) in [("7870", 4), ("101000", 6), ("78701-12", 7), ("7870112345", 10)] {
            assert!(
                matches!(parse_postal_code(input), Err(Rejection::PostalCodeDigits { digits, .. }) if digits == count)
            );
        }
    }

    #[test]
    fn other_characters_are_refused() {
        for input in ["SW1A 1AA", "Austin", "٧٨٧٠١", "78701🙂", "-", "ZIP"] {
            assert!(
                matches!(
                    parse_postal_code(input),
                    Err(Rejection::PostalCodeCharacters { .. })
                ),
                "{input}"
            );
        }
    }

    #[test]
    fn a_zip_of_its_state_needs_no_warning() {
        for (zip, code) in [
            ("78701", "TX"),
            ("95128-1234", "CA"),
            ("02108", "MA"),
            ("00501", "NY"),
            ("06390", "NY"),
            ("20001", "DC"),
            ("20101", "VA"),
            ("00802", "VI"),
            ("00901", "PR"),
            ("96799", "AS"),
            ("96813", "HI"),
            ("96910", "GU"),
            ("96950", "MP"),
            ("96941", "FM"),
            ("96960", "MH"),
            ("96940", "PW"),
            ("09012", "AE"),
            ("34001", "AA"),
            ("96201", "AP"),
            ("99501", "AK"),
        ] {
            assert_eq!(
                check_state(&parse_postal_code(zip).unwrap(), state(code)),
                None,
                "{zip}"
            );
        }
    }

    #[test]
    fn a_zip_of_another_state_names_that_state() {
        let warning = check_state(&parse_postal_code("78701").unwrap(), state("CA")).unwrap();
        assert_eq!(warning.likely, Some(state("TX")));
        let warning = check_state(&parse_postal_code("00000").unwrap(), state("CA")).unwrap();
        assert_eq!(warning.likely, None);
    }

    #[test]
    fn a_zip_is_stored_as_text() {
        let boston = parse_postal_code("02108").unwrap();
        assert_eq!(serde_json::to_string(&boston).unwrap(), r#""02108""#);
        assert_eq!(serde_json::from_str::<PostalCode>(r#""02108""#).unwrap(), boston);
        assert!(serde_json::from_str::<PostalCode>(r#""2108""#).is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_zip_is_accepted_again_unchanged(input in r"(zip )?[0-9 -]{4,12}|.*") {
            if let Ok(postal_code) = parse_postal_code(&input) {
                prop_assert_eq!(parse_postal_code(postal_code.as_str()), Ok(postal_code));
            }
        }
    }
}
