//! The audit: from what people did and saw, and from what was bought, to what went wrong. Pure.

mod checker;
mod excuse;
mod labels;
mod summary;

use std::time::Duration;

use serde::Serialize;

pub use checker::{Checker, Fit, Repeat, Sample, Seen, Taken};
pub use excuse::{Disturbance, DisturbanceKind, is_excused, is_trouble_excused, is_unacknowledged};
pub use labels::{BoughtLabel, OrderRecord, check_labels};

use crate::order::Tag;

/// A promise that can be broken. None of them may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A step was left out.
    StepSkipped,
    /// A message came again although nothing was killed and no send had failed.
    StepRepeated,
    /// A message of an earlier step came again, after the conversation had moved on.
    StepReturned,
    /// What was answered was asked again, or an answer is missing.
    AnswerLost,
    /// One answer was taken for two questions.
    AnswerDoubled,
    /// There was no answer.
    Hung,
    /// Somebody else's data was shown or used.
    MixedUp,
    /// The buttons of the current step went away.
    MenuLost,
    /// There is no label for a confirmed purchase, or more than one, or one that nobody asked for, or with wrong data.
    Label,
    /// The bot said what belongs to no step.
    Unexpected,
    /// The bot's process ended by itself, or panicked.
    Crash,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::StepSkipped,
        Self::StepRepeated,
        Self::StepReturned,
        Self::AnswerLost,
        Self::AnswerDoubled,
        Self::Hung,
        Self::MixedUp,
        Self::MenuLost,
        Self::Label,
        Self::Unexpected,
        Self::Crash,
    ];

    /// What the report calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StepSkipped => "steps skipped",
            Self::StepRepeated => "steps repeated",
            Self::StepReturned => "earlier steps that came again",
            Self::AnswerLost => "answers lost",
            Self::AnswerDoubled => "answers doubled",
            Self::Hung => "conversations hung",
            Self::MixedUp => "mixed up between people",
            Self::MenuLost => "buttons lost",
            Self::Label => "labels missing, doubled or wrong",
            Self::Unexpected => "unexpected messages",
            Self::Crash => "processes that ended by themselves",
        }
    }
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// The chat that it happened in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<i64>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<i64>,
    /// The order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Tag>,
    /// When, in milliseconds since the crowd began.
    pub at_ms: u64,
    /// What happened.
    pub what: String,
    /// What was done and seen just before.
    pub before: Vec<String>,
}

/// Milliseconds, for reports.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
