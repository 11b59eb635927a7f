//! A session as a document that a person can read in MongoDB's shell, and back.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf};
use serde_json::value::RawValue;
use stepkeep_core::document::{self, DecodeError, SCHEMA_VERSION};
use stepkeep_core::{Session, SessionKey, Timestamp};

use crate::json::{NoJson, escape, integer_bson, to_bson, unescape, write_json, write_member_name};

/// The members of a document that are derived from others, for indexes.
const SCOPE: &str = "scope";
const UPDATED_BUCKET: &str = "updated_bucket";

/// The members that are instants.
const TIMES: [&str; 3] = ["created_at", "updated_at", "wake_at"];

/// The order of the members that a person looks at; what this version doesn't know follows.
const ORDER: [&str; 10] = [
    "schema",
    "revision",
    "flow",
    "flow_version",
    "step",
    "created_at",
    "updated_at",
    "wake_at",
    "data",
    "turn",
];

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The document of a session.
///
/// # Errors
/// When the stored form has more than `max_bytes` bytes; the error is the number that it has.
pub(crate) fn encode(session: &Session, max_bytes: usize) -> Result<Document, usize> {
    let stored_form = document::encode(session, max_bytes)?;
    let mut members: Members<'_> = serde_json::from_slice(&stored_form).unwrap_or_default();
    // The key is `_id`.
    members.remove("key");
    let mut document = Document::new();
    document.insert("_id", session.key().encode());
    document.insert(SCOPE, session.key().scope().as_str());
    document.insert(UPDATED_BUCKET, bucket(session.updated_at()));
    for name in ORDER {
        if let Some(value) = members.remove(name) {
            document.insert(name, known_member(name, value));
        }
    }
    for (name, value) in members {
        document.insert(escape_member(&name), to_bson(value));
    }
    Ok(document)
}

fn known_member(name: &str, value: &RawValue) -> Bson {
    if TIMES.contains(&name)
        && let Ok(millis) = serde_json::from_str(value.get())
    {
        return Bson::DateTime(DateTime::from_millis(millis));
    }
    if matches!(name, "data" | "turn")
        && let Ok(members) = serde_json::from_str::<Members<'_>>(value.get())
    {
        // One by one: a field that BSON can't carry is kept as text, and the others stay readable.
        let members = members
            .into_iter()
            .map(|(name, value)| (escape(&name).into_owned(), to_bson(value)));
        return Bson::Document(members.collect());
    }
    to_bson(value)
}

/// A member of a newer version may have the name of one that this store derives.
fn escape_member(name: &str) -> String {
    match name {
        "_id" | SCOPE | UPDATED_BUCKET => format!("%{:02X}{}", name.as_bytes()[0], &name[1..]),
        _ => escape(name).into_owned(),
    }
}

/// The stretch of ten minutes that an instant is in, as its beginning.
///
/// Cleanup finds its candidates by it and then looks at the exact time. It is indexed, and stays the same in most
/// updates: so the index costs next to nothing.
pub(crate) fn bucket(at: Timestamp) -> DateTime {
    const LENGTH: i64 = 10 * 60 * 1_000;
    DateTime::from_millis(at.as_millis().div_euclid(LENGTH).saturating_mul(LENGTH))
}

/// The session that a document is. `key` is the key that it was found under.
pub(crate) fn decode(key: &SessionKey, raw: &RawDocumentBuf) -> Result<Session, DecodeError> {
    let document = Document::try_from(raw).map_err(|_| DecodeError::Corrupt {
        problem: "it is no BSON, or has text that is not UTF-8".to_owned(),
    })?;
    let too_new = schema_of(&document).filter(|schema| *schema > u64::from(SCHEMA_VERSION));
    if let Some(found) = too_new {
        // Whatever else it has: a newer version may have changed the shape of everything.
        return Err(DecodeError::TooNew { found });
    }
    document::decode(key, stored_form(&document)?.as_bytes())
}

fn schema_of(document: &Document) -> Option<u64> {
    match whole(document.get("schema")?) {
        Bson::Int32(schema) => u64::try_from(schema).ok(),
        Bson::Int64(schema) => u64::try_from(schema).ok(),
        _ => None,
    }
}

fn stored_form(document: &Document) -> Result<String, DecodeError> {
    let mut text = String::from("{");
    let has_key = document.contains_key("key");
    for (name, value) in document {
        let name = match name.as_str() {
            SCOPE | UPDATED_BUCKET => continue,
            "_id" if has_key => continue,
            "_id" => "key".into(),
            other => unescape(other),
        };
        if text.len() > 1 {
            text.push(',');
        }
        let value = match value {
            Bson::DateTime(at) if TIMES.contains(&&*name) => &Bson::Int64(at.timestamp_millis()),
            value if ORDER.contains(&&*name) => &whole(value),
            value => value,
        };
        write_member_name(&name, &mut text)
            .and_then(|()| write_json(value, &mut text))
            .map_err(|NoJson(type_name)| DecodeError::Corrupt {
                problem: format!("its {name:?} has a value that a session can't have: {type_name}"),
            })?;
    }
    text.push('}');
    Ok(text)
}

/// MongoDB's older shells write every number as a double.
fn whole(value: &Bson) -> Bson {
    match value {
        Bson::Double(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            let integer = *float as i64;
            integer_bson(integer)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use stepkeep_core::document::DEFAULT_MAX_BYTES;
    use stepkeep_core::{BotId, FieldName, FieldValue, NewSession, SessionChange, UserId};

    fn key() -> SessionKey {
        SessionKey::private(BotId(7), UserId(42))
    }

    fn raw(document: &Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap()
    }

    fn session(at: i64, json: &str) -> Session {
        let change = SessionChange::new(Timestamp::from_millis(at))
            .set(
                FieldName::new("value").unwrap(),
                FieldValue::from_json(json.to_owned()).unwrap(),
            )
            .wake_at(Some(Timestamp::from_millis(at)));
        NewSession::new(key(), change).session()
    }

    proptest! {
        #[test]
        fn every_session_comes_back(at: i64, text: String, number: f64) {
            let json = serde_json::json!({ "$set": text, "a.b": [number] }).to_string();
            let session = session(at, &json);
            let document = encode(&session, DEFAULT_MAX_BYTES).unwrap();
            prop_assert_eq!(decode(&key(), &raw(&document)).unwrap(), session);
        }

        /// So no session before a cutoff is missed by looking at the buckets up to the cutoff's.
        #[test]
        fn an_earlier_instant_is_never_in_a_later_bucket(one: i64, other: i64) {
            let (earlier, later) = (one.min(other), one.max(other));
            prop_assert!(bucket(Timestamp::from_millis(earlier)) <= bucket(Timestamp::from_millis(later)));
        }
    }

    #[test]
    fn members_of_a_newer_version_come_back_whatever_their_names() {
        let form = String::from_utf8(document::encode(&session(1, "1"), DEFAULT_MAX_BYTES).unwrap()).unwrap();
        let form = form.replacen(
            '{',
            r#"{"scope":"s","_id":1,"updated_bucket":[],"a.$b":{"$":1},"%73cope":2,"#,
            1,
        );
        let session = document::decode(&key(), form.as_bytes()).unwrap();
        let document = encode(&session, DEFAULT_MAX_BYTES).unwrap();
        assert_eq!(document.get_str("_id").unwrap(), key().encode());
        assert_eq!(document.get_str("scope").unwrap(), "main");
        assert_eq!(decode(&key(), &raw(&document)).unwrap(), session);
    }

    #[test]
    fn a_newer_schema_is_told_whatever_else_there_is() {
        let mut document = encode(&session(1, "1"), DEFAULT_MAX_BYTES).unwrap();
        document.insert("schema", 2.0);
        document.insert("revision", Bson::MaxKey);
        let error = decode(&key(), &raw(&document)).unwrap_err();
        assert!(matches!(error, DecodeError::TooNew { found: 2 }), "{error}");
    }

    #[test]
    fn numbers_of_an_old_shell_are_read() {
        let mut document = encode(&session(1, "1"), DEFAULT_MAX_BYTES).unwrap();
        document.insert("schema", 1.0);
        document.insert("updated_at", 1.0);
        assert_eq!(decode(&key(), &raw(&document)).unwrap(), session_like(&document));
    }

    fn session_like(document: &Document) -> Session {
        let mut document = document.clone();
        document.insert("schema", 1);
        document.insert("updated_at", DateTime::from_millis(1));
        decode(&key(), &raw(&document)).unwrap()
    }
}
