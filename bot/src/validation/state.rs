//! US states, territories and military regions.

use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

use super::{
    InvalidValue,
    rejection::{Excerpt, Field, Rejection},
    state_table::{STATES, StateRecord},
    text,
};
use crate::localization::Language;

/// What a [`State`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateKind {
    /// One of the fifty states.
    State,
    /// The District of Columbia, a territory, or a freely associated state with US mail.
    Territory,
    /// A region of the military mail (APO, FPO, DPO).
    Military,
}

/// What stands as the state on a US label: one of 62 two-letter codes. Stored as its code.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct State(&'static StateRecord);

impl State {
    /// Every state, territory and military region.
    pub fn all() -> impl Iterator<Item = Self> {
        STATES.iter().map(Self)
    }

    /// The state of a two-letter code, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::all().find(|state| state.code().eq_ignore_ascii_case(code))
    }

    /// The two capital letters that stand on the label.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// The name in a language.
    pub fn name(self, language: Language) -> &'static str {
        match language {
            Language::English => self.0.english,
            Language::Russian => self.0.russian,
        }
    }

    /// What it is.
    pub fn kind(self) -> StateKind {
        self.0.kind
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.code().hash(hasher);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({})", self.code())
    }
}

/// The two-letter code.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl From<State> for String {
    fn from(state: State) -> Self {
        state.code().to_owned()
    }
}

impl TryFrom<String> for State {
    type Error = InvalidValue;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::from_code(&code).ok_or(InvalidValue::new("state code"))
    }
}

/// A state by its code, its English or Russian name, or a usual abbreviation, whatever the case, dots and spaces.
///
/// # Errors
///
/// A [`Rejection`]: empty, far too long, or unknown, then with the state that was probably meant.
pub fn parse_state(input: &str) -> Result<State, Rejection> {
    let typed = text::short_value(input, Field::State)?;
    let spelling = fold(&typed);
    find(&spelling).ok_or_else(|| Rejection::UnknownState {
        got: Excerpt::new(&typed),
        suggestion: nearest(&spelling),
    })
}

/// Every spelling that is taken, folded.
static SPELLINGS: LazyLock<HashMap<String, State>> = LazyLock::new(|| {
    STATES
        .iter()
        .flat_map(|record| {
            [record.code, record.english, record.russian]
                .into_iter()
                .chain(record.aliases.iter().copied())
                .map(move |spelling| (fold(spelling), State(record)))
        })
        .collect()
});

/// What people put around the name of a state.
const PREFIXES: [&str; 3] = ["stateof", "the", "штат"];
const SUFFIXES: [&str; 4] = ["state", "штат", "usa", "сша"];

/// The letters alone, in lower case.
fn fold(spelling: &str) -> String {
    spelling
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character == 'ё' { 'е' } else { character })
        .filter(|character| character.is_alphabetic())
        .collect()
}

fn find(spelling: &str) -> Option<State> {
    let known = |spelling: &str| SPELLINGS.get(spelling).copied();
    known(spelling)
        .or_else(|| known(&latin_code(spelling)?))
        .or_else(|| {
            PREFIXES
                .iter()
                .find_map(|prefix| known(spelling.strip_prefix(prefix)?))
        })
        .or_else(|| {
            SUFFIXES
                .iter()
                .find_map(|suffix| known(spelling.strip_suffix(suffix)?))
        })
        .or_else(|| {
            // "TX - Texas" and "Texas (TX)".
            let code_first = spelling.split_at_checked(2);
            let code_last = spelling
                .len()
                .checked_sub(2)
                .and_then(|middle| spelling.split_at_checked(middle));
            [code_first, code_last]
                .into_iter()
                .flatten()
                .find_map(|(left, right)| known(left).filter(|&state| known(right) == Some(state)))
        })
}

/// A code that was typed on a Russian keyboard: "СА" looks exactly like "CA".
fn latin_code(spelling: &str) -> Option<String> {
    const CYRILLIC: &str = "авекмнорстху";
    const LATIN: &str = "abekmhopctxy";
    spelling
        .chars()
        .map(|letter| {
            let (_, twin) = CYRILLIC
                .chars()
                .zip(LATIN.chars())
                .find(|&(cyrillic, _)| cyrillic == letter)?;
            Some(twin)
        })
        .collect()
}

/// The state with the nearest spelling, unless that is too far to be meant.
fn nearest(spelling: &str) -> Option<State> {
    let length = spelling.chars().count();
    SPELLINGS
        .iter()
        .filter_map(|(known, state)| {
            let known_length = known.chars().count();
            let tolerance = match length.max(known_length) {
                // Among so many codes and short abbreviations, every slip is near to several.
                _ if length < 3 || known_length < 4 => return None,
                0..=4 => 1,
                5..=8 => 2,
                _ => 3,
            };
            let distance = strsim::osa_distance(spelling, known);
            (distance <= tolerance).then_some((distance, state.code(), *state))
        })
        .min_by_key(|&(distance, code, _)| (distance, code))
        .map(|(_, _, state)| state)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn code(input: &str) -> Result<&'static str, Rejection> {
        parse_state(input).map(State::code)
    }

    fn suggestion(input: &str) -> Option<&'static str> {
        match parse_state(input) {
            Err(Rejection::UnknownState { suggestion, .. }) => suggestion.map(State::code),
            other => panic!("{input} should be unknown, but is {other:?}"),
        }
    }

    #[test]
    fn there_are_62_codes_and_no_spelling_has_two_meanings() {
        let codes: HashSet<_> = State::all().map(State::code).collect();
        assert_eq!(codes.len(), 62);
        for record in &STATES {
            for spelling in [record.code, record.english, record.russian]
                .iter()
                .chain(record.aliases)
            {
                assert_eq!(code(spelling), Ok(record.code), "{spelling}");
            }
        }
    }

    #[test]
    fn a_state_is_found_however_it_is_written() {
        for spelling in [
            "California",
            "ca",
            " CA ",
            "c.a.",
            "CALIFORNIA",
            "Calif.",
            "state of California",
            "калифорния",
        ] {
            assert_eq!(code(spelling), Ok("CA"), "{spelling}");
        }
        for spelling in [
            "New York",
            "new  york",
            "N.Y.",
            "n y",
            "New York State",
            "Нью-Йорк",
            "нью йорк",
            "штат Нью-Йорк",
        ] {
            assert_eq!(code(spelling), Ok("NY"), "{spelling}");
        }
        assert_eq!(code("Texas (TX)"), Ok("TX"));
        assert_eq!(code("TX - Texas"), Ok("TX"));
        assert_eq!(code("TX, USA"), Ok("TX"));
        assert_eq!(code("Washington, D.C."), Ok("DC"));
        assert_eq!(code("Вооруженные силы Европа"), Ok("AE"));
    }

    #[test]
    fn a_code_from_a_russian_keyboard_is_taken() {
        assert_eq!(code("СА"), Ok("CA"));
        assert_eq!(code("тх"), Ok("TX"));
    }

    #[test]
    fn a_near_miss_gets_the_probable_state() {
        assert_eq!(suggestion("Califronia"), Some("CA"));
        assert_eq!(suggestion("Texs"), Some("TX"));
        assert_eq!(suggestion("Masachusets"), Some("MA"));
        assert_eq!(suggestion("Misisipi"), Some("MS"));
        assert_eq!(suggestion("Калифарния"), Some("CA"));
        assert_eq!(suggestion("Ontario"), None);
        assert_eq!(suggestion("XX"), None);
        assert_eq!(suggestion("42"), None);
    }

    #[test]
    fn a_state_is_stored_as_its_code() {
        let texas = parse_state("texas").unwrap();
        assert_eq!(serde_json::to_string(&texas).unwrap(), r#""TX""#);
        assert_eq!(serde_json::from_str::<State>(r#""TX""#).unwrap(), texas);
        assert!(serde_json::from_str::<State>(r#""XX""#).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_state_or_a_rejection(input in ".*") {
            if let Ok(state) = parse_state(&input) {
                prop_assert_eq!(parse_state(state.code()), Ok(state));
            }
        }
    }
}
