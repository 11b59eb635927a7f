//! Sessions of a wanted size, and the same as the raw drivers write them.

use std::iter::repeat_with;

use fastrand::Rng;
use mongodb::bson::{self, Document};
use stepkeep_core::{FieldName, FieldValue, NewSession, SessionChange, document};

use crate::{FIELDS, at, key, position};

/// When sessions were last changed that are not idle, in milliseconds.
pub const RECENT: i64 = 1_000_000_000;

/// How sessions of one size look: fifteen answers of equal length.
#[derive(Clone, Debug)]
pub struct Shape {
    answer: String,
}

impl Shape {
    /// Sessions whose stored form has about so many bytes.
    pub fn of(bytes: u32) -> Self {
        let empty = Self {
            answer: String::new(),
        };
        let frame = empty.json(1).len();
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        let each = wanted.saturating_sub(frame).div_ceil(FIELDS.len());
        Self {
            answer: "500 West 2nd St, Apt 4 ".chars().cycle().take(each).collect(),
        }
    }

    /// A person's session, last changed at [`RECENT`].
    pub fn session(&self, person: i64) -> NewSession {
        self.session_at(person, RECENT)
    }

    /// A person's session that is idle.
    pub fn idle(&self, person: i64) -> NewSession {
        self.session_at(person, 0)
    }

    /// A person's session that was last changed at some time, in milliseconds, with answers that nobody else gave: what
    /// stores compress takes as much as it would.
    pub fn varied(&self, person: i64, millis: i64) -> NewSession {
        let mut chance = Rng::with_seed(person.cast_unsigned());
        let answers = || {
            repeat_with(|| chance.alphanumeric())
                .take(self.answer.len())
                .collect()
        };
        NewSession::new(
            key(person),
            filled(SessionChange::new(at(millis)), repeat_with(answers)),
        )
    }

    fn session_at(&self, person: i64, millis: i64) -> NewSession {
        NewSession::new(
            key(person),
            filled(
                SessionChange::new(at(millis)),
                repeat_with(|| self.answer.clone()),
            ),
        )
    }

    /// What a person's next answer changes: one field and the step.
    pub fn change(&self, number: i64) -> SessionChange {
        let index = usize::try_from(number.rem_euclid(15)).unwrap_or(0);
        SessionChange::new(at(RECENT.saturating_add(number)))
            .set(FieldName::constant(FIELDS[index]), FieldValue::text(&self.answer))
            .go_to(position(FIELDS[index]))
    }

    /// The same session as the raw drivers have it.
    ///
    /// # Panics
    /// Never: a session's stored form is a JSON object.
    #[expect(clippy::expect_used, reason = "a session's stored form is a JSON object")]
    pub fn raw(&self) -> RawDocument {
        let json = self.json(1);
        let value: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let mut bson = bson::serialize_to_document(&value).expect("an object");
        bson.remove("_id");
        bson.remove("revision");
        RawDocument {
            json: String::from_utf8(json).expect("JSON is UTF-8"),
            bson,
        }
    }

    #[expect(clippy::expect_used, reason = "there is no limit that it could exceed")]
    fn json(&self, person: i64) -> Vec<u8> {
        document::encode(&self.session(person).session(), usize::MAX).expect("no limit")
    }
}

fn filled(change: SessionChange, answers: impl Iterator<Item = String>) -> SessionChange {
    FIELDS
        .into_iter()
        .zip(answers)
        .fold(change, |change, (name, answer)| {
            change.set(FieldName::constant(name), FieldValue::text(&answer))
        })
        .go_to(position("field_0"))
}

/// A session as the raw drivers write it: the same bytes, as JSON and as BSON.
#[derive(Clone, Debug)]
pub struct RawDocument {
    /// As JSON.
    pub json: String,
    /// As BSON, without key and revision.
    pub bson: Document,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_the_wanted_size_and_keep_it() {
        for bytes in [600_u32, 4_096, 65_536] {
            let shape = Shape::of(bytes);
            let new = shape.session(5).session();
            let changed = shape.change(3).apply(&new);
            let varied = shape.varied(6, RECENT).session();
            assert_ne!(varied.data(), shape.varied(7, RECENT).session().data());
            for session in [new, changed, varied] {
                let length = document::encode(&session, usize::MAX).unwrap().len();
                let wanted = usize::try_from(bytes).unwrap();
                assert!(length.abs_diff(wanted) <= 60, "{length} for {bytes}");
            }
            assert!(shape.raw().json.len().abs_diff(usize::try_from(bytes).unwrap()) <= 60);
        }
    }
}
