//! Flows: dialogues as pure functions from a session and an event to a turn.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::change::PartChange;
use crate::clock::Timestamp;
use crate::field::FieldValue;
use crate::fields::Fields;
use crate::history::StepBack;
use crate::idle::{IdlePolicy, IdleStage};
use crate::input::FileInput;
use crate::name::{FieldName, FlowName, StepName};
use crate::reply::Reply;
use crate::session::Session;
use crate::turn_state::Timer;

/// A dialogue. It does no I/O, and knows no time and no randomness but what the context hands it, so that a turn that
/// has to be computed again (another process was faster) comes out right.
pub trait Flow: fmt::Debug + Send + Sync + 'static {
    /// Its name, as it stands in sessions: never change it.
    fn name(&self) -> FlowName;

    /// Its version. Raise it when sessions of the older one need [`Flow::migrate`].
    fn version(&self) -> u32;

    /// The turn that begins it.
    ///
    /// # Errors
    /// [`FlowError`] when it can't begin.
    fn enter(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError>;

    /// The turn that answers an event in one of its steps, or the outcome of an effect of its own at any time.
    ///
    /// # Errors
    /// [`FlowError`] when it can't answer: the session stays as it was.
    fn turn(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError>;

    /// The turn that shows the step that the session is in again: after the person chose another language, say. It
    /// stays in the step.
    ///
    /// # Errors
    /// [`FlowError`] when it can't.
    fn resume(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError>;

    /// Whether it has this step. A session in a step that it doesn't have is answered by [`Flow::turn`] all the same,
    /// which leads the person to a step that there is; operators are told how many there are before they deploy.
    fn has_step(&self, step: &StepName) -> bool {
        let _ = step;
        true
    }

    /// What becomes of a person who stops answering in this step; `None` waits for ever. While an effect is under way
    /// nobody counts as idle.
    fn idle(&self, step: &StepName) -> Option<IdlePolicy> {
        let _ = step;
        None
    }

    /// The turn that reminds a person who stopped answering. It stays in the step.
    ///
    /// # Errors
    /// [`FlowError`] when it can't.
    fn remind(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        self.resume(context)
    }

    /// The turn that closes the conversation of a person who stopped answering. It leaves the flow.
    ///
    /// # Errors
    /// [`FlowError`] when it can't.
    fn close(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let _ = context;
        Ok(Turn {
            next: Next::Leave,
            ..Turn::default()
        })
    }

    /// The step that a session of an older version goes to, with what changes in its data; `None` when the session is
    /// right as it is.
    ///
    /// # Errors
    /// [`FlowError`] when it can't be migrated.
    fn migrate(&self, session: &Session, from_version: u32) -> Result<Option<Migration>, FlowError> {
        let _ = (session, from_version);
        Ok(None)
    }
}

/// The flow that people are in when they are in no other: the main menu, and what is the same everywhere.
pub trait Home: Flow {
    /// The first look at every event: `Some` takes it, whatever flow the person is in (`/start`, `/cancel`, `/help`).
    ///
    /// # Errors
    /// As [`Flow::turn`].
    fn interrupt(&self, context: &TurnContext<'_>) -> Result<Option<Turn>, FlowError>;

    /// What a person hears whose session this version can't go on with.
    fn lost(&self, context: &TurnContext<'_>, lost: Lost) -> Turn;

    /// What a person hears when a turn failed.
    fn failed(&self, context: &TurnContext<'_>, error: &FlowError) -> Turn;

    /// What a person hears who presses a button that is no longer offered.
    fn outdated_tap(&self, context: &TurnContext<'_>) -> String;

    /// What a person hears who presses a button that was offered to somebody else, in a group.
    fn foreign_tap(&self, context: &TurnContext<'_>) -> String;
}

/// Why this version can't go on with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It doesn't know the flow. The person is taken to the main menu.
    UnknownFlow,
    /// A newer version wrote it. It is left as it is, for the newer version to go on with.
    NewerVersion,
}

/// What a migration changes in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The step that it goes to.
    pub step: StepName,
    /// Fields to set.
    pub set: Fields,
    /// Fields to remove.
    pub unset: BTreeSet<FieldName>,
}

/// What happened, as a flow sees it: a tap has been checked and turned into an action that the flow offered.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The flow begins.
    Entered,
    /// A text.
    Text(String),
    /// A command.
    Command {
        /// Its name, without the slash, in lower case.
        name: String,
        /// What follows it.
        arguments: String,
    },
    /// A button that the session's last menu offers.
    Action(String),
    /// A file.
    File(FileInput),
    /// Something that no flow reads. The word names it.
    Other(String),
    /// Something that happened and was dealt with elsewhere already: a payment, say. It only has to be told.
    Happened {
        /// What.
        name: String,
        /// All that is told of it.
        details: FieldValue,
    },
    /// The person can't be reached any more. Flows never see it: the conversation ends without a word.
    ChatGone,
    /// The person stopped answering. Flows are asked by [`Flow::remind`] and [`Flow::close`].
    Idle(IdleStage),
    /// A timer that the flow set came due.
    TimerFired {
        /// Its name.
        name: String,
    },
    /// An effect that the flow asked for came back.
    EffectFinished {
        /// Its name.
        name: String,
        /// What it was asked for with.
        payload: FieldValue,
        /// What it brought.
        outcome: FieldValue,
    },
}

/// All that a turn is computed from.
#[derive(Clone, Debug)]
pub struct TurnContext<'a> {
    /// The session; a blank one when there is none yet.
    pub session: &'a Session,
    /// What happened.
    pub event: Event,
    /// When.
    pub now: Timestamp,
    /// The person's language as their client tells it.
    pub language: Option<&'a str>,
    /// The message whose button was pressed.
    pub tapped_message: Option<i64>,
    /// A text that no other turn has: for ids.
    pub token: &'a str,
}

impl TurnContext<'_> {
    /// The step back from here; `None` at the first one.
    pub fn step_back(&self) -> Option<StepBack> {
        StepBack::of(self.session)
    }

    /// The same context with another event.
    #[must_use]
    pub fn with_event(&self, event: Event) -> Self {
        Self {
            event,
            ..self.clone()
        }
    }
}

/// The outcome of one event: what changes, what is said, what is asked of the outside world. It is committed by one
/// store write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// Where the person goes.
    pub next: Next,
    /// Fields to set.
    pub set: Fields,
    /// Fields to remove.
    pub unset: BTreeSet<FieldName>,
    /// What is said, in order. The buttons of all of them together are what the person may press from now on.
    pub replies: Vec<Reply>,
    /// The short answer to a tap. A tap is answered in any case.
    pub tap_answer: Option<String>,
    /// Outside calls.
    pub effects: Vec<EffectRequest>,
    /// What becomes of the flow's timer.
    pub timer: PartChange<Timer>,
    /// A failure that the flow dealt with, to be kept for operators.
    pub error: Option<FlowError>,
}

/// Where a turn takes the person.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Next {
    /// Nowhere.
    #[default]
    Stay,
    /// Nowhere, and the step is shown again.
    Resume,
    /// To a step of the same flow.
    Step(StepName),
    /// One step back, with the data that it had.
    Back(StepBack),
    /// Into another flow, from its beginning. The data of this one goes.
    Enter(FlowName),
    /// Out of any flow. The data of this one goes.
    Leave,
}

/// An outside call that a turn asks for. It is committed with the turn, runs outside of it, and comes back as
/// [`Event::EffectFinished`], also when the process dies in between.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectRequest {
    /// What to do.
    pub name: String,
    /// With what.
    pub payload: FieldValue,
    /// How long a process has before another takes it up; longer than the call's own deadline.
    pub lease: Duration,
    /// Whether it goes on when the person leaves the flow.
    pub outlives_flow: bool,
}

/// A turn that could not be computed, or a failure that a flow dealt with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct FlowError {
    /// A stable word for what kind of failure it is.
    pub kind: String,
    /// What happened: no data about the person.
    pub message: String,
}

impl FlowError {
    /// A failure of this kind.
    pub fn new(kind: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            kind: kind.into(),
            message: message.to_string(),
        }
    }
}

impl Turn {
    /// A turn that only says something.
    pub fn say(reply: Reply) -> Self {
        Self::default().and_say(reply)
    }

    /// A turn that goes to a step.
    pub fn go(step: StepName) -> Self {
        Self {
            next: Next::Step(step),
            ..Self::default()
        }
    }

    /// A turn that goes a step back.
    pub fn back(step_back: StepBack) -> Self {
        Self {
            next: Next::Back(step_back),
            ..Self::default()
        }
    }

    /// A turn that goes into another flow.
    pub fn enter(flow: FlowName) -> Self {
        Self {
            next: Next::Enter(flow),
            ..Self::default()
        }
    }

    /// The same, and says something more.
    #[must_use]
    pub fn and_say(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    /// The same, and sets a field.
    #[must_use]
    pub fn and_set(mut self, name: FieldName, value: FieldValue) -> Self {
        self.unset.remove(&name);
        self.set.insert(name, value);
        self
    }

    /// The same, and removes a field.
    #[must_use]
    pub fn and_unset(mut self, name: FieldName) -> Self {
        self.set.remove(&name);
        self.unset.insert(name);
        self
    }

    /// The same, and asks for an outside call.
    #[must_use]
    pub fn and_ask(mut self, effect: EffectRequest) -> Self {
        self.effects.push(effect);
        self
    }

    /// The same, with a failure to be kept for operators.
    #[must_use]
    pub fn and_record(mut self, error: FlowError) -> Self {
        self.error = Some(error);
        self
    }

    /// The data as the turn leaves it: for the prompt of the next step.
    pub fn data_after(&self, session: &Session) -> Fields {
        let mut data = session.data().clone();
        if let Next::Back(back) = &self.next {
            for (name, value) in &back.fields {
                match value {
                    Some(value) => data.insert(name.clone(), value.clone()),
                    None => data.remove(name),
                };
            }
        }
        for name in &self.unset {
            data.remove(name);
        }
        data.extend(self.set.clone());
        data
    }

    /// Whether it leaves the session as it is, so that there is nothing to store.
    pub(crate) fn changes_nothing(&self) -> bool {
        let Self {
            next,
            set,
            unset,
            replies,
            tap_answer: _,
            effects,
            timer,
            error,
        } = self;
        *next == Next::Stay
            && set.is_empty()
            && unset.is_empty()
            && effects.is_empty()
            && *timer == PartChange::Keep
            && error.is_none()
            && replies.iter().all(|reply| match reply {
                // Made out again, it would be another one, that can be paid as well.
                Reply::Invoice(_) => false,
                reply => reply.message().is_none_or(|message| message.buttons.is_empty()),
            })
    }
}
