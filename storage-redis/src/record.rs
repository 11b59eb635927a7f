//! A session as Redis keeps it: a header of a fixed length, which scripts compare, and the stored form.

use stepkeep_core::{Revision, Session, Timestamp, document};

/// The header: the revision as 32 digits, then the time of the last update as [`ordered`] has it.
pub(crate) const HEADER_LENGTH: usize = Revision::TEXT_LENGTH + ORDERED_LENGTH;

const ORDERED_LENGTH: usize = 16;

/// Ten minutes. A session's place in the index of last updates is at most this much earlier than its last update, so that
/// most updates leave it alone.
const STRETCH_MILLIS: i64 = 600_000;

/// The value of a session's key.
///
/// # Errors
/// When the stored form has more than `max_bytes` bytes; the error is the number that it has.
pub(crate) fn encode(session: &Session, max_bytes: usize) -> Result<Vec<u8>, usize> {
    /// What a session mostly fits into.
    const USUAL_BYTES: usize = 2 * 1_024;
    let mut record = Vec::with_capacity(USUAL_BYTES);
    record.extend_from_slice(session.revision().to_string().as_bytes());
    record.extend_from_slice(ordered(session.updated_at()).as_bytes());
    document::encode_into(&mut record, session, max_bytes)?;
    Ok(record)
}

/// The stored form in the value of a session's key; what is too short for the header has none.
pub(crate) fn stored_form(record: &[u8]) -> &[u8] {
    record.get(HEADER_LENGTH..).unwrap_or_default()
}

/// A time as 16 hexadecimal digits whose order, as text, is that of the times.
pub(crate) fn ordered(time: Timestamp) -> String {
    // The sign bit is turned, so that times before 1970 come first.
    let bits = time.as_millis().cast_unsigned() ^ (1 << 63);
    format!("{bits:016x}")
}

/// Whether a session that is updated once more keeps its place in the index of last updates.
pub(crate) fn keeps_its_place(last: Timestamp, next: Timestamp) -> bool {
    let stretch = |time: Timestamp| time.as_millis().div_euclid(STRETCH_MILLIS);
    stretch(last) == stretch(next)
}

/// The score of a time in an index, in milliseconds: one for all of a stretch would make a skip list compare names, and
/// put those who come back in the middle of everybody else who did, where nothing is in the processor's caches.
///
/// Scores are floating-point numbers, which know integers of 53 bits: what lies beyond is put at the end, and whoever
/// reads by score compares the session's own time as well.
pub(crate) fn score(time: Timestamp) -> i64 {
    const LIMIT: i64 = 1 << 53;
    time.as_millis().clamp(-LIMIT, LIMIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stepkeep_core::{BotId, NewSession, SessionChange, SessionKey, UserId};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_record_can_be_read_in_the_shell() {
        let key = SessionKey::private(BotId(7), UserId(42));
        let change = SessionChange::with_draw(at(1_700_000_000_000), stepkeep_core::Draw::from_u64(255));
        let record = encode(&NewSession::new(key, change).session(), 1_000).unwrap();
        insta::assert_snapshot!(String::from_utf8(record).unwrap(), @r#"000000000000000100000000000000ff8000018bcfe56800{"schema":1,"key":"7/42/42///main","revision":"000000000000000100000000000000ff","created_at":1700000000000,"updated_at":1700000000000,"data":{},"turn":{}}"#);
    }

    proptest! {
        #[test]
        fn times_as_text_have_the_order_of_times(one: i64, other: i64) {
            prop_assert_eq!(ordered(at(one)).cmp(&ordered(at(other))), one.cmp(&other));
            prop_assert_eq!(ordered(at(one)).len(), ORDERED_LENGTH);
        }

        #[test]
        fn scores_never_turn_the_order_of_times_around(one: i64, other: i64) {
            let (earlier, later) = (at(one.min(other)), at(one.max(other)));
            prop_assert!(score(earlier) <= score(later));
        }
    }
}
