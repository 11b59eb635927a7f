//! The client: what of the API the bot asks for, and how its answers are read.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::time::timeout;
use tracing::warn;
use url::Url;

use super::super::{
    Credits, GenerationApi, GenerationError, GenerationErrorKind, ModelFilter, ModelId, ModelSchema,
    ModelSummary, NewFile, NewTask, Operation, ResultFile, Task, TaskId,
};
use super::pace::{Lane, Pace};
use super::retry::RetryPolicy;
use super::transport::{Answer, Call, Transport};
use super::wire::{ModelsData, PriceData, SchemaData, WireModel, said};
use crate::http::{Repeatable, Stage};
use crate::money::JsonDecimal;
use crate::observation::Observers;

/// How to reach the API.
///
/// The debug form leaves out the key.
#[derive(Debug, Clone)]
pub struct KieConfig {
    /// The address of the API.
    pub base_url: Url,
    /// The key, sent as a bearer's token.
    pub api_key: SecretString,
    /// What the client calls itself.
    pub user_agent: String,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How often, and after which pauses, calls are sent again.
    pub retry: RetryPolicy,
    /// How fast calls may follow each other.
    pub pace: Pace,
    /// Who is told of the requests.
    pub observers: Observers,
}

impl KieConfig {
    /// The address of KIE.
    pub const DEFAULT_BASE_URL: &str = "https://api.kie.ai";

    /// The usual settings for the API at `base_url` with `api_key`.
    pub fn new(base_url: Url, api_key: SecretString) -> Self {
        Self {
            base_url,
            api_key,
            user_agent: concat!("stepkeep/", env!("CARGO_PKG_VERSION")).to_owned(),
            deadlines: Deadlines::default(),
            retry: RetryPolicy::default(),
            pace: Pace::default(),
            observers: Observers::default(),
        }
    }
}

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until there is a connection.
    pub connect: Duration,
    /// One attempt of a read, the answer included.
    pub request: Duration,
    /// A read with all its attempts and pauses, and with the wait for its turn.
    pub call: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(20),
            call: Duration::from_mins(1),
        }
    }
}

/// Why a client can't be made of its settings. Its text holds neither key nor address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KieConfigError {
    /// The address isn't a plain web address.
    #[error("the KIE API's address must be http:// or https://, without user, password, query or fragment")]
    Address,
    /// The key can't be sent.
    #[error("the KIE API's key is empty, or has characters that no header can carry")]
    Key,
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up")]
    Http(#[source] reqwest::Error),
}

/// A client of KIE's API. Cheap to share behind an `Arc`; one for an account, since its calls keep the account's pace.
pub struct KieClient {
    transport: Transport,
    deadlines: Deadlines,
}

impl fmt::Debug for KieClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KieClient")
            .field("transport", &self.transport)
            .field("deadlines", &self.deadlines)
            .finish()
    }
}

impl KieClient {
    /// A client with these settings. It doesn't connect yet.
    ///
    /// # Errors
    ///
    /// [`KieConfigError`] when address or key can't be used.
    pub fn new(config: KieConfig) -> Result<Self, KieConfigError> {
        let deadlines = config.deadlines;
        Ok(Self {
            transport: Transport::new(config)?,
            deadlines,
        })
    }

    /// Reads, with all attempts inside one deadline.
    async fn read(
        &self,
        operation: Operation,
        lane: Lane,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, GenerationError> {
        let call = Call {
            operation,
            path,
            query,
            deadline: self.deadlines.request,
            lane,
            repeatable: Repeatable::Always,
        };
        timeout(self.deadlines.call, self.transport.call(&call))
            .await
            .unwrap_or_else(|_| {
                let kind = GenerationErrorKind::Timeout;
                Err(GenerationError::at(kind, operation, Stage::Lost, ""))
            })
    }

    /// Reads something about one model.
    async fn of_model(
        &self,
        operation: Operation,
        model: &ModelId,
        what: &str,
    ) -> Result<Answer, GenerationError> {
        let mut path = vec!["api", "v1", "models"];
        path.extend(model.as_str().split('/'));
        path.push(what);
        self.read(operation, Lane::Catalogue, &path, &[]).await
    }
}

#[async_trait]
impl GenerationApi for KieClient {
    async fn models(&self, filter: &ModelFilter) -> Result<Vec<ModelSummary>, GenerationError> {
        let ModelFilter {
            task_type,
            provider,
            query,
        } = filter;
        let query: Vec<_> = [("taskType", task_type), ("provider", provider), ("q", query)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect();
        let path = ["api", "v1", "models"];
        let answer = self
            .read(Operation::Models, Lane::Catalogue, &path, &query)
            .await?;
        let ModelsData { models } = answer.read()?;
        let understood = models
            .iter()
            .filter_map(|raw| match serde_json::from_str::<WireModel>(raw.get()) {
                Ok(model) => Some(model.into()),
                Err(error) => {
                    warn!(%error, "a model of the catalogue can't be understood; left out");
                    None
                }
            });
        Ok(understood.collect())
    }

    async fn schema(&self, model: &ModelId) -> Result<Option<ModelSchema>, GenerationError> {
        let answer = self.of_model(Operation::Schema, model, "schema").await?;
        let SchemaData { openapi } = answer.read()?;
        openapi
            .map(|document| ModelSchema::of_openapi(&document))
            .transpose()
            .map_err(|reason| GenerationError::of_unaskable(Operation::Schema, reason))
    }

    async fn price(&self, model: &ModelId) -> Result<Option<String>, GenerationError> {
        let answer = self.of_model(Operation::Price, model, "price").await?;
        let PriceData { pricing_desc } = answer.read()?;
        Ok(said(pricing_desc))
    }

    async fn credits(&self) -> Result<Credits, GenerationError> {
        let path = ["api", "v1", "chat", "credit"];
        let answer = self.read(Operation::Credits, Lane::Others, &path, &[]).await?;
        let JsonDecimal(credits) = answer.read()?;
        Ok(Credits(credits))
    }

    async fn create(&self, _: &NewTask) -> Result<TaskId, GenerationError> {
        Err(later(Operation::Create))
    }

    async fn task(&self, _: &TaskId) -> Result<Task, GenerationError> {
        Err(later(Operation::Task))
    }

    async fn upload(&self, _: NewFile) -> Result<String, GenerationError> {
        Err(later(Operation::Upload))
    }

    async fn download(&self, _: &str, _: u64) -> Result<ResultFile, GenerationError> {
        Err(later(Operation::Download))
    }
}

/// What the client can't do yet.
fn later(operation: Operation) -> GenerationError {
    GenerationError::new(GenerationErrorKind::Disabled, operation, "")
}
