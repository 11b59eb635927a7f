//! Counts the calls of a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::forward_administration;
use crate::change::SessionChange;
use crate::error::{StoreError, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SessionStore};

/// A store that counts its calls, whatever comes of them. It costs an atomic addition per call.
#[derive(Clone, Debug)]
pub struct WithCounts<S> {
    inner: S,
    counts: Arc<OperationCounts>,
}

/// How often each operation was called.
#[derive(Debug, Default)]
pub struct OperationCounts {
    create: AtomicU64,
    get: AtomicU64,
    update: AtomicU64,
    clear: AtomicU64,
    cleanup: AtomicU64,
    scan: AtomicU64,
}

impl<S> WithCounts<S> {
    /// Counts the calls of this store from now on.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            counts: Arc::default(),
        }
    }

    /// The counts, which go on.
    pub fn counts(&self) -> Arc<OperationCounts> {
        Arc::clone(&self.counts)
    }
}

impl OperationCounts {
    /// The calls of one operation; zero for those that are none of [`SessionStore`].
    pub fn of(&self, operation: StoreOperation) -> u64 {
        self.counter(operation)
            .map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// The reads of one session.
    pub fn reads(&self) -> u64 {
        self.of(StoreOperation::Get)
    }

    /// The writes of one session: creates, updates and clears.
    pub fn writes(&self) -> u64 {
        self.of(StoreOperation::Create) + self.of(StoreOperation::Update) + self.of(StoreOperation::Clear)
    }

    /// Starts from zero.
    pub fn reset(&self) {
        let Self {
            create,
            get,
            update,
            clear,
            cleanup,
            scan,
        } = self;
        for counter in [create, get, update, clear, cleanup, scan] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    fn counter(&self, operation: StoreOperation) -> Option<&AtomicU64> {
        Some(match operation {
            StoreOperation::Create => &self.create,
            StoreOperation::Get => &self.get,
            StoreOperation::Update => &self.update,
            StoreOperation::Clear => &self.clear,
            StoreOperation::Cleanup => &self.cleanup,
            StoreOperation::Scan => &self.scan,
            StoreOperation::Open | StoreOperation::Administration => return None,
        })
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[async_trait]
impl<S: SessionStore> SessionStore for WithCounts<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        count(&self.counts.create);
        self.inner.create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        count(&self.counts.get);
        self.inner.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        count(&self.counts.update);
        self.inner.update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        count(&self.counts.clear);
        self.inner.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        count(&self.counts.cleanup);
        self.inner.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        count(&self.counts.scan);
        self.inner.scan(filter, after, limit).await
    }
}

forward_administration!(WithCounts);
