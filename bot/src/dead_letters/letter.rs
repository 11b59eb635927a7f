//! One update that was put aside, and its stored form.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use stepkeep_core::{FieldName, FieldValue, Session, SessionChange, SessionKey, Timestamp};

/// The most of an update that is kept, in bytes: Telegram's are far smaller, and a session holds 256 KiB.
const MAX_RAW_LENGTH: usize = 128 * 1024;

/// The longest description of an error that is kept, in characters.
const MAX_ERROR_LENGTH: usize = 300;

static LETTER: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("letter"));

/// What tells one letter from every other of its bot: the update's id, or a number made of the text of an update that
/// has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LetterId(pub i64);

impl LetterId {
    /// The id of a letter whose update has none. The same text has the same id.
    pub fn of_text(raw: &str) -> Self {
        let hash = raw.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        // Below every id of an update, which are 32 bits wide.
        Self(-1 - i64::from_ne_bytes((hash >> 1).to_ne_bytes()))
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LetterId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Why an update was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is not what the Bot API promises.
    Unreadable,
    /// Handling it panicked, each time.
    Panicked,
    /// Others changed the session each time while the turn was computed.
    Contention,
    /// The store can't keep what came of it, or can't read the session.
    Store,
}

impl Reason {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
            Self::Contention => "contention",
            Self::Store => "store",
        }
    }
}

/// An update that was put aside. Its `Debug` doesn't show what the person wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What tells it from every other.
    pub id: LetterId,
    /// Why it was put aside.
    pub reason: Reason,
    /// What happened at the last attempt, shortened.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was put aside.
    pub at: Timestamp,
    /// Whose conversation it belongs to, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SessionKey>,
    /// The update as it came; cut off if it is longer than any update.
    pub raw: String,
}

impl DeadLetter {
    /// A letter of an update.
    pub fn new(id: LetterId, reason: Reason, error: &str, raw: &str, at: Timestamp) -> Self {
        let mut end = raw.len().min(MAX_RAW_LENGTH);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            id,
            reason,
            error: error.chars().take(MAX_ERROR_LENGTH).collect(),
            attempts: 1,
            at,
            key: None,
            raw: raw[..end].to_owned(),
        }
    }

    /// The same, after so many attempts.
    #[must_use]
    pub fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The same, of this conversation.
    #[must_use]
    pub fn of_conversation(mut self, key: SessionKey) -> Self {
        self.key = Some(key);
        self
    }

    /// The letter of a stored record; `None` when it can't be read.
    pub(super) fn of(session: &Session) -> Option<Self> {
        session.field(LETTER.as_str())?.get().ok()
    }

    pub(super) fn to_change(&self, now: Timestamp) -> SessionChange {
        let value = FieldValue::new(self).unwrap_or_else(|_| FieldValue::text(&self.raw));
        wake_change(now, None).set(LETTER.clone(), value)
    }
}

/// Sets when a letter is to be replayed, and nothing else.
pub(super) fn wake_change(now: Timestamp, at: Option<Timestamp>) -> SessionChange {
    SessionChange::new(now).wake_at(at)
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("reason", &self.reason)
            .field("error", &self.error)
            .field("attempts", &self.attempts)
            .field("at", &self.at)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_without_an_id_has_one_that_no_update_has() {
        let id = LetterId::of_text("{]");
        assert!(id.0 < 0);
        assert_eq!(id, LetterId::of_text("{]"));
        assert_ne!(id, LetterId::of_text("{}"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn what_a_person_wrote_is_not_shown_by_debug_and_is_cut_to_what_fits() {
        let raw = "ж".repeat(MAX_RAW_LENGTH);
        let letter = DeadLetter::new(LetterId(1), Reason::Unreadable, "no", &raw, Timestamp::EPOCH);
        assert!(letter.raw.len() <= MAX_RAW_LENGTH);
        assert!(!format!("{letter:?}").contains('ж'));
    }
}
