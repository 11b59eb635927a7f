//! The validated names of fields, flows and steps.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// The longest name of a field, flow or step, in bytes.
pub const MAX_NAME_LENGTH: usize = 64;

/// A name that a field, flow or step can't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} name {name:?} is not valid: it starts with a letter or `_`, goes on with letters, digits{extra}, and \
     has at most {MAX_NAME_LENGTH} characters"
)]
pub struct InvalidName {
    what: &'static str,
    extra: &'static str,
    name: String,
}

impl InvalidName {
    fn new(what: &'static str, extra: &'static str, name: &str) -> Self {
        // Shortened, since a bad name may be anything that came from outside.
        Self {
            what,
            extra,
            name: name.chars().take(MAX_NAME_LENGTH + 1).collect(),
        }
    }
}

fn is_valid(name: &str, hyphen: bool) -> bool {
    length_of(name.as_bytes(), hyphen) == Some(name.len())
}

/// Whether a byte may be in a name of any kind. A table, since a session is read with dozens of names.
static IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the table has no more entries than there are bytes"
        )]
        let letter = byte as u8;
        table[byte] = letter.is_ascii_alphanumeric() || letter == b'_';
        byte += 1;
    }
    table
};

/// How many bytes of these are a name, up to the first one that can't be in any; `None` when it would be too long, or
/// begins with what no name begins with.
fn length_of(bytes: &[u8], hyphen: bool) -> Option<usize> {
    let goes_on = |byte: u8| IN_NAMES[usize::from(byte)] || (hyphen && byte == b'-');
    let length = bytes.iter().position(|byte| !goes_on(*byte));
    let length = length.unwrap_or(bytes.len());
    let begins = bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_');
    (begins && length <= MAX_NAME_LENGTH).then_some(length)
}

/// The three kinds of name differ in nothing but what they name and whether a hyphen is allowed, and a generic type
/// over a marker would show the marker in every message.
macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident, $what:literal, hyphen: $hyphen:literal, extra: $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $type(SmolStr);

        impl $type {
            /// Checks the name.
            ///
            /// # Errors
            /// [`InvalidName`] when it breaks the rules above.
            pub fn new(name: &str) -> Result<Self, InvalidName> {
                Self::check(name).map(|()| Self(SmolStr::new(name)))
            }

            /// The name that a text begins with, up to the first letter that can't be in one.
            pub(crate) fn leading(text: &str) -> Option<Self> {
                let name = text.get(..length_of(text.as_bytes(), $hyphen)?)?;
                Some(Self(SmolStr::new(name)))
            }

            fn check(name: &str) -> Result<(), InvalidName> {
                if is_valid(name, $hyphen) {
                    Ok(())
                } else {
                    Err(InvalidName::new($what, $extra, name))
                }
            }

            /// The name of a constant in the program's own text.
            ///
            /// # Panics
            /// When the name is not valid: a mistake in the program that the first test of it shows.
            #[track_caller]
            pub fn constant(name: &'static str) -> Self {
                match Self::check(name) {
                    Ok(()) => Self(SmolStr::new_static(name)),
                    Err(error) => panic!("{error}"),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        /// As its text, so that a map can be asked by it.
        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), formatter)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&name).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type! {
    /// The name of one field of a session's data: `[A-Za-z_][A-Za-z0-9_]{0,63}`.
    ///
    /// No dot and no `$` can get in, so a document store can use it as it is.
    FieldName, "field", hyphen: false, extra: " and `_`"
}

name_type! {
    /// The name of a flow: `[A-Za-z_][A-Za-z0-9_-]{0,63}`.
    FlowName, "flow", hyphen: true, extra: ", `_` and `-`"
}

name_type! {
    /// The name of a step of a flow: `[A-Za-z_][A-Za-z0-9_-]{0,63}`. A step is named, never numbered, so that a flow
    /// can grow steps without moving anybody.
    StepName, "step", hyphen: true, extra: ", `_` and `-`"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_database_could_misread_is_refused() {
        for name in [
            "",
            "$set",
            "a.b",
            "1st",
            "a b",
            "имя",
            "a-b",
            "a\0",
            &"x".repeat(65),
        ] {
            assert!(FieldName::new(name).is_err(), "{name:?}");
        }
        for name in ["_", "a", "Z9_", &"x".repeat(64)] {
            assert!(FieldName::new(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_step_may_have_a_hyphen_and_a_field_may_not() {
        assert!(StepName::new("sender-name").is_ok());
        insta::assert_snapshot!(
            FieldName::new("sender-name").unwrap_err(),
            @r#"field name "sender-name" is not valid: it starts with a letter or `_`, goes on with letters, digits and `_`, and has at most 64 characters"#
        );
    }
}
