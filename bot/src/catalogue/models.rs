//! The models of the generation API, and what each asks for.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::Clock;
use stepkeep_core::cache::{
    CacheConfig, CacheError, CacheKey, CacheStatistics, Cached, Loaded, ReadThroughCache, SecondLevel, Source,
};

use crate::generation::{
    GenerationApi, GenerationError, GenerationErrorKind, ModelFilter, ModelId, ModelSchema, ModelSummary,
};

/// The list of models and the schemas of their inputs, as they were in the last minutes. Clones share them.
#[derive(Debug, Clone)]
pub struct ModelCatalogue {
    list: ReadThroughCache<(), List>,
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
        let (of_list, of_schemas) = (List(Arc::clone(api)), Schemas(Arc::clone(api)));
        Self {
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
struct Schemas(Arc<dyn GenerationApi>);

#[async_trait]
impl Source<ModelId> for Schemas {
    type Value = Arc<ModelSchema>;
    type Error = GenerationError;

    async fn load(&self, model: &ModelId) -> Result<Loaded<Self::Value>, GenerationError> {
        match self.0.schema(model).await {
            Ok(schema) => Ok(schema.map(Arc::new).into()),
            Err(error) if error.kind() == GenerationErrorKind::NotFound => Ok(Loaded::absent()),
            Err(error) => Err(error),
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
