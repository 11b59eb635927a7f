//! What the bot asks of a generation API, whoever implements it.

use std::fmt;

use async_trait::async_trait;

use super::{Credits, GenerationError, ModelFilter, ModelId, ModelSchema, ModelSummary};

/// A generation API: models, what they ask for, what they cost.
///
/// Dropping a future before it ends leaves no trace: all of these only read.
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
}
