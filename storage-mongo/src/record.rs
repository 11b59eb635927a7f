//! A session as a document that a person can read in MongoDB's shell, and back.

use mongodb::bson::{Bson, DateTime, Document, RawBsonRef, RawDocument};
use stepkeep_core::document::{self, DecodeError, SCHEMA_VERSION};
use stepkeep_core::{Session, SessionKey, Timestamp};

use crate::json::{NoJson, escape_owned, to_bson, unescape, write_json, write_member_name};
use crate::members::Members;

/// The members of a document that are derived from others, for indexes.
const SCOPE: &str = "scope";
const UPDATED_BUCKET: &str = "updated_bucket";

/// The members that are instants.
const TIMES: [&str; 3] = ["created_at", "updated_at", "wake_at"];

/// The members that this version knows, in the order of the stored form, which `core` reads the faster. In a document the
/// key is `_id`, and what this version doesn't know follows.
const ORDER: [&str; 11] = [
    "schema",
    KEY,
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
const KEY: &str = "key";

/// Where they are in [`ORDER`].
const SCHEMA_POSITION: usize = 0;
const KEY_POSITION: usize = 1;

/// What a stored form mostly fits into.
const USUAL_BYTES: usize = 2 * 1024;

/// The document of a session.
///
/// # Errors
/// When the stored form has more than `max_bytes` bytes; the error is the number that it has.
pub(crate) fn encode(session: &Session, max_bytes: usize) -> Result<Document, usize> {
    let stored_form = document::encode(session, max_bytes)?;
    let members: Members<'_> = serde_json::from_slice(&stored_form).unwrap_or_default();
    let mut document = Document::new();
    document.insert("_id", session.key().encode());
    document.insert(SCOPE, session.key().scope().as_str());
    document.insert(UPDATED_BUCKET, bucket(session.updated_at()));
    for (name, value) in members {
        if name == KEY {
            continue;
        }
        if ORDER.contains(&&*name) {
            let value = known_member(&name, value.get());
            document.insert(name, value);
        } else {
            document.insert(escape_member(name), to_bson(value.get()));
        }
    }
    Ok(document)
}

fn known_member(name: &str, json: &str) -> Bson {
    if TIMES.contains(&name)
        && let Ok(millis) = json.parse()
    {
        return Bson::DateTime(DateTime::from_millis(millis));
    }
    if matches!(name, "data" | "turn")
        && let Ok(members) = serde_json::from_str::<Members<'_>>(json)
    {
        // One by one: a field that BSON can't carry is kept as text, and the others stay readable.
        let members = members
            .into_iter()
            .map(|(name, value)| (escape_owned(name), to_bson(value.get())));
        return Bson::Document(members.collect());
    }
    to_bson(json)
}

/// A member of a newer version may have the name of one that this store derives.
fn escape_member(name: String) -> String {
    match &*name {
        "_id" | SCOPE | UPDATED_BUCKET => format!("%{:02X}{}", name.as_bytes()[0], &name[1..]),
        _ => escape_owned(name),
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
pub(crate) fn decode(key: &SessionKey, document: &RawDocument) -> Result<Session, DecodeError> {
    let found = Found::new(document)?;
    if let Some(found) = found
        .schema()
        .filter(|schema| *schema > u64::from(SCHEMA_VERSION))
    {
        // Whatever else it has: a newer version may have changed the shape of everything.
        return Err(DecodeError::TooNew { found });
    }
    document::decode(key, &found.stored_form()?)
}

/// The members of a document.
struct Found<'a> {
    /// The values of those in [`ORDER`].
    known: [Option<RawBsonRef<'a>>; ORDER.len()],
    /// Those that this version doesn't know.
    unknown: Vec<(&'a str, RawBsonRef<'a>)>,
}

impl<'a> Found<'a> {
    fn new(document: &'a RawDocument) -> Result<Self, DecodeError> {
        let mut found = Self {
            known: [None; ORDER.len()],
            unknown: Vec::new(),
        };
        let mut id = None;
        for member in document {
            let (name, value) = member.map_err(|error| corrupt(NoJson::from(error).to_string()))?;
            let name = name.as_str();
            match ORDER.iter().position(|known| *known == name) {
                Some(position) => found.known[position] = Some(value),
                None if name == "_id" => id = Some(value),
                None if matches!(name, SCOPE | UPDATED_BUCKET) => {}
                None => found.unknown.push((name, value)),
            }
        }
        let key = &mut found.known[KEY_POSITION];
        *key = key.or(id);
        Ok(found)
    }

    fn schema(&self) -> Option<u64> {
        match whole(self.known[SCHEMA_POSITION]?) {
            RawBsonRef::Int32(schema) => u64::try_from(schema).ok(),
            RawBsonRef::Int64(schema) => u64::try_from(schema).ok(),
            _ => None,
        }
    }

    fn stored_form(&self) -> Result<Vec<u8>, DecodeError> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        let known = ORDER.into_iter().zip(self.known);
        let known = known.filter_map(|(name, value)| Some((name, as_stored(name, value?))));
        let unknown = self.unknown.iter().copied();
        for (name, value) in known.chain(unknown) {
            text.push(if text.is_empty() { b'{' } else { b',' });
            let name = unescape(name);
            write_member_name(&name, &mut text)
                .and_then(|()| write_json(value, &mut text))
                .map_err(|problem| corrupt(format!("its {name:?} can't be read: {problem}")))?;
        }
        if text.is_empty() {
            text.push(b'{');
        }
        text.push(b'}');
        Ok(text)
    }
}

fn corrupt(problem: String) -> DecodeError {
    DecodeError::Corrupt { problem }
}

/// A known member as the stored form has it.
fn as_stored<'a>(name: &str, value: RawBsonRef<'a>) -> RawBsonRef<'a> {
    match value {
        RawBsonRef::DateTime(at) if TIMES.contains(&name) => RawBsonRef::Int64(at.timestamp_millis()),
        value => whole(value),
    }
}

/// MongoDB's older shells write every number as a double.
fn whole(value: RawBsonRef<'_>) -> RawBsonRef<'_> {
    match value {
        RawBsonRef::Double(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            let integer = float as i64;
            RawBsonRef::Int64(integer)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::RawDocumentBuf;
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

    /// `core` reads its own form without a detour, so whatever order the server put the members into, this is it.
    #[test]
    fn the_stored_form_comes_back_to_the_letter() {
        let session = session(1_000, r#"{"kg":[1,2.5,null],"line":"500 \"W\" 2nd"}"#);
        let expected = document::encode(&session, DEFAULT_MAX_BYTES).unwrap();
        let document = encode(&session, DEFAULT_MAX_BYTES).unwrap();
        let mut members: Vec<_> = document.clone().into_iter().collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        for document in [document, members.into_iter().collect()] {
            let form = Found::new(&raw(&document)).unwrap().stored_form().unwrap();
            assert_eq!(String::from_utf8(form), String::from_utf8(expected.clone()));
        }
    }

    #[test]
    fn what_is_no_session_is_told_without_its_data() {
        let mut document = encode(&session(1, "1"), DEFAULT_MAX_BYTES).unwrap();
        document.insert("step", mongodb::bson::oid::ObjectId::from_bytes([0; 12]));
        let error = decode(&key(), &raw(&document)).unwrap_err().to_string();
        insta::assert_snapshot!(error, @r#"the record is damaged: its "step" can't be read: it is of a type that a session can't have: ObjectId"#);
        let mut bytes = raw(&encode(&session(1, r#""Austin""#), DEFAULT_MAX_BYTES).unwrap()).into_bytes();
        let city = bytes.windows(6).position(|window| window == b"Austin").unwrap();
        bytes[city] = 0xff;
        let error = decode(&key(), &RawDocumentBuf::from_bytes(bytes).unwrap()).unwrap_err();
        insta::assert_snapshot!(error, @r#"the record is damaged: its "data" can't be read: it is no BSON, or has text that is not UTF-8"#);
        insta::assert_snapshot!(decode(&key(), &RawDocumentBuf::new()).unwrap_err(), @r#"the record is damaged: it has no "schema""#);
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
