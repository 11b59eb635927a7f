//! The stored form of a session: one JSON object that a person can read.
//!
//! Stores that keep blobs write it as it is; stores that keep documents convert it. Whoever reads a session goes
//! through [`decode`], so that a damaged record and one of a newer version are told apart from a good one in one place.

mod plain;
mod record;
mod turn;

use std::sync::Arc;

use serde::Serialize;

use crate::field::{RawObject, plain_length};
use crate::key::SessionKey;
use crate::name::{FlowName, MAX_NAME_LENGTH, StepName};
use crate::session::{Position, Session, SessionParts};
use crate::unknown::Unknown;
use record::Record;

pub(crate) use turn::write as write_turn;

/// The version of the stored form that this release writes. It reads this and every older one.
pub const SCHEMA_VERSION: u32 = 1;

/// The largest stored form by default, in bytes.
pub const DEFAULT_MAX_BYTES: usize = 256 * 1024;

/// What a session mostly fits into, so that writing it needs no second buffer.
const USUAL_BYTES: usize = 2 * 1024;

/// Why a stored form is not a session.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is damaged, or never was a session.
    #[error("the record is damaged: {problem}")]
    Corrupt {
        /// What is wrong, without data.
        problem: String,
    },
    /// A newer version wrote it.
    #[error(
        "a newer version wrote the record: it has schema {found}, and this version reads up to {SCHEMA_VERSION}"
    )]
    TooNew {
        /// The record's schema version.
        found: u64,
    },
}

/// The stored form of a session.
///
/// # Errors
/// When it has more than `max_bytes` bytes; the error is the number that it has.
pub fn encode(session: &Session, max_bytes: usize) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    encode_into(&mut bytes, session, max_bytes)?;
    Ok(bytes)
}

/// Writes the stored form of a session behind what a store has before it.
///
/// # Errors
/// When it has more than `max_bytes` bytes by itself; the error is the number that it has.
pub fn encode_into(bytes: &mut Vec<u8>, session: &Session, max_bytes: usize) -> Result<(), usize> {
    let SessionParts {
        key,
        position,
        data,
        turn,
        revision,
        created_at,
        updated_at,
        wake_at,
        unknown,
    } = &*session.0;
    let begin = bytes.len();
    // Names and keys have no letters that JSON escapes.
    let mut writer = Writer(bytes);
    writer
        .text("{\"schema\":")
        .integer(SCHEMA_VERSION)
        .text(",\"key\":\"")
        .text(&key.encode())
        .text("\",\"revision\":\"")
        .bytes(&revision.digits())
        .text("\"");
    if let Some(Position { flow, version, step }) = position {
        writer
            .text(",\"flow\":\"")
            .text(flow.as_str())
            .text("\",\"flow_version\":")
            .integer(*version)
            .text(",\"step\":\"")
            .text(step.as_str())
            .text("\"");
    }
    writer
        .text(",\"created_at\":")
        .integer(created_at.as_millis())
        .text(",\"updated_at\":")
        .integer(updated_at.as_millis());
    if let Some(wake_at) = wake_at {
        writer.text(",\"wake_at\":").integer(wake_at.as_millis());
    }
    writer.text(",\"data\":{");
    let mut before = "\"";
    for (name, value) in data {
        writer
            .text(before)
            .text(name.as_str())
            .text("\":")
            .text(value.json());
        before = ",\"";
    }
    writer.text("},\"turn\":");
    turn::write(writer.0, turn);
    for (name, value) in unknown.iter() {
        writer.text(",").string(name).text(":").text(value.json());
    }
    writer.text("}");
    let length = bytes.len() - begin;
    if length > max_bytes { Err(length) } else { Ok(()) }
}

/// Writes JSON piece by piece.
struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn integer(&mut self, integer: impl itoa::Integer) -> &mut Self {
        self.text(itoa::Buffer::new().format(integer))
    }

    /// A JSON string.
    fn string(&mut self, text: &str) -> &mut Self {
        if plain_length(text.as_bytes()) == text.len() {
            self.text("\"").text(text).text("\"")
        } else {
            self.json(text)
        }
    }

    /// What has a JSON form: texts, numbers, raw JSON, and what is made of them.
    #[expect(clippy::expect_used, reason = "nothing else is written")]
    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        serde_json::to_writer(&mut *self.0, value).expect("it has a JSON form");
        self
    }
}

/// Whether the stored form of a session surely has no more than `max_bytes` bytes: quick to tell, for a store that writes none.
/// When it isn't sure, [`encode`] says.
pub(crate) fn surely_fits(session: &Session, max_bytes: usize) -> bool {
    /// More than all members take whose length has a bound: the key, the revision, names and times.
    const ALL_THE_REST: usize = SessionKey::MAX_ENCODED_LENGTH + 2 * MAX_NAME_LENGTH + 512;
    /// Quotes, colon and comma.
    const AROUND: usize = 4;
    let SessionParts {
        data, turn, unknown, ..
    } = &*session.0;
    let unknown: usize = unknown
        .iter()
        // Every letter may have to be escaped.
        .map(|(name, value)| 6 * name.len() + value.json().len() + AROUND)
        .sum();
    let data: usize = data
        .iter()
        .map(|(name, value)| name.as_str().len() + value.json().len() + AROUND)
        .sum();
    let turn = if turn.is_empty() {
        AROUND
    } else {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        turn::write(&mut bytes, turn);
        bytes.len()
    };
    ALL_THE_REST + unknown + data + turn <= max_bytes
}

/// The session whose stored form this is. `key` is the key that it was found under.
///
/// # Errors
/// [`DecodeError`] when it is none, when a newer version wrote it, or when it belongs to another key.
pub fn decode(key: &SessionKey, bytes: &[u8]) -> Result<Session, DecodeError> {
    if let Some(session) = plain::decode(key, bytes) {
        return Ok(session);
    }
    let at_once = serde_json::from_slice::<Record<'_>>(bytes).ok();
    match at_once.and_then(|record| record.into_session(key)) {
        Some(session) => Ok(session),
        // Whatever is wrong, or newer, is looked at member by member, to say what it is.
        None => decode_by_members(key, bytes),
    }
}

fn decode_by_members(key: &SessionKey, bytes: &[u8]) -> Result<Session, DecodeError> {
    let corrupt = |problem: String| DecodeError::Corrupt { problem };
    let mut object: RawObject<'_> = serde_json::from_slice(bytes)
        .map_err(|error| corrupt(format!("it is no JSON object ({})", position_of(&error))))?;
    let schema: u64 = required(&mut object, "schema")?;
    if schema > u64::from(SCHEMA_VERSION) {
        return Err(DecodeError::TooNew { found: schema });
    }
    let stored_key: SessionKey = required(&mut object, "key")?;
    if stored_key != *key {
        return Err(corrupt(format!("it belongs to the key {stored_key}")));
    }
    let flow: Option<FlowName> = optional(&mut object, "flow")?;
    let version: Option<u32> = optional(&mut object, "flow_version")?;
    let step: Option<StepName> = optional(&mut object, "step")?;
    let position = match (flow, step) {
        (Some(flow), Some(step)) => Some(Position {
            flow,
            version: version.unwrap_or(0),
            step,
        }),
        (None, None) => None,
        _ => {
            return Err(corrupt(
                "it has a flow without a step, or a step without a flow".to_owned(),
            ));
        }
    };
    let parts = SessionParts {
        key: stored_key,
        position,
        revision: required(&mut object, "revision")?,
        created_at: required(&mut object, "created_at")?,
        updated_at: required(&mut object, "updated_at")?,
        wake_at: optional(&mut object, "wake_at")?,
        data: required(&mut object, "data")?,
        turn: optional(&mut object, "turn")?,
        unknown: Unknown::default(),
    };
    Ok(Session(Arc::new(SessionParts {
        unknown: object.into_unknown(),
        ..parts
    })))
}

fn required<T: serde::de::DeserializeOwned>(
    object: &mut RawObject<'_>,
    member: &str,
) -> Result<T, DecodeError> {
    match object.take_required(member) {
        Some(value) => value.map_err(|error| member_is_wrong(member, &error)),
        None => Err(DecodeError::Corrupt {
            problem: format!("it has no {member:?}"),
        }),
    }
}

fn optional<T: serde::de::DeserializeOwned + Default>(
    object: &mut RawObject<'_>,
    member: &str,
) -> Result<T, DecodeError> {
    object
        .take(member)
        .map_err(|error| member_is_wrong(member, &error))
}

fn member_is_wrong(member: &str, error: &serde_json::Error) -> DecodeError {
    DecodeError::Corrupt {
        problem: format!("its {member:?} can't be read ({})", position_of(error)),
    }
}

/// Where an error is, without quoting what stands there: records hold people's data.
fn position_of(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{BotId, FieldName, FieldValue, NewSession, SessionChange, Timestamp, UserId};

    fn key() -> SessionKey {
        SessionKey::private(BotId(7), UserId(42))
    }

    fn session() -> Session {
        let position = Position {
            flow: FlowName::constant("order"),
            version: 2,
            step: StepName::constant("city"),
        };
        let change = SessionChange::with_draw(Timestamp::from_millis(1_000), crate::Draw::from_u64(255))
            .go_to(position)
            .set(FieldName::constant("city"), FieldValue::text("Austin \"TX\""))
            .set(
                FieldName::constant("parcel"),
                FieldValue::from_json(r#"{"kg":[1,2.50]}"#.into()).unwrap(),
            )
            .wake_at(Some(Timestamp::from_millis(9)));
        NewSession::new(key(), change).session()
    }

    /// The same with a turn state.
    fn stored_with_turn() -> String {
        let turn = turn::tests::WRITTEN.replace(turn::tests::UNKNOWN, "");
        stored().replacen("\"turn\":{}", &format!("\"turn\":{turn}"), 1)
    }

    fn stored() -> String {
        String::from_utf8(encode(&session(), DEFAULT_MAX_BYTES).unwrap()).unwrap()
    }

    #[test]
    fn the_stored_form_is_readable_and_stays_as_it_is() {
        insta::assert_snapshot!(stored(), @r#"{"schema":1,"key":"7/42/42///main","revision":"000000000000000100000000000000ff","flow":"order","flow_version":2,"step":"city","created_at":1000,"updated_at":1000,"wake_at":9,"data":{"city":"Austin \"TX\"","parcel":{"kg":[1,2.50]}},"turn":{}}"#);
    }

    #[test]
    fn what_is_read_at_once_is_what_is_read_by_members() {
        let good = stored();
        let changed = [
            ("\"schema\":1", "\"schema\":2"),
            ("\"schema\":1,", ""),
            ("\"schema\":1", "\"schema\":\"1\""),
            ("7/42/42", "7/42/43"),
            ("\"flow\":\"order\",", ""),
            ("\"flow\":\"order\"", "\"flow\":null"),
            ("\"step\":\"city\",", ""),
            ("\"flow_version\":2,", ""),
            ("\"flow_version\":2", "\"flow_version\":-2"),
            ("\"wake_at\":9", "\"wake_at\":null"),
            ("\"turn\":{}", "\"turn\":null"),
            (",\"turn\":{}", ""),
            ("\"turn\":{}", "\"turn\":{\"seen\":7}"),
            ("\"turn\":{}", "\"turn\":{\"novelty\":[1]}"),
            ("\"data\":{", "\"data\":{\"city\":\"Dallas\","),
            ("\"data\":{", "\"data\":{\"not a name\":1,"),
            ("\"data\":{", "\"mood\":{\"of\":[]},\"mood\":1,\"data\":{"),
            ("\"created_at\":1000", "\"created_at\":1000,\"created_at\":5"),
            ("\"created_at\"", "\"cre\\u0061ted_at\""),
            ("}}", "}} "),
            ("}}", "}}x"),
            ("}}", "}"),
        ];
        for (from, to) in changed {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from}");
            let tell = |read: Result<Session, DecodeError>| match read {
                Ok(session) => format!(
                    "{:?} {:?}",
                    String::from_utf8(encode(&session, usize::MAX).unwrap()),
                    session.0.unknown
                ),
                Err(error) => error.to_string(),
            };
            let (at_once, by_members) = (
                decode(&key(), text.as_bytes()),
                decode_by_members(&key(), text.as_bytes()),
            );
            assert_eq!(tell(at_once), tell(by_members), "{text}");
        }
    }

    #[test]
    fn what_this_program_writes_is_read_without_a_detour() {
        assert!(plain::decode(&key(), stored().as_bytes()).is_some());
        let full = plain::decode(&key(), stored_with_turn().as_bytes()).unwrap();
        assert_eq!(encode(&full, usize::MAX).unwrap(), stored_with_turn().as_bytes());
        let mut turn = crate::TurnState::default();
        turn.seen
            .remember([crate::InputId::Update(7)], Timestamp::from_millis(-5));
        let bare = SessionChange::new(Timestamp::from_millis(-5)).turn(turn);
        let session = NewSession::new(key(), bare).session();
        let bytes = encode(&session, DEFAULT_MAX_BYTES).unwrap();
        assert_eq!(plain::decode(&key(), &bytes), Some(session));
    }

    #[test]
    fn the_stored_form_gives_the_same_session_back() {
        assert_eq!(decode(&key(), stored().as_bytes()).unwrap(), session());
    }

    proptest! {
        /// Whatever a record became, both ways of reading it say the same.
        #[test]
        fn a_record_of_any_shape_is_read_like_by_members(
            has_turn: bool,
            at in 0..1_500_usize, removed in 0..4_usize, put in "[-\\[\\]{}:, \"\\\\0-9a-z\u{1}é]{0,3}",
        ) {
            let mut text = if has_turn { stored_with_turn() } else { stored() };
            let at = at % (text.len() + 1);
            text.replace_range(at..(at + removed).min(text.len()), &put);
            let by_members = decode_by_members(&key(), text.as_bytes());
            match (plain::decode(&key(), text.as_bytes()), by_members) {
                (Some(session), Ok(expected)) => prop_assert_eq!(
                    (encode(&session, usize::MAX), &session), (encode(&expected, usize::MAX), &expected)
                ),
                (Some(_), Err(error)) => prop_assert!(false, "{text} is read, and {error}"),
                (None, _) => {}
            }
        }

        #[test]
        fn what_surely_fits_does(
            fields in proptest::collection::btree_map("[a-z]{1,64}", ".{0,40}", 0..20),
            scope in "[a-z]{1,32}",
            mood in proptest::option::of(".{1,20}"),
            seen: bool,
        ) {
            let mut change = SessionChange::new(Timestamp::from_millis(i64::MAX)).wake_at(Some(Timestamp::from_millis(i64::MIN)));
            for (name, value) in &fields {
                change = change.set(FieldName::new(name).unwrap(), FieldValue::text(value));
            }
            if seen {
                let mut turn = crate::TurnState::default();
                turn.seen.remember([crate::InputId::Effect("\"\n".repeat(9))], Timestamp::EPOCH);
                change = change.turn(turn);
            }
            let key = key().with_scope(crate::Scope::new(&scope).unwrap());
            let session = NewSession::new(key, change).session();
            let mut bytes = encode(&session, usize::MAX).unwrap();
            if let Some(mood) = mood {
                bytes.pop();
                let member = format!(",{}:[1]}}", serde_json::to_string(&mood).unwrap());
                bytes.extend_from_slice(member.as_bytes());
            }
            let session = decode(session.key(), &bytes).unwrap();
            prop_assert_eq!(&decode_by_members(session.key(), &bytes).unwrap(), &session);
            let length = encode(&session, usize::MAX).unwrap().len();
            prop_assert!(!surely_fits(&session, length - 1));
            prop_assert!(surely_fits(&session, length + 2_000), "it is quick for all that is usual");
        }
    }

    #[test]
    fn members_of_a_newer_version_survive_an_update() {
        let newer = stored().replacen("\"data\"", "\"mood\":{\"of\":[\"day\"]},\"data\"", 1);
        let session = decode(&key(), newer.as_bytes()).unwrap();
        let updated = SessionChange::new(Timestamp::from_millis(2)).apply(&session);
        let bytes = encode(&updated, DEFAULT_MAX_BYTES).unwrap();
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .contains(r#""mood":{"of":["day"]}"#)
        );
    }

    #[test]
    fn a_newer_schema_is_refused_whatever_else_it_has() {
        let error = decode(&key(), br#"{"schema":2,"revision":{"new":"shape"}}"#).unwrap_err();
        insta::assert_snapshot!(error, @"a newer version wrote the record: it has schema 2, and this version reads up to 1");
    }

    #[test]
    fn a_damaged_record_is_told_apart_and_not_quoted() {
        let cases = [
            ("", "no JSON"),
            ("null", "no JSON"),
            ("{}", "no \"schema\""),
            ("{\"schema\":\"secret\"}", "its \"schema\""),
            (&stored()[..stored().len() - 1], "no JSON"),
            (
                &stored().replace("\"step\":\"city\",", ""),
                "a flow without a step",
            ),
            (&stored().replace("Austin", "Aus\u{1}tin"), "no JSON"),
            (
                &stored().replace("7/42/42", "7/42/43"),
                "belongs to the key 7/42/43///main",
            ),
            (&stored().replace("00ff", "00fg"), "its \"revision\""),
        ];
        for (record, expected) in cases {
            let error = decode(&key(), record.as_bytes()).unwrap_err().to_string();
            assert!(
                error.contains(expected),
                "{error:?} does not contain {expected:?}"
            );
            assert!(!error.contains("secret") && !error.contains("Austin"), "{error}");
        }
    }

    #[test]
    fn the_size_limit_is_exact() {
        let length = stored().len();
        assert!(encode(&session(), length).is_ok());
        assert_eq!(encode(&session(), length - 1), Err(length));
    }
}
