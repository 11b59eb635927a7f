//! The calls of AI generations: the price is reserved, the task handed in once, looked after until it ends, and charged only
//! for success.

mod handing_in;
mod input;
mod inspector;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepkeep_core::cache::CacheError;
use stepkeep_core::{Clock, FieldValue, PendingEffect, UserId};
use url::Url;

use super::{EffectResult, Effects};
use crate::catalogue::{AccountCatalogue, ModelCatalogue};
use crate::flows::generation::calls::{
    CANCEL_JOB, CallOutcome, FETCH_MODEL, FETCH_MODELS, LOOK_INTO, LOOK_UP_ACCOUNT, ModelOutcome, SUBMIT,
    WATCH,
};
use crate::generation::{
    GenerationApi, GenerationError, GenerationErrorKind, GenerationErrorSummary, ModelId, Operation,
    TaskHints,
};
use crate::ledger::{Ledger, LedgerError, OperatorNotices};
pub use input::{FileTrouble, SentFiles};
pub use inspector::GenerationInspector;

/// What a source of a generation's file begins with; the task's id and the file's number follow.
pub const RESULT_SOURCE: &str = "generation:";

/// How generations are looked after.
#[derive(Debug, Clone)]
pub struct GenerationCare {
    /// How long the money of a generation is held of which nobody knows whether it was begun.
    pub hold: Duration,
    /// After how long a generation that still isn't done is given up.
    pub overdue: Duration,
}

impl Default for GenerationCare {
    fn default() -> Self {
        Self {
            hold: Duration::from_mins(15),
            overdue: Duration::from_hours(1),
        }
    }
}

/// Makes the calls of AI generations.
#[derive(Debug)]
pub struct GenerationEffects {
    api: Arc<dyn GenerationApi>,
    models: ModelCatalogue,
    accounts: AccountCatalogue,
    ledger: Ledger,
    files: Arc<dyn SentFiles>,
    clock: Arc<dyn Clock>,
    care: GenerationCare,
    callbacks: Option<Callbacks>,
    notices: Option<Arc<dyn OperatorNotices>>,
}

/// How the API tells by itself that a task has ended.
#[derive(Debug, Clone)]
pub struct Callbacks {
    /// Where it calls.
    pub url: Url,
    /// What was heard from it.
    pub hints: TaskHints,
}

impl GenerationEffects {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 7] = [
        FETCH_MODELS,
        FETCH_MODEL,
        LOOK_UP_ACCOUNT,
        SUBMIT,
        WATCH,
        LOOK_INTO,
        CANCEL_JOB,
    ];

    /// Makes them with this API, asks these catalogues what models there are and what people have, charges this ledger, and gets
    /// the files that people sent from there.
    pub fn new(
        api: Arc<dyn GenerationApi>,
        models: ModelCatalogue,
        accounts: AccountCatalogue,
        ledger: Ledger,
        files: Arc<dyn SentFiles>,
        clock: Arc<dyn Clock>,
        care: GenerationCare,
    ) -> Self {
        Self {
            api,
            models,
            accounts,
            ledger,
            files,
            clock,
            care,
            callbacks: None,
            notices: None,
        }
    }

    /// The same, and the API is asked to call when a task has ended.
    #[must_use]
    pub fn with_callbacks(self, callbacks: Callbacks) -> Self {
        let callbacks = Some(callbacks);
        Self { callbacks, ..self }
    }

    /// The same, and operators hear of generations of which it isn't known whether they were begun.
    #[must_use]
    pub fn with_notices(self, notices: Arc<dyn OperatorNotices>) -> Self {
        let notices = Some(notices);
        Self { notices, ..self }
    }

    async fn fetch_models(&self) -> EffectResult {
        finished(&match self.models.models().await {
            Ok(_) => CallOutcome::Done(()),
            Err(error) => CallOutcome::Failed(told(&error)),
        })
    }

    async fn look_up_account(&self, user: UserId) -> EffectResult {
        if let Err(error) = self.accounts.account(user).await {
            tracing::warn!(%error, "a balance can't be looked up");
        }
        finished(&())
    }

    async fn fetch_model(&self, model: &ModelId) -> EffectResult {
        let outcome: ModelOutcome = match self.models.schema(model).await {
            Ok(schema) => CallOutcome::Done(schema.map(|schema| (*schema.value).clone())),
            Err(CacheError::Failed(error)) if error.kind() == GenerationErrorKind::Unaskable => {
                CallOutcome::Done(None)
            }
            Err(error) => CallOutcome::Failed(told(&error)),
        };
        finished(&outcome)
    }
}

#[async_trait]
impl Effects for GenerationEffects {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        let result = match effect.name.as_str() {
            FETCH_MODELS => Some(self.fetch_models().await),
            FETCH_MODEL => match payload(effect) {
                Some(model) => Some(self.fetch_model(&model).await),
                None => None,
            },
            LOOK_UP_ACCOUNT => match payload(effect) {
                Some(user) => Some(self.look_up_account(user).await),
                None => None,
            },
            SUBMIT => match payload(effect) {
                Some(job) => Some(self.submit(&job).await),
                None => None,
            },
            WATCH => match payload(effect) {
                Some(watched) => Some(self.watch(&watched).await),
                None => None,
            },
            LOOK_INTO => match payload(effect) {
                Some(unclear) => Some(self.look_into(&unclear).await),
                None => None,
            },
            CANCEL_JOB => match payload(effect) {
                Some(job) => Some(self.cancel(&job).await),
                None => None,
            },
            _ => None,
        };
        result.unwrap_or_else(|| {
            tracing::error!(
                effect = effect.name,
                id = effect.id,
                "this version can't make a stored call"
            );
            EffectResult::Later
        })
    }

    /// What moves money is never given up: its outcome is known one day.
    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        let operation = match effect.name.as_str() {
            FETCH_MODELS => Operation::Models,
            FETCH_MODEL => Operation::Schema,
            LOOK_UP_ACCOUNT => return FieldValue::new(&()).ok(),
            _ => return None,
        };
        let error = GenerationError::new(
            GenerationErrorKind::Unavailable,
            operation,
            "there was no answer, however often it was asked",
        );
        FieldValue::new(&CallOutcome::<()>::Failed(error.summary())).ok()
    }
}

fn payload<T: DeserializeOwned>(effect: &PendingEffect) -> Option<T> {
    effect.payload.get().ok()
}

fn finished<T: Serialize>(outcome: &T) -> EffectResult {
    match FieldValue::new(outcome) {
        Ok(value) => EffectResult::Finished(value),
        Err(error) => {
            tracing::error!(%error, "an outcome can't be stored");
            EffectResult::Later
        }
    }
}

/// A read's failure, as the flow hears of it.
fn told(error: &CacheError<GenerationError>) -> GenerationErrorSummary {
    match error {
        CacheError::Failed(error) => summary(error),
        _ => GenerationErrorSummary {
            kind: GenerationErrorKind::Timeout,
            message: String::new(),
            request_id: None,
        },
    }
}

fn summary(error: &GenerationError) -> GenerationErrorSummary {
    tracing::warn!(
        kind = error.kind().as_str(),
        operation = error.operation().as_str(),
        code = error.code(),
        request_id = error.request_id(),
        status = error.status(),
        "the generation API failed"
    );
    error.summary()
}

/// The ledger couldn't be asked: whatever it was, it is done once it can be.
fn later(error: &LedgerError) -> EffectResult {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the ledger can't be asked; the call is taken up later"
    );
    EffectResult::Later
}
