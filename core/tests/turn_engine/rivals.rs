//! A store in which others get in between a read and the write that follows it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError,
};

type Rival = Box<dyn FnOnce(MemoryStorage) -> BoxFuture<'static, ()> + Send>;

/// Runs one rival before each write, as long as there are any.
#[derive(Clone)]
pub(crate) struct Rivals<S> {
    inner: S,
    memory: MemoryStorage,
    waiting: Waiting,
}

/// The rivals that wait for a write.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<VecDeque<Rival>>>);

impl Waiting {
    /// Lets this happen on the store in memory before the next write that has no rival yet.
    pub(crate) fn add<F>(&self, rival: impl FnOnce(MemoryStorage) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let rival: Rival = Box::new(|memory| Box::pin(rival(memory)));
        self.0.lock().unwrap().push_back(rival);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<S> Rivals<S> {
    pub(crate) fn new(inner: S, memory: MemoryStorage, waiting: &Waiting) -> Self {
        Self {
            inner,
            memory,
            waiting: waiting.clone(),
        }
    }
}

impl<S: Sync> Rivals<S> {
    async fn interfere(&self) {
        let rival = self.waiting.0.lock().unwrap().pop_front();
        if let Some(rival) = rival {
            rival(self.memory.clone()).await;
        }
    }
}

impl<S> fmt::Debug for Rivals<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rivals")
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Rivals<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.interfere().await;
        self.inner.create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.inner.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.interfere().await;
        self.inner.update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.inner.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.inner.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.inner.scan(filter, after, limit).await
    }
}
