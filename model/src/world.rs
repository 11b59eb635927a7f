//! All there is at one moment.

use crate::scenario::{Scenario, Trouble};
use crate::session::{Id, Ids, Revision, Session};

/// All there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// What the store has.
    pub stored: Session,
    /// Two processes, each of which takes one input of the conversation at a time.
    pub workers: [Worker; 2],
    /// A write that was given up and may still happen.
    pub late: Option<Write>,
    /// Requests to the shipping API whose senders don't wait for them any more.
    pub stray_requests: u8,
    /// How many labels the shipping API sold.
    pub sold: u8,
    /// How many terms of the purchase's lease are over.
    pub call_terms_over: u8,
    /// How many terms of the lease on sending the outcome's replies are over.
    pub send_terms_over: u8,
    /// The updates that Telegram was told to forget.
    pub acknowledged: Ids,
    /// The inputs whose replies Telegram took.
    pub told: Ids,
    /// The places of [`Session::applied`] that a write ever raised: nobody's knowledge but the check's.
    pub committed: [bool; Scenario::MOST_UPDATES],
    /// The troubles that may still come.
    pub trouble: Trouble,
}

/// A conditional write.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Write {
    /// The revision that the writer held.
    pub held: Revision,
    /// The session that it makes.
    pub new: Session,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// The input that it is at.
    pub job: Option<Job>,
    /// The outside call that it makes beside that.
    pub call: Option<Call>,
    /// The inputs whose replies it knows to be sent. Dies with it.
    pub delivered: Ids,
}

/// An input under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Job {
    /// Which.
    pub task: Task,
    /// How far it is.
    pub stage: Stage,
}

/// What a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// The update at this place in the scenario.
    Update(usize),
    /// The outcome of the purchase.
    Outcome,
    /// What a process left undone.
    Recovery,
}

/// How far a job is. Between any two stages anything may happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The write is on its way.
    Write {
        /// The write.
        write: Write,
        /// What for.
        purpose: Purpose,
        /// An earlier attempt may have happened.
        lost: bool,
    },
    /// The answer to the write didn't come.
    ReadBack {
        /// The write.
        write: Write,
        /// What for.
        purpose: Purpose,
    },
    /// The replies are to be sent.
    Send {
        /// To these inputs.
        replies: Ids,
        /// The session as it was committed, where sending is noted in it.
        session: Option<Session>,
    },
    /// The update is to be acknowledged.
    Acknowledge,
}

/// What a write is for, and so what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// To commit a turn, or to take a lease.
    Commit {
        /// The inputs whose replies are to be sent then.
        replies: Ids,
        /// Whether the purchase is to be made then.
        starts_call: bool,
    },
    /// To note that the outcome's replies were sent.
    NoteDelivery,
    /// To write a mark that should have been in the write before: a broken rule.
    Mark(Ids),
}

/// How far an outside call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// The purchase is to be looked up.
    LookUp,
    /// It is to be requested.
    Request,
    /// The request is on its way, or the answer.
    Requested,
    /// No answer came: what became of it is to be looked up.
    LookUpAgain,
    /// The label is there, and its outcome waits for its turn.
    CameBack,
}

impl World {
    /// Before anything happened.
    pub fn new(trouble: Trouble) -> Self {
        Self {
            stored: Session::default(),
            workers: [Worker::default(), Worker::default()],
            late: None,
            stray_requests: 0,
            sold: 0,
            call_terms_over: 0,
            send_terms_over: 0,
            acknowledged: Ids::default(),
            told: Ids::default(),
            committed: [false; Scenario::MOST_UPDATES],
            trouble,
        }
    }

    /// Whether the purchase waits for somebody to take it up.
    pub fn call_is_due(&self) -> bool {
        self.stored.call.is_some_and(|term| term < self.call_terms_over)
    }

    /// Whether replies to the outcome wait for somebody to send them.
    pub fn replies_are_due(&self) -> bool {
        self.stored.outbox.has(Id::OUTCOME) && self.stored.send_term < self.send_terms_over
    }

    /// A draw that nobody has.
    pub(crate) fn draw(&mut self) -> u8 {
        self.draws().into_iter().map(|draw| *draw).max().unwrap_or(0) + 1
    }

    /// Gives the draws new names, in the order in which they are met.
    pub(crate) fn rename_draws(&mut self) {
        let mut names = Vec::new();
        for draw in self.draws() {
            let place = names.iter().position(|name| name == draw).unwrap_or_else(|| {
                names.push(*draw);
                names.len() - 1
            });
            *draw = u8::try_from(place).unwrap_or(u8::MAX);
        }
    }

    fn draws(&mut self) -> Vec<&mut u8> {
        let mut draws = vec![&mut self.stored.revision.draw];
        for worker in &mut self.workers {
            match worker.job.as_mut().map(|job| &mut job.stage) {
                Some(Stage::Write { write, .. } | Stage::ReadBack { write, .. }) => {
                    draws.extend(write.draws());
                }
                Some(Stage::Send {
                    session: Some(session),
                    ..
                }) => draws.push(&mut session.revision.draw),
                _ => {}
            }
        }
        draws.extend(self.late.iter_mut().flat_map(Write::draws));
        draws
    }
}

impl Write {
    fn draws(&mut self) -> [&mut u8; 2] {
        [&mut self.held.draw, &mut self.new.revision.draw]
    }
}
