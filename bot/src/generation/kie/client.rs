//! The client: what of the API the bot asks for, and how its answers are read.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tracing::warn;
use url::Url;

use super::super::{
    Credits, GenerationApi, GenerationError, GenerationErrorKind, ModelFilter, ModelId, ModelSchema,
    ModelSummary, NewFile, NewTask, Operation, ResultFile, Task, TaskFailure, TaskId, TaskState,
};
use super::config::{Deadlines, KieConfig, KieConfigError};
use super::files::{self, LARGEST_UPLOAD};
use super::pace::Lane;
use super::transport::{Answer, Call, Payload, Transport};
use super::wire::{ModelsData, PriceData, SchemaData, WireModel, said};
use super::wire_task::{CreatedData, UploadedData, WireTask};
use crate::http::{Repeatable, Stage};
use crate::money::JsonDecimal;

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

    /// A new address of a result whose old one is dead; `None` when the API has none.
    async fn renewed(&self, address: &str) -> Result<Option<Url>, GenerationError> {
        let operation = Operation::Link;
        let call = Call {
            operation,
            path: &["api", "v1", "common", "download-url"],
            query: &[],
            payload: json(operation, &LinkBody { url: address })?,
            deadline: self.deadlines.request,
            lane: Lane::Others,
            repeatable: Repeatable::Always,
        };
        match self.within_deadline(&call).await {
            Ok(answer) => Ok(address_of(answer.read()?)),
            Err(error)
                if matches!(
                    error.kind(),
                    GenerationErrorKind::InvalidInput | GenerationErrorKind::NotFound
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
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
            payload: Payload::Nothing,
            deadline: self.deadlines.request,
            lane,
            repeatable: Repeatable::Always,
        };
        self.within_deadline(&call).await
    }

    async fn within_deadline(&self, call: &Call<'_>) -> Result<Answer, GenerationError> {
        timeout(self.deadlines.call, self.transport.call(call))
            .await
            .unwrap_or_else(|_| {
                let kind = GenerationErrorKind::Timeout;
                Err(GenerationError::at(kind, call.operation, Stage::Lost, ""))
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

    async fn turn_to_create(&self) {
        self.transport.admit().await;
    }

    async fn create(&self, task: &NewTask) -> Result<TaskId, GenerationError> {
        let NewTask {
            model,
            input,
            call_back,
        } = task;
        let body = CreateBody {
            model,
            input,
            call_back_url: call_back.as_ref(),
        };
        let call = Call {
            operation: Operation::Create,
            path: &["api", "v1", "jobs", "createTask"],
            query: &[],
            payload: json(Operation::Create, &body)?,
            deadline: self.deadlines.create,
            lane: Lane::Creates,
            repeatable: Repeatable::OnlyIfNotDone,
        };
        let answer = self.transport.call(&call).await?;
        // The task is there: without its id nobody can say which one.
        let CreatedData { task_id } = answer.read().map_err(GenerationError::or_unclear)?;
        Ok(task_id)
    }

    async fn task(&self, task: &TaskId) -> Result<Task, GenerationError> {
        let path = ["api", "v1", "jobs", "recordInfo"];
        let query = [("taskId", task.as_str())];
        let answer = match self.read(Operation::Task, Lane::Tasks, &path, &query).await {
            Ok(answer) => answer,
            // The code of the envelope is that of the task.
            Err(error) if error.kind() == GenerationErrorKind::Failed => {
                let code = error.code().map(|code| code.to_string()).unwrap_or_default();
                return Ok(Task {
                    id: task.clone(),
                    state: TaskState::Failed,
                    results: Vec::new(),
                    credits: None,
                    failure: Some(TaskFailure::new(code, error.message())),
                });
            }
            Err(error) => return Err(error),
        };
        let wire: Option<WireTask> = answer.read()?;
        let wire =
            wire.ok_or_else(|| GenerationError::new(GenerationErrorKind::NotYet, Operation::Task, ""))?;
        Ok(wire.into_task(task.clone()))
    }

    async fn upload(&self, file: NewFile) -> Result<String, GenerationError> {
        let operation = Operation::Upload;
        if file.bytes.len() > LARGEST_UPLOAD {
            return Err(GenerationError::new(GenerationErrorKind::TooLarge, operation, ""));
        }
        let call = Call {
            operation,
            path: &["api", "file-stream-upload"],
            query: &[],
            payload: Payload::File {
                name: &files::unique_name(&file),
                file: &file,
            },
            deadline: self.deadlines.transfer,
            lane: Lane::Uploads,
            // Under the same name it takes the place of what is there.
            repeatable: Repeatable::Always,
        };
        let answer = self.transport.call(&call).await?;
        let UploadedData { download_url } = answer.read()?;
        if address_of(&download_url).is_none() {
            let message = "the file's address is no address";
            let kind = GenerationErrorKind::Malformed;
            return Err(GenerationError::at(kind, operation, Stage::Garbled, message));
        }
        Ok(download_url)
    }

    async fn download(&self, address: &str, largest: u64) -> Result<ResultFile, GenerationError> {
        let Some(url) = address_of(address) else {
            let kind = GenerationErrorKind::InvalidInput;
            let message = "that is no address of the web";
            return Err(GenerationError::new(kind, Operation::Download, message));
        };
        let transfer = self.deadlines.transfer;
        match self.transport.get_file(&url, largest, transfer).await {
            Err(error) if error.kind() == GenerationErrorKind::NotFound => {
                let Some(fresh) = self.renewed(address).await? else {
                    return Err(error);
                };
                self.transport.get_file(&fresh, largest, transfer).await
            }
            done => done,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CreateBody<'a> {
    model: &'a ModelId,
    input: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_back_url: Option<&'a Url>,
}

#[derive(Debug, Serialize)]
struct LinkBody<'a> {
    url: &'a str,
}

fn json(operation: Operation, body: &impl Serialize) -> Result<Payload<'static>, GenerationError> {
    let body = serde_json::to_vec(body).map_err(|error| {
        let kind = GenerationErrorKind::InvalidInput;
        GenerationError::new(kind, operation, "it can't be written as JSON").with_source(error)
    })?;
    Ok(Payload::Json(body.into()))
}

/// The address that `text` is, if it is one of the web.
fn address_of(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}
