//! Two processes that both poll: what the lease prevents, and what must do no harm where it can't.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep::leadership::Leadership;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError,
};

/// A store that is shared but for the lease: whoever uses it always leads.
#[derive(Debug)]
pub(crate) struct OwnLease {
    shared: Arc<dyn SessionStore>,
    own: MemoryStorage,
}

impl OwnLease {
    pub(crate) fn new(shared: Arc<dyn SessionStore>) -> Self {
        Self {
            shared,
            own: MemoryStorage::new(),
        }
    }

    fn of(&self, key: &SessionKey) -> &dyn SessionStore {
        if *key.scope() == Leadership::scope() {
            &self.own
        } else {
            &*self.shared
        }
    }
}

#[async_trait]
impl SessionStore for OwnLease {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.of(new.key()).create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.of(key).get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.of(held.key()).update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.of(key).clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.shared.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.shared.scan(filter, after, limit).await
    }
}
