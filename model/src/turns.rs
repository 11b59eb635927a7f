//! What a process makes of an input and of the session that it has read: the engine's part. Pure.

use crate::rules::Rules;
use crate::scenario::{ScenarioUpdate, Update};
use crate::session::{Id, Ids, Revision, Session};
use crate::world::{Purpose, Stage, Write};

/// What a turn is computed from, besides the session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) rules: &'a Rules,
    /// What the process knows to be sent.
    pub(crate) delivered: Ids,
    /// A draw that nobody has.
    pub(crate) draw: u8,
}

impl Circumstances<'_> {
    /// `TurnEngine::handle` for an update.
    pub(crate) fn update(self, session: &Session, update: ScenarioUpdate) -> Stage {
        let id = Id::update(update.place);
        let is_seen = marks(self.rules, update).meets(session.seen);
        if self.rules.looks_for_marks && is_seen {
            let is_unsent = session.outbox.has(id) && !self.delivered.has(id);
            return send_and_then_acknowledge(if is_unsent { Ids::of(id) } else { Ids::default() });
        }
        if update.kind == Update::Buy && session.bought {
            // The button is not offered any more.
            return Stage::Acknowledge;
        }
        let new = self.apply(session, update);
        Stage::Write {
            write: Write {
                held: session.revision,
                new,
            },
            purpose: Purpose::Commit {
                replies: Ids::of(id),
                starts_call: update.kind == Update::Buy,
            },
            lost: false,
        }
    }

    /// `commit::plan`: the session after the turn.
    pub(crate) fn apply(self, session: &Session, update: ScenarioUpdate) -> Session {
        let id = Id::update(update.place);
        let mut new = self.next(session);
        new.applied[update.counts_at] += 1;
        if self.rules.marks_in_the_same_write {
            new.seen.extend(marks(self.rules, update));
        }
        new.outbox.remove_all(self.delivered);
        if self.rules.stores_replies {
            new.outbox.insert(id);
        }
        if update.kind == Update::Buy {
            new.bought = true;
            new.call = Some(0);
        }
        new
    }

    /// `TurnEngine::handle` for the outcome of the purchase; `None` when it is settled already.
    pub(crate) fn outcome(self, session: &Session) -> Option<Stage> {
        let is_settled = session.call.is_none() || session.seen.has(Id::OUTCOME);
        if self.rules.settles_outcomes_once && is_settled {
            return None;
        }
        let mut new = self.next(session);
        new.outcomes += 1;
        new.call = None;
        new.seen.insert(Id::OUTCOME);
        new.outbox.remove_all(self.delivered);
        if self.rules.stores_replies {
            new.outbox.insert(Id::OUTCOME);
        }
        Some(Stage::Write {
            write: Write {
                held: session.revision,
                new,
            },
            purpose: Purpose::Commit {
                replies: Ids::of(Id::OUTCOME),
                starts_call: false,
            },
            lost: false,
        })
    }

    /// `TurnEngine::recover`: takes up what is due.
    pub(crate) fn recovery(self, session: &Session, call_is_due: bool, replies_are_due: bool) -> Stage {
        let mut new = self.next(session);
        let mut replies = Ids::default();
        if self.delivered.has(Id::OUTCOME) {
            new.outbox.remove_all(Ids::of(Id::OUTCOME));
        } else if replies_are_due {
            new.send_term += 1;
            replies.insert(Id::OUTCOME);
        }
        if call_is_due {
            new.call = new.call.map(|term| term + 1);
        }
        Stage::Write {
            write: Write {
                held: session.revision,
                new,
            },
            purpose: Purpose::Commit {
                replies,
                starts_call: call_is_due,
            },
            lost: false,
        }
    }

    /// `TurnEngine::confirm_delivery`: the session without the replies that were sent.
    pub(crate) fn note_delivery(self, session: &Session) -> Stage {
        let mut new = self.next(session);
        new.outbox.remove_all(Ids::of(Id::OUTCOME));
        Stage::Write {
            write: Write {
                held: session.revision,
                new,
            },
            purpose: Purpose::NoteDelivery,
            lost: false,
        }
    }

    /// The second write of a broken protocol, which brings the mark.
    pub(crate) fn mark(self, session: &Session, update: ScenarioUpdate, replies: Ids) -> Stage {
        let mut new = self.next(session);
        new.seen.extend(marks(self.rules, update));
        Stage::Write {
            write: Write {
                held: session.revision,
                new,
            },
            purpose: Purpose::Mark(replies),
            lost: false,
        }
    }

    fn next(self, session: &Session) -> Session {
        Session {
            revision: Revision {
                number: session.revision.number + 1,
                draw: self.draw,
            },
            ..session.clone()
        }
    }
}

/// `Input::marks`.
fn marks(rules: &Rules, update: ScenarioUpdate) -> Ids {
    let mut marks = Ids::of(Id::update(update.place));
    if rules.marks_buttons
        && let Some(button) = Id::button(update.kind)
    {
        marks.insert(button);
    }
    marks
}

/// Nothing to send is sent at once.
pub(crate) fn send_and_then_acknowledge(replies: Ids) -> Stage {
    if replies.is_empty() {
        return Stage::Acknowledge;
    }
    Stage::Send {
        replies,
        session: None,
    }
}
