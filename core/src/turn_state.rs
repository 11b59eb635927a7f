//! The part of a session that the turn engine keeps: what was seen, what is to be sent, what is under way.
//!
//! It lives in the session's one record, so it can't tear from the data that it belongs to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::document;
use crate::field::{FieldValue, MemberName};
use crate::flow::FlowError;
use crate::idle::IdleTimer;
use crate::input::InputId;
use crate::key::ChatId;
use crate::name::{FieldName, FlowName};
use crate::reply::Reply;
use crate::seen::Seen;
use crate::session::{Position, Session};
use crate::unknown::Unknown;

/// What the turn engine keeps in a session. Empty for people who don't use the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnState {
    /// The inputs that were applied lately.
    pub seen: Seen,
    /// Replies that were committed with their inputs, newest last.
    pub outbox: Vec<OutboxEntry>,
    /// The buttons that the person may press now.
    pub menu: Option<Menu>,
    /// The outside calls that are under way.
    pub effects: Vec<PendingEffect>,
    /// When the flow wants to be woken.
    pub timer: Option<Timer>,
    /// When it counts that nothing happened.
    pub idle: Option<IdleTimer>,
    /// The steps that the person came through, newest last.
    pub history: Arc<Vec<HistoryEntry>>,
    /// The last turn that failed.
    pub last_error: Option<RecordedError>,
    /// The person's language as their client told it last: an effect that comes back has no client.
    pub language: Option<String>,
    /// The session is in this chat now, and nothing else is left of it here ([`relocate`](crate::TurnEngine::relocate)):
    /// what was on its way to it is handled there.
    pub moved_to: Option<ChatId>,
    pub(crate) unknown: Unknown,
}

impl TurnState {
    /// Whether there is nothing in it, as of somebody who doesn't use the engine.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            seen,
            outbox,
            menu,
            effects,
            timer,
            idle,
            history,
            last_error,
            language,
            moved_to,
            unknown,
        } = self;
        seen.is_empty()
            && outbox.is_empty()
            && menu.is_none()
            && effects.is_empty()
            && timer.is_none()
            && idle.is_none()
            && history.is_empty()
            && last_error.is_none()
            && language.is_none()
            && moved_to.is_none()
            && unknown.is_empty()
    }

    /// When the session wants to be woken: for its timer, or for what a process that died left undone.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let effects = self.effects.iter().map(|effect| effect.recover_at);
        let replies = self.outbox.iter().filter_map(|entry| entry.recover_at);
        effects
            .chain(replies)
            .chain(self.timer.as_ref().map(|timer| timer.at))
            .chain(self.idle.map(|timer| timer.at))
            .min()
    }
}

/// Replies that one input's turn committed. They are sent after the commit, and again when the input is redelivered
/// because the process died before it could acknowledge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The input.
    pub input: InputId,
    /// When the turn began, or when a process took the right to send the replies after that
    /// ([`claim_replies`](crate::TurnEngine::claim_replies)).
    pub at: Timestamp,
    /// What to send, in order.
    pub replies: Arc<[Reply]>,
    /// When any process may send them, since the one that committed them seems dead. An update needs none: it is
    /// redelivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_at: Option<Timestamp>,
}

/// The buttons that a turn offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// What tells this menu from every other of the session.
    pub token: String,
    /// The actions that it offers; a button carries the token and the index.
    pub actions: Vec<String>,
}

/// An outside call that a turn asked for and that has not come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingEffect {
    /// Unique for ever: the idempotency key of the call.
    pub id: String,
    /// The flow that asked for it, and that gets the outcome.
    pub flow: FlowName,
    /// What to do.
    pub name: String,
    /// With what.
    pub payload: FieldValue,
    /// Whether it goes on when the person leaves the flow: what was paid for must come to an end.
    #[serde(default)]
    pub outlives_flow: bool,
    /// How often a process took it up before.
    #[serde(default)]
    pub recoveries: u32,
    /// How long a process has, in milliseconds, before another may take it up.
    pub lease_millis: u64,
    /// When the turn asked for it.
    pub requested_at: Timestamp,
    /// When any process may take it up, since the one that asked for it seems dead.
    pub recover_at: Timestamp,
}

/// When a flow wants to be woken, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// What for.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// A timer that is late by more than this many milliseconds, since no process was there, is dropped; without it, it
    /// fires however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_after_millis: Option<u64>,
}

impl Timer {
    /// A timer that fires however late it is.
    pub fn new(name: impl Into<String>, at: Timestamp) -> Self {
        Self {
            name: name.into(),
            at,
            skip_after_millis: None,
        }
    }

    /// The same, and it is dropped when it is late by more than this.
    #[must_use]
    pub fn skip_after(mut self, lateness: Duration) -> Self {
        self.skip_after_millis = u64::try_from(lateness.as_millis()).ok();
        self
    }

    /// Whether it is too late for it.
    pub(crate) fn is_too_late(&self, now: Timestamp) -> bool {
        self.skip_after_millis
            .is_some_and(|millis| now.since(self.at) > Duration::from_millis(millis))
    }
}

/// A step that the person left, with the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Where the person was; `None` is outside of any flow.
    pub position: Option<Position>,
    /// The fields that changed on leaving it, as they were; `None` for one that did not exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<FieldName, Option<FieldValue>>,
}

/// A turn that failed, as it is kept for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedError {
    /// A stable word for what kind of failure it was.
    pub kind: String,
    /// What happened, shortened.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// Who was answered.
    pub user: crate::key::UserId,
    /// Where.
    pub chat: ChatId,
    /// In which step, if in any.
    pub step: Option<crate::name::StepName>,
}

impl RecordedError {
    /// The longest message that is kept, in characters.
    pub const MAX_MESSAGE_LENGTH: usize = 300;

    /// A failure in a session, at this instant.
    pub fn of(session: &Session, error: &FlowError, at: Timestamp) -> Self {
        Self {
            kind: error.kind.clone(),
            message: error.message.chars().take(Self::MAX_MESSAGE_LENGTH).collect(),
            at,
            user: session.key().user(),
            chat: session.key().chat(),
            step: session.step().cloned(),
        }
    }
}

/// Works with `serde_json`'s own serialisers only, as raw values do.
impl Serialize for TurnState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Vec::new();
        document::write_turn(&mut json, self);
        let raw: &RawValue = serde_json::from_slice(&json).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Works with `serde_json`'s own deserialisers only, as raw values do. Of a member that is there twice, the last counts.
impl<'de> Deserialize<'de> for TurnState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TurnStateVisitor)
    }
}

struct TurnStateVisitor;

impl<'de> Visitor<'de> for TurnStateVisitor {
    type Value = TurnState;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TurnState, A::Error> {
        let mut state = TurnState::default();
        let mut unknown = Vec::new();
        while let Some(MemberName(name)) = map.next_key()? {
            match &*name {
                "seen" => state.seen = map.next_value()?,
                "outbox" => state.outbox = map.next_value()?,
                "menu" => state.menu = map.next_value()?,
                "effects" => state.effects = map.next_value()?,
                "timer" => state.timer = map.next_value()?,
                "idle" => state.idle = map.next_value()?,
                "history" => state.history = map.next_value()?,
                "last_error" => state.last_error = map.next_value()?,
                "language" => state.language = map.next_value()?,
                "moved_to" => state.moved_to = map.next_value()?,
                _ => {
                    unknown.push((name.into_owned(), map.next_value()?));
                }
            }
        }
        state.unknown = unknown.into_iter().collect();
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_version_wrote_survives() {
        let json = r#"{"seen":"@29931034 u7","menu":{"token":"t","actions":["a"]},"novelty":{"x":[1,2]}}"#;
        let state: TurnState = serde_json::from_str(json).unwrap();
        assert!(state.seen.contains(&InputId::Update(7)));
        assert_eq!(serde_json::to_string(&state).unwrap(), json);
    }

    #[test]
    fn the_wake_time_is_the_earliest_of_all() {
        let at = Timestamp::from_millis;
        let mut state = TurnState::default();
        assert_eq!(state.wake_at(), None);
        state.timer = Some(Timer::new("reminder", at(9)));
        state.idle = Some(IdleTimer {
            stage: crate::idle::IdleStage::Remind,
            at: at(7),
        });
        assert_eq!(state.wake_at(), Some(at(7)));
        state.effects.push(PendingEffect {
            id: "e1".into(),
            flow: FlowName::constant("order"),
            name: "rates".into(),
            payload: FieldValue::text(""),
            outlives_flow: false,
            recoveries: 0,
            lease_millis: 4,
            requested_at: at(1),
            recover_at: at(5),
        });
        assert_eq!(state.wake_at(), Some(at(5)));
    }
}
