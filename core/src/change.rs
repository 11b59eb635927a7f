//! The partial update of a session, and the one meaning that every store gives it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::field::FieldValue;
use crate::fields::Fields;
use crate::name::FieldName;
use crate::revision::{Draw, Revision};
use crate::session::{Position, Session, SessionParts};
use crate::turn_state::TurnState;

/// A partial update of a session. What it doesn't name stays.
///
/// It holds the draw of the revision that it makes, so the same change tried again is recognised: a store answers the
/// second try with the session that the first one made, and never with a conflict against itself. Make a new change
/// for every commit.
#[derive(Clone, Debug)]
pub struct SessionChange {
    at: Timestamp,
    draw: Draw,
    position: PartChange<Position>,
    set: Fields,
    unset: BTreeSet<FieldName>,
    turn: Option<TurnState>,
    wake_at: PartChange<Timestamp>,
}

/// What becomes of a part that a session may have or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartChange<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It goes.
    Remove,
    /// It becomes this.
    Set(T),
}

impl<T: Clone> PartChange<T> {
    fn apply(&self, part: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Remove => *part = None,
            Self::Set(value) => *part = Some(value.clone()),
        }
    }
}

impl SessionChange {
    /// A change at this instant that changes nothing yet but the revision and the time of the last update.
    pub fn new(at: Timestamp) -> Self {
        Self::with_draw(at, Draw::random())
    }

    /// The same with a given draw: for tests that need to know the revision.
    pub fn with_draw(at: Timestamp, draw: Draw) -> Self {
        Self {
            at,
            draw,
            position: PartChange::Keep,
            set: Fields::new(),
            unset: BTreeSet::new(),
            turn: None,
            wake_at: PartChange::Keep,
        }
    }

    /// Moves the person to a step.
    #[must_use]
    pub fn go_to(mut self, position: Position) -> Self {
        self.position = PartChange::Set(position);
        self
    }

    /// Takes the person out of any flow.
    #[must_use]
    pub fn leave_flow(mut self) -> Self {
        self.position = PartChange::Remove;
        self
    }

    /// Sets a field.
    #[must_use]
    pub fn set(mut self, name: FieldName, value: FieldValue) -> Self {
        self.unset.remove(&name);
        self.set.insert(name, value);
        self
    }

    /// Removes a field, if there is one.
    #[must_use]
    pub fn unset(mut self, name: FieldName) -> Self {
        self.set.remove(&name);
        self.unset.insert(name);
        self
    }

    /// Replaces the turn state.
    #[must_use]
    pub fn turn(mut self, turn: TurnState) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Sets or removes the wake time.
    #[must_use]
    pub fn wake_at(mut self, at: Option<Timestamp>) -> Self {
        self.wake_at = at.map_or(PartChange::Remove, PartChange::Set);
        self
    }

    /// When the change is made.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What becomes of the position.
    pub fn position(&self) -> &PartChange<Position> {
        &self.position
    }

    /// The fields that it sets.
    pub fn fields_set(&self) -> &Fields {
        &self.set
    }

    /// The fields that it removes.
    pub fn fields_unset(&self) -> &BTreeSet<FieldName> {
        &self.unset
    }

    /// The turn state that it sets, if it sets one.
    pub fn turn_set(&self) -> Option<&TurnState> {
        self.turn.as_ref()
    }

    /// What becomes of the wake time.
    pub fn wake_change(&self) -> &PartChange<Timestamp> {
        &self.wake_at
    }

    pub(crate) fn draw(&self) -> Draw {
        self.draw
    }

    /// The revision that the change makes out of a session of this revision.
    pub fn revision_after(&self, held: Revision) -> Revision {
        held.next(self.draw)
    }

    /// What the change makes of a session. Every store means exactly this by
    /// [`update`](crate::SessionStore::update).
    ///
    /// The time of the last update never goes back, even when the caller's clock does.
    #[must_use]
    pub fn apply(&self, held: &Session) -> Session {
        Session(Arc::new(self.apply_to((*held.0).clone())))
    }

    pub(crate) fn apply_to(&self, mut parts: SessionParts) -> SessionParts {
        // Taken apart, so that a new part of a change can't be forgotten here.
        let Self {
            at,
            draw,
            position,
            set,
            unset,
            turn,
            wake_at,
        } = self;
        position.apply(&mut parts.position);
        for name in unset {
            parts.data.remove(name);
        }
        parts
            .data
            .extend(set.iter().map(|(name, value)| (name.clone(), value.clone())));
        if let Some(turn) = turn {
            parts.turn = turn.clone();
        }
        wake_at.apply(&mut parts.wake_at);
        parts.updated_at = parts.updated_at.max(*at);
        parts.revision = parts.revision.next(*draw);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{BotId, SessionKey, UserId};
    use crate::name::{FlowName, StepName};
    use crate::session::NewSession;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn name(name: &str) -> FieldName {
        FieldName::new(name).unwrap()
    }

    fn position(step: &str) -> Position {
        Position {
            flow: FlowName::constant("order"),
            version: 1,
            step: StepName::new(step).unwrap(),
        }
    }

    fn session() -> Session {
        let key = SessionKey::private(BotId(1), UserId(2));
        let change = SessionChange::new(at(100))
            .go_to(position("city"))
            .set(name("a"), FieldValue::text("1"))
            .set(name("b"), FieldValue::text("2"))
            .wake_at(Some(at(500)));
        NewSession::new(key, change).session()
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let before = session();
        let after = SessionChange::new(at(200)).apply(&before);
        assert_eq!(after.position(), before.position());
        assert_eq!(after.data(), before.data());
        assert_eq!(after.wake_at(), before.wake_at());
        assert_eq!(after.created_at(), at(100));
        assert_eq!(after.updated_at(), at(200));
        assert_eq!(after.revision().number(), 2);
    }

    #[test]
    fn the_last_word_on_a_field_counts() {
        let before = session();
        let after = SessionChange::new(at(200))
            .set(name("a"), FieldValue::text("x"))
            .unset(name("a"))
            .unset(name("b"))
            .set(name("b"), FieldValue::text("3"))
            .apply(&before);
        assert_eq!(after.field("a"), None);
        assert_eq!(after.field("b"), Some(&FieldValue::text("3")));
    }

    #[test]
    fn the_same_change_makes_the_same_session() {
        let before = session();
        let change = SessionChange::new(at(200)).leave_flow().wake_at(None);
        assert_eq!(change.apply(&before), change.apply(&before));
        assert_eq!(
            change.apply(&before).revision(),
            change.revision_after(before.revision())
        );
        assert_eq!(change.apply(&before).position(), None);
        assert_eq!(change.apply(&before).wake_at(), None);
    }

    #[test]
    fn the_time_of_the_last_update_never_goes_back() {
        let after = SessionChange::new(at(50)).apply(&session());
        assert_eq!(after.updated_at(), at(100));
    }
}
