//! Tasks that have ended, so that the files of one are got without asking for each of them how it stands.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepkeep_core::Clock;
use stepkeep_core::cache::{
    CacheConfig, CacheError, CacheKey, CacheStatistics, Cached, Loaded, ReadThroughCache, Source,
};

use crate::generation::{GenerationApi, GenerationError, GenerationErrorKind, Task, TaskId};

/// How tasks stand, with what came of those that have ended kept for a while. Clones share it.
#[derive(Debug, Clone)]
pub struct ResultsCatalogue(ReadThroughCache<TaskId, Tasks>);

impl ResultsCatalogue {
    /// A catalogue of what this API answers, kept by these settings.
    pub fn new(api: &Arc<dyn GenerationApi>, config: CacheConfig, clock: &Arc<dyn Clock>) -> Self {
        let source = Tasks(Arc::clone(api));
        Self(ReadThroughCache::new(
            "results",
            source,
            config,
            Arc::clone(clock),
        ))
    }

    /// How a task stands. One that has ended is remembered, any other is asked for each time. `None` when the API doesn't
    /// know it.
    ///
    /// # Errors
    /// As for [`GenerationApi::task`].
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace.
    pub async fn task(
        &self,
        task: &TaskId,
    ) -> Result<Option<Cached<Arc<Task>>>, CacheError<GenerationError>> {
        self.0.get(task).await
    }

    /// What the cache did.
    pub fn statistics(&self) -> CacheStatistics {
        self.0.statistics()
    }
}

#[derive(Debug)]
struct Tasks(Arc<dyn GenerationApi>);

#[async_trait]
impl Source<TaskId> for Tasks {
    type Value = Arc<Task>;
    type Error = GenerationError;

    async fn load(&self, id: &TaskId) -> Result<Loaded<Self::Value>, GenerationError> {
        match self.0.task(id).await {
            Ok(task) => {
                let is_final = task.state.is_final();
                let loaded = Loaded::present(Arc::new(task));
                Ok(if is_final {
                    loaded
                } else {
                    loaded.with_ttl(Duration::ZERO)
                })
            }
            Err(error) if error.kind() == GenerationErrorKind::NotYet => {
                Ok(Loaded::absent().with_ttl(Duration::ZERO))
            }
            Err(error) => Err(error),
        }
    }
}

impl CacheKey for TaskId {
    fn cache_key(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}
