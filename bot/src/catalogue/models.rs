//! The models of the generation API, and what each asks for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepkeep_core::Clock;
use stepkeep_core::cache::{
    CacheConfig, CacheError, CacheKey, CacheStatistics, Cached, Loaded, ReadThroughCache, SecondLevel, Source,
};

use crate::flows::generation::ModelsAtHand;
use crate::generation::{
    GenerationApi, GenerationError, GenerationErrorKind, ModelFilter, ModelId, ModelSchema, ModelSummary,
};

/// The list of models and the schemas of their inputs, as they were in the last minutes. Clones share them.
#[derive(Debug, Clone)]
pub struct ModelCatalogue {
    list: ReadThroughCache<(), List>,
    /// Those that can't be asked for, as far as it is known: nobody is offered them.
    unaskable: Arc<Mutex<BTreeSet<ModelId>>>,
    schemas: ReadThroughCache<ModelId, Schemas>,
}

impl ModelCatalogue {
    /// A catalogue of what this API answers, kept by these settings.
    pub fn new(
        api: &Arc<dyn GenerationApi>,
        list: CacheConfig,
        schemas: CacheConfig,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let unaskable = Arc::default();
        let of_list = List(Arc::clone(api));
        let of_schemas = Schemas {
            api: Arc::clone(api),
            unaskable: Arc::clone(&unaskable),
        };
        Self {
            unaskable,
            list: ReadThroughCache::new("models", of_list, list, Arc::clone(clock)),
            schemas: ReadThroughCache::new("model_info", of_schemas, schemas, Arc::clone(clock)),
        }
    }

    /// The same, shared with other processes.
    #[must_use]
    pub fn shared_by(self, level: &Arc<dyn SecondLevel>) -> Self {
        Self {
            list: self.list.with_second_level(Arc::clone(level)),
            schemas: self.schemas.with_second_level(Arc::clone(level)),
            ..self
        }
    }

    /// Every model. While the API can't be asked, the last list, marked as stale.
    ///
    /// # Errors
    /// As for [`GenerationApi::models`], when there is no list yet.
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace.
    pub async fn models(&self) -> Result<Cached<Arc<[ModelSummary]>>, CacheError<GenerationError>> {
        let models = self.list.get(&()).await?;
        // The source never answers that there is none.
        models.ok_or(CacheError::Interrupted)
    }

    /// What a model asks for; `None` when there is no such model, or the API doesn't describe its input.
    ///
    /// # Errors
    /// As for [`GenerationApi::schema`], when it isn't known yet.
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace.
    pub async fn schema(
        &self,
        model: &ModelId,
    ) -> Result<Option<Cached<Arc<ModelSchema>>>, CacheError<GenerationError>> {
        self.schemas.get(model).await
    }

    /// Asks for the list ahead of the first person who does.
    pub async fn warm_up(&self) {
        let warmed = self.list.warm_up([()], 1).await;
        tracing::debug!(?warmed, "the list of models was asked for");
    }

    /// Asks what each model of the list asks for, one after the other at the API's own pace: so that those that can't be asked
    /// for are known before anybody is offered them, and the first question to a person needs no call.
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace; what was learnt stays.
    pub async fn learn(&self) {
        let models = match self.models().await {
            Ok(models) => models,
            Err(error) => {
                tracing::warn!(%error, "the models can't be listed");
                return;
            }
        };
        for model in models.value.iter() {
            if let Err(error) = self.schema(&model.model).await {
                tracing::debug!(model = %model.model, %error, "what a model asks for isn't known");
            }
        }
    }

    /// What the caches did.
    pub fn statistics(&self) -> [CacheStatistics; 2] {
        [self.list.statistics(), self.schemas.statistics()]
    }
}

#[derive(Debug)]
struct List(Arc<dyn GenerationApi>);

#[async_trait]
impl Source<()> for List {
    type Value = Arc<[ModelSummary]>;
    type Error = GenerationError;

    async fn load(&self, (): &()) -> Result<Loaded<Self::Value>, GenerationError> {
        let models = self.0.models(&ModelFilter::default()).await?;
        Ok(Loaded::present(models.into()))
    }
}

#[derive(Debug)]
struct Schemas {
    api: Arc<dyn GenerationApi>,
    unaskable: Arc<Mutex<BTreeSet<ModelId>>>,
}

impl Schemas {
    /// Notes whether people can be offered a model, and says so to operators when that is news.
    fn note(&self, model: &ModelId, why_not: Option<&dyn std::fmt::Display>) {
        let mut unaskable = self.unaskable.lock();
        match why_not {
            None => {
                unaskable.remove(model);
            }
            Some(reason) => {
                if unaskable.insert(model.clone()) {
                    tracing::warn!(%model, %reason, "a model is left out of the menu");
                }
            }
        }
    }
}

impl ModelsAtHand for ModelCatalogue {
    fn models(&self) -> Option<Arc<[ModelSummary]>> {
        // Stale or not: a menu that is a little old is better than one that has to be waited for. Who opens it next gets the
        // new one.
        let list = self.list.at_hand(&()).or_else(|| self.list.peek(&()))?.value;
        let unaskable = self.unaskable.lock();
        if unaskable.is_empty() {
            return Some(list);
        }
        let askable = list.iter().filter(|model| !unaskable.contains(&model.model));
        Some(askable.cloned().collect())
    }

    fn schema(&self, model: &ModelId) -> Option<Arc<ModelSchema>> {
        Some(self.schemas.at_hand(model)?.value)
    }
}

#[async_trait]
impl Source<ModelId> for Schemas {
    type Value = Arc<ModelSchema>;
    type Error = GenerationError;

    async fn load(&self, model: &ModelId) -> Result<Loaded<Self::Value>, GenerationError> {
        match self.api.schema(model).await {
            Ok(schema) => {
                let reason = schema.is_none().then_some(&"the API doesn't describe its input");
                self.note(model, reason.map(|reason| reason as &dyn std::fmt::Display));
                Ok(schema.map(Arc::new).into())
            }
            Err(error) if error.kind() == GenerationErrorKind::NotFound => {
                self.note(model, Some(&"it is not there any more"));
                Ok(Loaded::absent())
            }
            Err(error) => {
                if let Some(reason) = error.unaskable() {
                    self.note(model, Some(reason));
                }
                Err(error)
            }
        }
    }
}

impl CacheKey for ModelId {
    fn cache_key(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

#[cfg(test)]
mod tests;
