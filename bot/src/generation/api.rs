//! What the bot asks of a generation API, whoever implements it.

use std::fmt;

use async_trait::async_trait;

use super::{
    Credits, GenerationError, ModelFilter, ModelId, ModelSchema, ModelSummary, NewFile, NewTask, ResultFile,
    Task, TaskId,
};

/// A generation API: models, what they ask for, what they cost; tasks, and what comes of them.
///
/// Dropping a future before it ends leaves no trace, but for [`create`](Self::create).
#[async_trait]
pub trait GenerationApi: fmt::Debug + Send + Sync {
    /// The models that `filter` lets through, in the API's order.
    ///
    /// # Errors
    ///
    /// Of every kind that a read can have: Unauthorized, `UsageLimit`, `RateLimited`, Maintenance, Unavailable, Timeout,
    /// Malformed.
    async fn models(&self, filter: &ModelFilter) -> Result<Vec<ModelSummary>, GenerationError>;

    /// What a model's input is made of; `None` when the API doesn't describe it.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such model; `Unaskable` when its input can't be asked for in a chat, with the reason in
    /// [`GenerationError::unaskable`]; else as for [`models`](Self::models).
    async fn schema(&self, model: &ModelId) -> Result<Option<ModelSchema>, GenerationError>;

    /// What a model costs, in the API's own words; `None` when it doesn't say.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such model; else as for [`models`](Self::models).
    async fn price(&self, model: &ModelId) -> Result<Option<String>, GenerationError>;

    /// What is left on the account.
    ///
    /// # Errors
    ///
    /// As for [`models`](Self::models).
    async fn credits(&self) -> Result<Credits, GenerationError>;

    /// Waits until the API takes one task more, as far as this process knows: right after it, [`create`](Self::create) sends
    /// its request at once. So a caller can note that it is about to be sent when it really is.
    async fn turn_to_create(&self) {}

    /// Asks for something to be made, which costs money once it is. Answers as soon as the API has taken the task.
    ///
    /// It is sent at most once: again only after an answer that surely made no task of it ("too many requests", no
    /// connection). Waiting for its turn has no bound of its own; the caller may drop the future. One that is dropped
    /// after the request was sent leaves it unclear whether the task exists, as after the kind `Unclear`.
    ///
    /// # Errors
    ///
    /// `Unclear` when it isn't known whether the task exists, and so whether it is paid for: it must not be asked for again
    /// unseen. After every other kind there is no task: `InvalidInput`, `InsufficientCredits`, `Unauthorized`,
    /// `UsageLimit`, `NotFound` or `Disabled` (the model), `Failed`, `RateLimited`, `Maintenance`, `Unavailable` (no
    /// connection).
    async fn create(&self, task: &NewTask) -> Result<TaskId, GenerationError>;

    /// How a task stands. A state that has no name here counts as still running.
    ///
    /// # Errors
    ///
    /// `NotYet` when the API doesn't know the task: right after its creation that passes within a minute or two, later it
    /// stays so. Else as for [`models`](Self::models). That the task failed is no error but its state.
    async fn task(&self, task: &TaskId) -> Result<Task, GenerationError>;

    /// Hands in a file, and answers with the address that a task's input names it by. The API keeps it for a day. It may
    /// be handed in again: it costs nothing.
    ///
    /// # Errors
    ///
    /// `TooLarge` when the API takes no file of that size; else as for [`models`](Self::models), and `InvalidInput`.
    async fn upload(&self, file: NewFile) -> Result<String, GenerationError>;

    /// What stands at an address of [`Task::results`], of at most `largest` bytes. When the address is no longer good, the
    /// API is asked for a new one.
    ///
    /// # Errors
    ///
    /// `TooLarge` when it is larger; `NotFound` when it is gone for good; `InvalidInput` when it isn't an address of the
    /// web; else as for [`models`](Self::models).
    async fn download(&self, address: &str, largest: u64) -> Result<ResultFile, GenerationError>;
}
