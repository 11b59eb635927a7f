//! A store whose answers are timed.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation,
};
use tokio::time::Instant;

use super::activity::Activity;

/// Tells an [`Activity`] how long each operation of a store takes, with all that the layers within do.
#[derive(Clone, Debug)]
pub struct MeasuredStore<S> {
    inner: S,
    activity: Arc<Activity>,
}

impl<S> MeasuredStore<S> {
    /// Measures this store.
    pub fn new(inner: S, activity: Arc<Activity>) -> Self {
        Self { inner, activity }
    }

    async fn timed<T: Send>(
        &self,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError>
    where
        S: Sync,
    {
        let started = Instant::now();
        let result = call.await;
        let is_error = result.as_ref().is_err_and(|error| !is_an_answer(error.kind()));
        let took = started.elapsed();
        self.activity.store_operation(operation.as_str(), took, is_error);
        result
    }
}

/// Whether the store did what it is for: to say that somebody else was faster, say.
fn is_an_answer(error: StoreErrorKind) -> bool {
    matches!(
        error,
        StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists
    )
}

#[async_trait]
impl<S: SessionStore> SessionStore for MeasuredStore<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.timed(StoreOperation::Create, self.inner.create(new)).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.timed(StoreOperation::Get, self.inner.get(key)).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = self.inner.update(held, change);
        self.timed(StoreOperation::Update, call).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = self.inner.clear(key, expected);
        self.timed(StoreOperation::Clear, call).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let call = self.inner.cleanup(policy);
        self.timed(StoreOperation::Cleanup, call).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let call = self.inner.scan(filter, after, limit);
        self.timed(StoreOperation::Scan, call).await
    }
}
