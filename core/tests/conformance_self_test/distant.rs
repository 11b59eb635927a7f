//! A store that is reached over a network: outages, and writes that are lost on their way.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use stepkeep_core::conformance::Loss;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation, document,
};

use crate::defect::Defect;
use crate::store::{DefectiveStorage, Shared, edited};

#[derive(Debug)]
pub(crate) struct Distant {
    store: DefectiveStorage,
    shared: Arc<Shared>,
    defect: Option<Defect>,
    outages_before: u64,
}

impl Distant {
    pub(crate) fn new(store: DefectiveStorage, shared: Arc<Shared>, defect: Option<Defect>) -> Self {
        let outages_before = shared.outages.load(Ordering::SeqCst);
        Self {
            store,
            shared,
            defect,
            outages_before,
        }
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn reach(&self, operation: StoreOperation) -> Result<(), StoreError> {
        let outages = self.shared.outages.load(Ordering::SeqCst);
        if self.is(Defect::DeadAfterAnOutage) && outages > self.outages_before {
            return Err(failed(StoreErrorKind::Unavailable, operation));
        }
        Ok(())
    }

    /// Carries a write to the store and its answer back, unless one of them is to be lost. `done` is what a store would
    /// say that takes the write for granted.
    async fn carry<T: Send, F>(
        &self,
        operation: StoreOperation,
        done: T,
        call: impl Fn() -> F + Send + Sync,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        self.reach(operation)?;
        let planned = self.shared.planned_loss.lock().take();
        let count = || self.shared.lost.fetch_add(1, Ordering::SeqCst);
        match planned {
            None => call().await,
            Some(Loss::Request) => {
                count();
                if self.is(Defect::LostRequestIsDone) {
                    return Ok(done);
                }
                Err(failed(StoreErrorKind::Indeterminate, operation))
            }
            Some(Loss::Answer) => {
                drop(call().await);
                count();
                Err(match self.defect {
                    Some(Defect::LostAnswerIsUnavailable) => failed(StoreErrorKind::Unavailable, operation),
                    Some(Defect::RefusesItsOwnRepeat) => failed(StoreErrorKind::Conflict, operation),
                    _ => failed(StoreErrorKind::Indeterminate, operation),
                })
            }
        }
    }
}

fn failed(kind: StoreErrorKind, operation: StoreOperation) -> StoreError {
    StoreError::new(kind, operation, "distant")
}

/// More than the writers of a session may have under way, of which nobody knows whether they happened.
const LOST_COUNTS: u64 = 5;

/// Takes the last counts back from every session, once what was under way has arrived: it would put them there again.
pub(crate) async fn uncount(sessions: &MemoryStorage) {
    tokio::time::sleep(Duration::from_millis(50)).await;
    let page = sessions
        .scan(&ScanFilter::default(), None, usize::MAX)
        .await
        .unwrap();
    for session in page.sessions {
        let earlier = edited(&session, |form| {
            if let Some(n) = form["data"]["n"].as_u64() {
                form["data"]["n"] = json!(n.saturating_sub(LOST_COUNTS));
            }
        });
        sessions.insert_encoded(session.key(), document::encode(&earlier, usize::MAX).unwrap());
    }
}

#[async_trait]
impl SessionStore for Distant {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let call = || self.store.create(new.clone());
        self.carry(StoreOperation::Create, new.session(), call).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.reach(StoreOperation::Get)?;
        self.store.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = || self.store.update(held, change);
        self.carry(StoreOperation::Update, change.apply(held), call).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = || self.store.clear(key, expected);
        self.carry(StoreOperation::Clear, true, call).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.reach(StoreOperation::Cleanup)?;
        self.store.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.reach(StoreOperation::Scan)?;
        self.store.scan(filter, after, limit).await
    }
}
