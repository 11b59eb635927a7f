//! The events.

use std::fmt;
use std::time::Duration;

use stepkeep_core::{FlowName, Flows, InputKind, Session, SessionKey, StepName};

use crate::dead_letters::Reason;
use crate::generation;
use crate::shipping;
use crate::telegram::{Method, Origin};

/// An update came.
#[derive(Clone, Copy, Debug)]
pub struct UpdateCame {
    /// Its id.
    pub update_id: i64,
    /// What brought it.
    pub origin: Origin,
    /// What it is, as a stable word: `text`, `command`, `tap`, `file`, `other`, `payment` for a conversation's; `ignored`,
    /// `tap_without_chat`, `chat_moved`, `checkout`, `unreadable` else.
    pub kind: &'static str,
    /// Which attempt of this process it is, from 1.
    pub attempt: u32,
}

/// The word for an input's kind.
pub(crate) fn kind_of(input: &InputKind) -> &'static str {
    match input {
        InputKind::Text(_) => "text",
        InputKind::Command { .. } => "command",
        InputKind::Tap(_) => "tap",
        InputKind::File(_) => "file",
        _ => "other",
    }
}

/// An update was not listened to.
#[derive(Clone, Copy, Debug)]
pub struct UpdateRefused<'a> {
    /// Its id.
    pub update_id: i64,
    /// Whose it is.
    pub key: &'a SessionKey,
    /// Why.
    pub refusal: Refusal,
}

/// Why an update was not listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It came in a flood, and is gone.
    Flood,
    /// Too many of the conversation wait, or the process stops: it comes again.
    Busy,
}

impl Refusal {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Busy => "busy",
        }
    }
}

/// A turn ended.
#[derive(Clone, Copy, Debug)]
pub struct TurnFinished<'a> {
    /// Whose.
    pub key: &'a SessionKey,
    /// What it answered.
    pub cause: Cause,
    /// Where the person is now, or was when it failed; `None` when that isn't known.
    pub place: Option<&'a Place>,
    /// How it ended, as a stable word.
    pub outcome: &'static str,
    /// How long it took, from the read to the last reply.
    pub duration: Duration,
    /// How long the person waited, from when their update came to the last reply; `None` when nothing was said to anybody who
    /// waited.
    pub latency: Option<Duration>,
    /// What went wrong, if anything did.
    pub failure: Option<Failure<'a>>,
}

/// What a turn answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A person's update.
    Update {
        /// Its id.
        id: i64,
        /// What brought it.
        origin: Origin,
    },
    /// An outside call came back.
    Effect,
    /// A timer fired.
    Timer,
}

/// What went wrong in a turn.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// Its kind as a stable word.
    pub kind: &'a str,
    /// What happened, for operators. It quotes nobody.
    pub message: &'a str,
    /// The step in which it happened, where the turn led away from it.
    pub step: Option<&'a StepName>,
}

/// Where in the dialogues a person is. The names are those of flows and steps that this version has, so there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In no flow.
    Home,
    /// In a step of a flow.
    Step(FlowName, StepName),
    /// Somewhere that this version doesn't know.
    Unknown,
}

impl Place {
    /// Where a session is.
    pub fn of(session: &Session, flows: &Flows) -> Self {
        use stepkeep_core::Fit;
        match (flows.fit(session), session.position()) {
            (Fit::Known, Some(at)) => Self::Step(at.flow.clone(), at.step.clone()),
            (Fit::Home, _) => Self::Home,
            _ => Self::Unknown,
        }
    }

    /// The flow's name; `home` in no flow, `unknown` if there is none such.
    pub fn flow(&self) -> &str {
        match self {
            Self::Home => "home",
            Self::Step(flow, _) => flow.as_str(),
            Self::Unknown => "unknown",
        }
    }

    /// The step's name; `none` in no flow, `unknown` if there is none such.
    pub fn step(&self) -> &str {
        match self {
            Self::Home => "none",
            Self::Step(_, step) => step.as_str(),
            Self::Unknown => "unknown",
        }
    }
}

/// A turn runs once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunAgain {
    /// Another writer was faster.
    Conflict,
    /// The store failed.
    Store,
}

impl RunAgain {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Store => "store",
        }
    }
}

/// An effect went on.
#[derive(Clone, Copy, Debug)]
pub struct EffectChanged<'a> {
    /// Whose.
    pub key: &'a SessionKey,
    /// The flow that asked for it.
    pub flow: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What became of it.
    pub state: EffectState,
    /// How long it ran; zero when it starts.
    pub duration: Duration,
}

/// What became of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EffectState {
    /// It was started for the first time.
    Started,
    /// It was started again, since a process died or the outcome was unclear.
    Recovered,
    /// It came back with an outcome.
    Finished,
    /// Its outcome is unclear; it is taken up later.
    Later,
    /// It was taken up too often, and is given up.
    GivenUp,
}

impl EffectState {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Recovered => "recovered",
            Self::Finished => "finished",
            Self::Later => "later",
            Self::GivenUp => "given_up",
        }
    }
}

/// A timer fired.
#[derive(Clone, Copy, Debug)]
pub struct TimerFired<'a> {
    /// Whose.
    pub key: &'a SessionKey,
    /// Which kind.
    pub kind: TimerKind,
    /// How long after its time.
    pub late: Duration,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerKind {
    /// A flow's own.
    Flow,
    /// To remind a person who stopped answering.
    Remind,
    /// To close the conversation of a person who stopped answering.
    Close,
}

impl TimerKind {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Remind => "remind",
            Self::Close => "close",
        }
    }
}

/// An update became a dead letter.
#[derive(Clone, Copy, Debug)]
pub struct LetterPutAside<'a> {
    /// The letter's id.
    pub id: i64,
    /// Whose it is, if it could be read.
    pub key: Option<&'a SessionKey>,
    /// Why.
    pub reason: Reason,
}

/// One request to an outside API ended.
#[derive(Clone, Copy, Debug)]
pub struct OutsideCallFinished<'a> {
    /// Which API.
    pub api: Api,
    /// What was asked of it.
    pub operation: &'a OperationName,
    /// How it ended, as a stable word: `ok`, or the kind of the error.
    pub outcome: &'static str,
    /// The HTTP status, where it is known and not 200.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// How much of it the other side may have waited because we asked it to.
    pub held_back: Duration,
}

/// An API outside of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// Telegram's Bot API.
    Telegram,
    /// The shipping API.
    Shipping,
    /// The generation API.
    Generation,
}

impl Api {
    /// A stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Shipping => "shipping",
            Self::Generation => "generation",
        }
    }
}

/// The name of an API's operation: a constant in the program's text, so there are few. Shown with a small first letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationName(&'static str);

impl OperationName {
    /// The operation of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

impl From<Method> for OperationName {
    fn from(method: Method) -> Self {
        Self(method.name())
    }
}

impl From<shipping::Operation> for OperationName {
    fn from(operation: shipping::Operation) -> Self {
        Self(operation.as_str())
    }
}

impl From<generation::Operation> for OperationName {
    fn from(operation: generation::Operation) -> Self {
        Self(operation.as_str())
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        if let Some(first) = letters.next() {
            write!(f, "{}{}", first.to_ascii_lowercase(), letters.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
