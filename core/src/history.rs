//! The way that a person came, and the way back.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::change::{PartChange, SessionChange};
use crate::field::FieldValue;
use crate::name::FieldName;
use crate::session::{Position, Session};
use crate::turn_state::{HistoryEntry, TurnState};

/// How many steps back a person can go.
pub const MAX_HISTORY: usize = 40;

/// One step back: where the person was before, and the fields that step had, as they were.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBack {
    /// Where the person was.
    pub position: Option<Position>,
    /// The fields that changed since: their earlier values, `None` where there was none.
    pub fields: BTreeMap<FieldName, Option<FieldValue>>,
}

impl StepBack {
    /// The way back from where a session is; `None` when there is none.
    pub fn of(session: &Session) -> Option<Self> {
        let HistoryEntry { position, fields } = session.turn().history.last()?.clone();
        Some(Self { position, fields })
    }

    /// Adds the way back to a change: the position and the fields. The turn state's history is the caller's.
    #[must_use]
    pub fn apply_to(&self, change: SessionChange) -> SessionChange {
        let change = match &self.position {
            Some(position) => change.go_to(position.clone()),
            None => change.leave_flow(),
        };
        self.fields
            .iter()
            .fold(change, |change, (name, value)| match value {
                Some(value) => change.set(name.clone(), value.clone()),
                None => change.unset(name.clone()),
            })
    }
}

impl TurnState {
    /// Takes the last step off the history: it was gone back to.
    pub fn forget_last_step(&mut self) {
        Arc::make_mut(&mut self.history).pop();
    }

    /// Remembers what a change leaves behind, when it moves the person to another step.
    ///
    /// A step that the person comes to again is not on the way back twice: the loop is cut out.
    pub fn remember_step(&mut self, session: &Session, change: &SessionChange) {
        let PartChange::Set(next) = change.position() else {
            return;
        };
        if session.position() == Some(next) {
            return;
        }
        if let Some(index) = self
            .history
            .iter()
            .position(|entry| entry.position.as_ref() == Some(next))
        {
            Arc::make_mut(&mut self.history).truncate(index);
            return;
        }
        let changed = change.fields_set().keys().chain(change.fields_unset());
        let fields = changed
            .map(|name| (name.clone(), session.data().get(name).cloned()))
            .collect();
        let history = Arc::make_mut(&mut self.history);
        history.push(HistoryEntry {
            position: session.position().cloned(),
            fields,
        });
        let surplus = history.len().saturating_sub(MAX_HISTORY);
        history.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BotId, FlowName, NewSession, SessionKey, StepName, Timestamp, UserId};

    fn position(step: &'static str) -> Position {
        Position {
            flow: FlowName::constant("order"),
            version: 1,
            step: StepName::constant(step),
        }
    }

    fn change() -> SessionChange {
        SessionChange::new(Timestamp::from_millis(1))
    }

    fn moved(session: &Session, change: SessionChange) -> Session {
        let mut turn = session.turn().clone();
        turn.remember_step(session, &change);
        change.turn(turn).apply(session)
    }

    #[test]
    fn a_step_back_brings_the_data_that_the_step_had() {
        let city = FieldName::constant("city");
        let key = SessionKey::private(BotId(1), UserId(2));
        let start = change()
            .go_to(position("city"))
            .set(city.clone(), FieldValue::text("old"));
        let session = NewSession::new(key, start).session();
        let session = moved(
            &session,
            change()
                .go_to(position("zip"))
                .set(city.clone(), FieldValue::text("new"))
                .set(FieldName::constant("state"), FieldValue::text("TX")),
        );
        let back = StepBack::of(&session).unwrap();
        let session = back.apply_to(change()).apply(&session);
        assert_eq!(session.position(), Some(&position("city")));
        assert_eq!(session.field("city"), Some(&FieldValue::text("old")));
        assert_eq!(session.field("state"), None);
    }

    #[test]
    fn a_loop_is_not_walked_back_through() {
        let key = SessionKey::private(BotId(1), UserId(2));
        let mut session = NewSession::new(key, change().go_to(position("a"))).session();
        for step in ["b", "summary", "b", "summary", "a", "b", "summary"] {
            session = moved(&session, change().go_to(position(step)));
        }
        let way: Vec<_> = session
            .turn()
            .history
            .iter()
            .map(|entry| entry.position.clone().unwrap().step)
            .collect();
        assert_eq!(way, [StepName::constant("a"), StepName::constant("b")]);
    }
}
