//! A whole store, as small as it can be, with the suite that proves it right.
//!
//! `cargo run -p stepkeep-core --example writing_a_store --features conformance` prints what the suite found.
//!
//! It keeps blobs in a map. Replace the map by whatever knows "put this, if what is there is still that", and the rest stays.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepkeep_core::conformance::{ConformanceTarget, Namespace, RawRecord, Support, TargetError, run_all};
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation, document,
};

// ANCHOR: store
/// Sessions as blobs: the stored form of each under its key.
#[derive(Clone, Debug, Default)]
struct BlobStore(Arc<Mutex<BTreeMap<SessionKey, Vec<u8>>>>);

const BACKEND: &str = "blobs";

/// The stored form of a session, unless it is over the limit.
fn blob(session: &Session, operation: StoreOperation) -> Result<Vec<u8>, StoreError> {
    let limit = document::DEFAULT_MAX_BYTES;
    document::encode(session, limit)
        .map_err(|length| StoreError::too_large(operation, BACKEND, session.key(), length, limit))
}

/// The session of a stored form. What can't be read is an error with the key, and stays where it is.
fn session(key: &SessionKey, blob: &[u8], operation: StoreOperation) -> Result<Session, StoreError> {
    document::decode(key, blob).map_err(|error| StoreError::decode(operation, BACKEND, key, error))
}
// ANCHOR_END: store

#[async_trait]
impl SessionStore for BlobStore {
    // ANCHOR: create
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let created = new.session();
        let mut blobs = self.0.lock();
        if let Some(stored) = blobs.get(created.key()) {
            let stored = session(created.key(), stored, StoreOperation::Create)?;
            // The very same call again, because its first answer was lost: it succeeded.
            return if stored.revision() == created.revision() {
                Ok(stored)
            } else {
                Err(StoreError::already_exists(BACKEND, stored))
            };
        }
        let blob = blob(&created, StoreOperation::Create)?;
        blobs.insert(created.key().clone(), blob);
        Ok(created)
    }
    // ANCHOR_END: create

    // ANCHOR: get
    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let blobs = self.0.lock();
        blobs
            .get(key)
            .map(|stored| session(key, stored, StoreOperation::Get))
            .transpose()
    }
    // ANCHOR_END: get

    // ANCHOR: update
    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let key = held.key();
        // Computed from what the caller holds: nothing is read for it.
        let updated = change.apply(held);
        let mut blobs = self.0.lock();
        let stored = blobs.get(key).ok_or_else(|| {
            StoreError::new(StoreErrorKind::NotFound, StoreOperation::Update, BACKEND).with_key(key)
        })?;
        // A server would do the rest by itself, in one conditional write.
        let stored = session(key, stored, StoreOperation::Update)?;
        if stored.revision() == updated.revision() {
            return Ok(stored);
        }
        if stored.revision() != held.revision() {
            return Err(StoreError::conflict(StoreOperation::Update, BACKEND, stored));
        }
        let blob = blob(&updated, StoreOperation::Update)?;
        blobs.insert(key.clone(), blob);
        Ok(updated)
    }
    // ANCHOR_END: update

    // ANCHOR: clear
    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut blobs = self.0.lock();
        if let (Some(expected), Some(stored)) = (expected, blobs.get(key)) {
            let stored = session(key, stored, StoreOperation::Clear)?;
            if stored.revision() != expected {
                return Err(StoreError::conflict(StoreOperation::Clear, BACKEND, stored));
            }
        }
        Ok(blobs.remove(key).is_some())
    }
    // ANCHOR_END: clear

    // ANCHOR: cleanup
    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let keys: Vec<SessionKey> = self.0.lock().keys().cloned().collect();
        let mut removed = 0;
        for key in keys {
            // The lock is taken for one session at a time, so updates get through, and one that got through is seen.
            let mut blobs = self.0.lock();
            let is_idle = blobs
                .get(&key)
                .and_then(|stored| session(&key, stored, StoreOperation::Cleanup).ok())
                .is_some_and(|session| policy.is_idle(&session));
            if is_idle {
                blobs.remove(&key);
                removed += 1;
            }
        }
        Ok(CleanupReport::removed(removed))
    }
    // ANCHOR_END: cleanup

    // ANCHOR: scan
    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let invalid = || StoreError::new(StoreErrorKind::Invalid, StoreOperation::Scan, BACKEND);
        let after: Bound<SessionKey> = match &after {
            None => Bound::Unbounded,
            Some(cursor) => {
                let key = cursor.as_str().strip_prefix("blobs:").ok_or_else(invalid)?;
                Bound::Excluded(key.parse().map_err(|_| invalid())?)
            }
        };
        if limit == 0 {
            return Err(invalid().with_message("a page has at least one session"));
        }
        let mut page = ScanPage::default();
        // In the order of keys, which never change: who stands still is met once.
        for (key, stored) in self.0.lock().range((after, Bound::Unbounded)) {
            match session(key, stored, StoreOperation::Scan) {
                Ok(session) if !filter.matches(&session) => continue,
                Ok(session) => page.sessions.push(session),
                Err(error) => page.unreadable.push(error),
            }
            if page.sessions.len() + page.unreadable.len() == limit {
                page.next = Some(ScanCursor::new(format!("blobs:{key}")));
                break;
            }
        }
        Ok(page)
    }
    // ANCHOR_END: scan
}

// ANCHOR: target
/// What the suite is told about the store: where an empty one comes from.
struct Blobs;

#[async_trait]
impl ConformanceTarget for Blobs {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(BlobNamespace(BlobStore::default())))
    }
}

struct BlobNamespace(BlobStore);

#[async_trait]
impl Namespace for BlobNamespace {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        Ok(Arc::new(self.0.clone()))
    }

    // A map is gone with its process. A store that lasts leaves this method out.
    async fn close(&self, _: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
        Ok(Support::NotClaimed)
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let blob = record.stored_form.clone().into_bytes();
        self.0.0.lock().insert(record.key.clone(), blob);
        Ok(Support::Claimed)
    }
}
// ANCHOR_END: target

#[tokio::main]
async fn main() -> ExitCode {
    let report = run_all(&Blobs).await;
    println!("{report}");
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    stepkeep_core::conformance_tests!(super::Blobs);
}
