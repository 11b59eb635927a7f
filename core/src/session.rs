//! The session: where one person is in a conversation, and what the conversation knows.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::field::FieldValue;
use crate::fields::Fields;
use crate::key::SessionKey;
use crate::name::{FlowName, StepName};
use crate::revision::Revision;
use crate::turn_state::TurnState;
use crate::unknown::Unknown;

/// Where a person is: a step of a version of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The flow.
    pub flow: FlowName,
    /// The flow's version, so that code can migrate what an older one left.
    #[serde(default)]
    pub version: u32,
    /// The step.
    pub step: StepName,
}

/// The document under one key.
///
/// A session that you hold is a snapshot: it doesn't change, and [`SessionStore::update`](crate::SessionStore::update)
/// takes it to say which revision your change is for. It is cheap to clone. Sessions come from stores, and are made by
/// [`NewSession::session`] and [`SessionChange::apply`] only.
#[derive(Clone, PartialEq)]
pub struct Session(pub(crate) Arc<SessionParts>);

#[derive(Clone, PartialEq)]
pub(crate) struct SessionParts {
    pub(crate) key: SessionKey,
    pub(crate) position: Option<Position>,
    pub(crate) data: Fields,
    pub(crate) turn: TurnState,
    pub(crate) revision: Revision,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) unknown: Unknown,
}

impl Session {
    /// Whose session it is.
    pub fn key(&self) -> &SessionKey {
        &self.0.key
    }

    /// Where the person is; `None` is outside of any flow.
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }

    /// The flow, if the person is in one.
    pub fn flow(&self) -> Option<&FlowName> {
        self.position().map(|position| &position.flow)
    }

    /// The step, if the person is in a flow.
    pub fn step(&self) -> Option<&StepName> {
        self.position().map(|position| &position.step)
    }

    /// What the conversation knows.
    pub fn data(&self) -> &Fields {
        &self.0.data
    }

    /// One field.
    pub fn field(&self, name: &str) -> Option<&FieldValue> {
        self.0.data.get(name)
    }

    /// What the turn engine keeps.
    pub fn turn(&self) -> &TurnState {
        &self.0.turn
    }

    /// The revision.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// When it was created.
    pub fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When it was last changed.
    pub fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// When it wants to be woken.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.0.wake_at
    }
}

/// Shows names, never data.
impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SessionParts {
            key,
            position,
            data,
            turn: _,
            revision,
            created_at,
            updated_at,
            wake_at,
            unknown: _,
        } = &*self.0;
        formatter
            .debug_struct("Session")
            .field("key", key)
            .field("revision", revision)
            .field("position", position)
            .field("data", &data.keys().collect::<Vec<_>>())
            .field("created_at", created_at)
            .field("updated_at", updated_at)
            .field("wake_at", wake_at)
            .finish_non_exhaustive()
    }
}

/// A session that is to be created: its key and the change that makes it out of nothing, or a session of another store.
#[derive(Clone, Debug)]
pub struct NewSession(Origin);

#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are changes, and none lives longer than a call"
)]
enum Origin {
    Change(SessionKey, SessionChange),
    Copy(Session),
}

impl NewSession {
    /// What the change makes of a session without position, data and turn state.
    pub fn new(key: SessionKey, change: SessionChange) -> Self {
        Self(Origin::Change(key, change))
    }

    /// A session of another store, exactly as it is: its revision is not drawn anew, so whoever holds it can go on.
    ///
    /// It is for moving sessions from store to store. To bring a session back that was cleared, make a new one: people
    /// may still hold the old one.
    pub fn copy_of(session: Session) -> Self {
        Self(Origin::Copy(session))
    }

    /// The key.
    pub fn key(&self) -> &SessionKey {
        match &self.0 {
            Origin::Change(key, _) => key,
            Origin::Copy(session) => session.key(),
        }
    }

    /// The session as it is stored: with the first revision, by the change's draw, or exactly that of the other store. The
    /// same for every call.
    pub fn session(&self) -> Session {
        match &self.0 {
            Origin::Change(key, change) => first_session(key.clone(), change),
            Origin::Copy(session) => session.clone(),
        }
    }
}

fn first_session(key: SessionKey, change: &SessionChange) -> Session {
    let revision = Revision::first(change.draw());
    let blank = SessionParts {
        key,
        position: None,
        data: Fields::new(),
        turn: TurnState::default(),
        revision,
        created_at: change.at(),
        updated_at: change.at(),
        wake_at: None,
        unknown: Unknown::default(),
    };
    let mut parts = change.apply_to(blank);
    parts.revision = revision;
    Session(Arc::new(parts))
}
