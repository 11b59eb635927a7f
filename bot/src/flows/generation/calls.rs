//! The outside calls that the dialogue asks for, as they are stored in the session: whoever runs them and the flow agree on
//! these types.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{EffectRequest, FlowError, MediaKind, Timestamp, UserId};

pub use super::answer::SentFile;
pub use super::place::Answers;
use crate::flows::parts::request;
use crate::generation::{GenerationErrorSummary, ModelId, ModelSchema, TaskFailure, TaskId, TaskState};
use crate::money::Money;

/// Asks for the list of models, so that it is at hand. Payload: nothing; outcome: [`CallOutcome`] of nothing.
pub const FETCH_MODELS: &str = "fetch_models";
/// Asks what a model's input is made of. Payload: [`ModelId`]; outcome: [`CallOutcome`] of [`ModelSchema`], if it has one
/// that can be asked for.
pub const FETCH_MODEL: &str = "fetch_model";
/// Asks what the person has, so that it is at hand. Payload: [`UserId`]; outcome: nothing.
pub const LOOK_UP_ACCOUNT: &str = "look_up_account";
/// Reserves the price, and has a generation begun. Payload: [`Job`]; outcome: [`SubmitOutcome`].
pub const SUBMIT: &str = "submit_generation";
/// Looks for a while what becomes of a generation, and settles its charge. Payload: [`Watched`]; outcome: [`WatchOutcome`].
pub const WATCH: &str = "watch_generation";
/// Looks for a while whether it became known if a generation was begun. Payload: [`Unclear`]; outcome: [`LookOutcome`].
pub const LOOK_INTO: &str = "look_into_generation";
/// Stops a generation that wasn't handed in yet. Payload: [`Job`]; outcome: [`CancelOutcome`].
pub const CANCEL_JOB: &str = "cancel_generation";

const READ_LEASE: Duration = Duration::from_secs(30);
/// Long enough for a task to be created. Its turn at the API may come later; then it is asked for anew.
const SUBMIT_LEASE: Duration = Duration::from_secs(75);
/// How much longer each file may take to be carried over.
const FILE_LEASE: Duration = Duration::from_secs(30);
/// More than this a process that died must not cost the person.
const LONGEST_SUBMIT_LEASE: Duration = Duration::from_mins(5);
/// How long a process looks at a time; a process that died costs the person this much at most.
const WATCH_LEASE: Duration = Duration::from_secs(30);

/// A generation that a person wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What no other generation is called: the id of its charge.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// With which model.
    pub model: ModelId,
    /// What people call the model.
    pub title: String,
    /// What the person agreed to pay.
    pub price: Money,
    /// The message that tells how far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<i64>,
    /// The answers, with files in the place of their addresses.
    #[serde(default, skip_serializing_if = "Answers::is_empty")]
    pub input: Answers,
}

impl Job {
    /// The same without the answers, which nobody needs once it was handed in.
    pub(super) fn handed_in(self) -> Self {
        Self {
            input: Answers::new(),
            ..self
        }
    }
}

/// A generation that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// What was wanted.
    pub job: Job,
    /// What the API calls it.
    pub task: TaskId,
    /// When it was begun.
    pub since: Timestamp,
    /// When the person was told last how far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Timestamp>,
}

/// A generation of which it isn't known whether it was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unclear {
    /// What was wanted.
    pub job: Job,
    /// Since when it isn't known.
    pub since: Timestamp,
}

/// What a read brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome<T> {
    /// What was asked for.
    Done(T),
    /// Why not.
    Failed(GenerationErrorSummary),
}

/// What [`FETCH_MODEL`] brings; nothing for a model that can't be asked for, or that isn't there any more.
pub type ModelOutcome = CallOutcome<Option<ModelSchema>>;

/// What [`SUBMIT`] brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmitOutcome {
    /// It was begun.
    Submitted {
        /// What the API calls it.
        task: TaskId,
        /// When.
        at: Timestamp,
    },
    /// Others are before it at the API. The money is reserved.
    Waiting {
        /// The answers, in which addresses have taken the place of files.
        input: Answers,
    },
    /// The person hasn't enough money.
    Short {
        /// How much is missing.
        missing: Money,
        /// How much there is.
        available: Money,
    },
    /// The person has as many open ones as one may have.
    TooManyOpen {
        /// How many.
        most: usize,
    },
    /// The person asked for the same a moment ago.
    Duplicate {
        /// Whether that one is done already.
        is_done: bool,
    },
    /// It was stopped before it was handed in.
    Cancelled,
    /// It was refused, and costs nothing.
    Failed(GenerationErrorSummary),
    /// A file that the person sent can't be got any more, and it costs nothing.
    FileGone,
    /// It isn't known whether it was begun. The money is held.
    Unclear {
        /// Since when.
        since: Timestamp,
    },
}

/// What [`WATCH`] brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchOutcome {
    /// It goes on.
    Running {
        /// How far it is.
        state: TaskState,
        /// When that was seen.
        at: Timestamp,
    },
    /// It is done, and was charged.
    Done(Finished),
    /// It failed, and costs nothing.
    Failed(TaskFailure),
    /// It took longer than any does, and costs nothing.
    Overdue,
}

/// A generation that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// What it brought.
    pub files: Vec<ResultSource>,
    /// What was charged.
    pub charged: Money,
    /// Whether the charge was only for show.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dry_run: bool,
    /// Whether nothing was charged, since its money had been given back before it was done after all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_present: bool,
    /// What the person has left, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Money>,
    /// When it was seen to be done.
    pub at: Timestamp,
}

/// A file that a generation brought: where whoever sends it gets it from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultSource {
    /// The source.
    pub source: String,
    /// The name that the person sees.
    pub file_name: String,
    /// How it is shown; as a plain file without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaKind>,
}

/// What [`LOOK_INTO`] brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookOutcome {
    /// It was begun after all.
    Found {
        /// What the API calls it.
        task: TaskId,
        /// When that became known.
        at: Timestamp,
    },
    /// Nobody knows yet.
    Unknown,
    /// Nobody will know; the money is free again.
    Released,
}

/// What [`CANCEL_JOB`] brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// It was stopped, and costs nothing.
    Stopped,
    /// It was handed in already.
    TooLate,
}

pub(super) fn fetch_models() -> Result<EffectRequest, FlowError> {
    request(FETCH_MODELS, &(), READ_LEASE, false)
}

pub(super) fn fetch_model(model: &ModelId) -> Result<EffectRequest, FlowError> {
    request(FETCH_MODEL, model, READ_LEASE, false)
}

pub(super) fn look_up_account(user: UserId) -> Result<EffectRequest, FlowError> {
    request(LOOK_UP_ACCOUNT, &user, READ_LEASE, false)
}

pub(super) fn submit(job: &Job) -> Result<EffectRequest, FlowError> {
    let files = job.input.values().map(SentFile::count_in).sum();
    let lease = SUBMIT_LEASE + FILE_LEASE.saturating_mul(files);
    request(SUBMIT, job, lease.min(LONGEST_SUBMIT_LEASE), true)
}

pub(super) fn watch(watched: &Watched) -> Result<EffectRequest, FlowError> {
    request(WATCH, watched, WATCH_LEASE, true)
}

pub(super) fn look_into(unclear: &Unclear) -> Result<EffectRequest, FlowError> {
    request(LOOK_INTO, unclear, WATCH_LEASE, true)
}

pub(super) fn cancel_job(job: &Job) -> Result<EffectRequest, FlowError> {
    request(CANCEL_JOB, job, READ_LEASE, true)
}
