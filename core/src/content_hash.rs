//! What the content of sessions comes to in a few digits, however a store keeps it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::document;
use crate::field::FieldValue;
use crate::session::Session;

/// A hash of the content of a session, or of many in whatever order.
///
/// Two sessions with every part equal have the same one, also when one store keeps their data as text and another as
/// documents: spacing and the order of members make no difference. `Display` shows 32 hexadecimal digits, which stay the
/// same from run to run and from machine to machine.
///
/// It tells mistakes, not attacks: the hash of many sessions is the sum of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContentHash(u128);

impl ContentHash {
    /// The hash of one session: of all its parts, those that this version doesn't know too.
    pub fn of(session: &Session) -> Self {
        let Ok(stored_form) = document::encode(session, usize::MAX) else {
            // No session has more bytes than there are.
            return Self::default();
        };
        let mut members = members_of(&stored_form).unwrap_or_default();
        // How it is stored is not what it is.
        members.remove("schema");
        let mut hasher = Sha256::new();
        for (name, value) in &members {
            hasher.update(length_and_text(name));
            match nested(name, value) {
                Some(parts) => {
                    for (part, value) in &parts {
                        hasher.update(length_and_text(part));
                        hasher.update(length_and_text(&canonical(value)));
                    }
                    hasher.update(u64::MAX.to_be_bytes());
                }
                None => hasher.update(length_and_text(&canonical(value))),
            }
        }
        let digest = hasher.finalize();
        Self(
            digest[..16]
                .iter()
                .fold(0, |hash, byte| (hash << 8) | u128::from(*byte)),
        )
    }

    /// The hash of these sessions and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0.wrapping_add(others.0))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

fn members_of(json: &[u8]) -> Option<BTreeMap<String, FieldValue>> {
    serde_json::from_slice(json).ok()
}

/// The parts of the two members that are taken apart: one value without a canonical form doesn't spoil its neighbours.
fn nested(name: &str, value: &FieldValue) -> Option<BTreeMap<String, FieldValue>> {
    if matches!(name, "data" | "turn") {
        members_of(value.json().as_bytes())
    } else {
        None
    }
}

/// The length goes first, so that no two lists of texts give the same bytes.
fn length_and_text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat()
}

/// The same text for all values that are equal as [`FieldValue`] means it. What `serde_json` can't take as a value (a
/// number that is too large, too many levels) is equal to its own text only.
fn canonical(value: &FieldValue) -> String {
    match value.get::<Value>() {
        Ok(mut parsed) => {
            straighten(&mut parsed);
            parsed.to_string()
        }
        Err(_) => value.json().to_owned(),
    }
}

fn straighten(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.sort_keys();
            members.values_mut().for_each(straighten);
        }
        Value::Array(items) => items.iter_mut().for_each(straighten),
        // -0.0 equals 0.0.
        Value::Number(number) if number.is_f64() && number.as_f64() == Some(0.0) => *value = Value::from(0.0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BotId, Draw, FieldName, NewSession, SessionChange, SessionKey, Timestamp, UserId};

    fn session(user: i64, json: &str) -> Session {
        let value = FieldValue::from_json(json.to_owned()).unwrap();
        let change = SessionChange::with_draw(Timestamp::from_millis(1), Draw::from_u64(7))
            .set(FieldName::constant("parcel"), value)
            .set(FieldName::constant("city"), FieldValue::text("Austin"));
        NewSession::new(SessionKey::private(BotId(7), UserId(user)), change).session()
    }

    #[test]
    fn equal_sessions_have_one_hash_and_others_have_others() {
        let alike = [
            r#"{"kg":[1,2.50,-0.0],"to":{"a":1,"b":2}}"#,
            r#" { "to": {"b":2, "a":1}, "kg": [1, 2.5, 0.0] } "#,
            r#"{"kg":[1,25e-1,0e5],"to":{"a":1,"b":2}}"#,
        ];
        for json in alike {
            assert_eq!(session(1, json), session(1, alike[0]), "{json}");
            assert_eq!(
                ContentHash::of(&session(1, json)),
                ContentHash::of(&session(1, alike[0])),
                "{json}"
            );
        }
        let mut different: Vec<_> = ["1", "1.0", "\"1\"", "[1]", "[]", "{}", "null", "1e999", "1e998"]
            .iter()
            .map(|json| ContentHash::of(&session(1, json)))
            .collect();
        different.push(ContentHash::of(&session(2, "1")));
        let distinct: std::collections::HashSet<_> = different.iter().collect();
        assert_eq!(distinct.len(), different.len());
    }

    #[test]
    fn order_makes_no_difference_and_number_does() {
        let (one, other) = (
            ContentHash::of(&session(1, "1")),
            ContentHash::of(&session(2, "1")),
        );
        assert_eq!(one.and(other), other.and(one));
        assert_ne!(one.and(one), ContentHash::default());
        assert_ne!(one.and(one), one);
    }

    #[test]
    fn the_hash_is_the_same_in_every_version() {
        insta::assert_snapshot!(ContentHash::of(&session(1, "{\"kg\":[1,2.50]}")), @"ce2e1d0b19a582999cccf7b89e44596e");
    }
}
