//! Deadlines on the operations of a store.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;

use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{
    CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SchemaStatus, SessionStore,
    StoreAdministration, StoreHealth, StoreStatistics,
};

/// A store whose operations end within a deadline.
///
/// A read that takes longer is a `Timeout`: nothing happened. A write that takes longer is `Indeterminate`: it may have
/// happened, and may still happen. Put it inside a [`WithRetry`](super::WithRetry), which clears that up.
#[derive(Clone, Debug)]
pub struct WithDeadline<S> {
    inner: S,
    backend: &'static str,
    deadlines: Deadlines,
}

/// How long each kind of operation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Reading one session.
    pub read: Duration,
    /// Creating, updating or clearing one session.
    pub write: Duration,
    /// One page of a scan.
    pub scan: Duration,
    /// A whole cleanup. What it removed before the deadline stays removed.
    pub cleanup: Duration,
    /// Schema check, health and statistics. Setting the schema up has no deadline: a migration takes what it takes.
    pub administration: Duration,
}

impl Default for Deadlines {
    /// 5 s for one session, 30 s for a page of a scan and for administration, 5 minutes for a cleanup.
    fn default() -> Self {
        Self {
            read: Duration::from_secs(5),
            write: Duration::from_secs(5),
            scan: Duration::from_secs(30),
            cleanup: Duration::from_mins(5),
            administration: Duration::from_secs(30),
        }
    }
}

impl<S> WithDeadline<S> {
    /// Puts deadlines on this store. `backend` is its name as operators know it, such as `sqlite`.
    pub fn new(inner: S, backend: &'static str, deadlines: Deadlines) -> Self {
        Self {
            inner,
            backend,
            deadlines,
        }
    }
}

impl<S: Sync> WithDeadline<S> {
    async fn within<T>(
        &self,
        deadline: Duration,
        operation: StoreOperation,
        key: Option<&SessionKey>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let kind = if operation.is_write() {
            StoreErrorKind::Indeterminate
        } else {
            StoreErrorKind::Timeout
        };
        tokio::time::timeout(deadline, call).await.unwrap_or_else(|_| {
            let error = StoreError::new(kind, operation, self.backend)
                .with_message(format!("no answer within {} ms", deadline.as_millis()));
            Err(match key {
                Some(key) => error.with_key(key),
                None => error,
            })
        })
    }

    async fn administration<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let deadline = self.deadlines.administration;
        self.within(deadline, StoreOperation::Administration, None, call)
            .await
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for WithDeadline<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let key = new.key().clone();
        let call = self.inner.create(new);
        self.within(self.deadlines.write, StoreOperation::Create, Some(&key), call)
            .await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let call = self.inner.get(key);
        self.within(self.deadlines.read, StoreOperation::Get, Some(key), call)
            .await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = self.inner.update(held, change);
        self.within(
            self.deadlines.write,
            StoreOperation::Update,
            Some(held.key()),
            call,
        )
        .await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = self.inner.clear(key, expected);
        self.within(self.deadlines.write, StoreOperation::Clear, Some(key), call)
            .await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let call = self.inner.cleanup(policy);
        self.within(self.deadlines.cleanup, StoreOperation::Cleanup, None, call)
            .await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let call = self.inner.scan(filter, after, limit);
        self.within(self.deadlines.scan, StoreOperation::Scan, None, call)
            .await
    }
}

#[async_trait]
impl<S: StoreAdministration> StoreAdministration for WithDeadline<S> {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
        self.administration(self.inner.check_schema()).await
    }

    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
        self.inner.set_up_schema().await
    }

    async fn check_health(&self) -> Result<StoreHealth, StoreError> {
        self.administration(self.inner.check_health()).await
    }

    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        self.administration(self.inner.statistics()).await
    }
}
