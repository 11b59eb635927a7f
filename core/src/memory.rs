//! The store in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;

use crate::change::SessionChange;
use crate::document;
use crate::error::{StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{
    CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SchemaStatus, SessionStore,
    StoreAdministration, StoreHealth, StoreStatistics,
};

const BACKEND: &str = "memory";

/// How many locks the sessions are spread over.
const SHARDS: usize = 64;

/// How many records a cleanup looks at before it lets others have the lock.
const CLEANUP_BATCH: usize = 256;

/// Sessions in the memory of this process: for tests, and for bots that may forget everything when they stop.
///
/// A clone is another handle on the same sessions. Sessions are shared, not copied, so reading one costs a look-up.
///
/// ```
/// use stepkeep_core::{BotId, MemoryStorage, NewSession, SessionChange, SessionKey, SessionStore, Timestamp, UserId};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStorage::new();
/// let key = SessionKey::private(BotId(7), UserId(42));
/// let change = SessionChange::new(Timestamp::from_millis(1_000));
/// let session = store.create(NewSession::new(key.clone(), change)).await?;
/// assert_eq!(store.clone().get(&key).await?, Some(session));
/// # Ok::<(), stepkeep_core::StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryStorage {
    shards: Arc<[Shard]>,
    max_bytes: usize,
}

/// Ordered, so that a scan goes on at a key whatever came and went meanwhile.
type Shard = RwLock<BTreeMap<SessionKey, Record>>;

enum Record {
    Readable(Session),
    /// The stored form of something that is no session, or one of a newer version.
    Unreadable(Vec<u8>),
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStorage {
    /// An empty store whose sessions have at most [`document::DEFAULT_MAX_BYTES`].
    pub fn new() -> Self {
        Self::with_max_bytes(document::DEFAULT_MAX_BYTES)
    }

    /// An empty store whose sessions have at most that many bytes in their stored form.
    pub fn with_max_bytes(max_bytes: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            max_bytes,
        }
    }

    /// Puts a stored form under a key, readable or not, in place of what is there: for tests of what older and newer
    /// versions left, and of damage.
    pub fn insert_encoded(&self, key: &SessionKey, bytes: Vec<u8>) {
        let record = match document::decode(key, &bytes) {
            Ok(session) => Record::Readable(session),
            Err(_) => Record::Unreadable(bytes),
        };
        self.shard(key).write().insert(key.clone(), record);
    }

    fn shard(&self, key: &SessionKey) -> &Shard {
        &self.shards[shard_index(key)]
    }

    fn check_size(&self, operation: StoreOperation, session: &Session) -> Result<(), StoreError> {
        if document::surely_fits(session, self.max_bytes) {
            return Ok(());
        }
        document::encode(session, self.max_bytes)
            .map(drop)
            .map_err(|length| {
                StoreError::too_large(operation, BACKEND, session.key(), length, self.max_bytes)
            })
    }
}

/// The same in every process, so that a cursor keeps its meaning.
fn shard_index(key: &SessionKey) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any part of the hash spreads the keys"
    )]
    let hash = hasher.finish() as usize;
    hash % SHARDS
}

impl Record {
    fn session(&self, operation: StoreOperation, key: &SessionKey) -> Result<&Session, StoreError> {
        match self {
            Self::Readable(session) => Ok(session),
            Self::Unreadable(bytes) => Err(match document::decode(key, bytes) {
                Err(error) => StoreError::decode(operation, BACKEND, key, error),
                Ok(_) => StoreError::new(StoreErrorKind::Corrupt, operation, BACKEND).with_key(key),
            }),
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStorage {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let session = new.session();
        let mut shard = self.shard(session.key()).write();
        if let Some(record) = shard.get(session.key()) {
            let stored = record.session(StoreOperation::Create, session.key())?;
            return if stored.revision() == session.revision() {
                Ok(stored.clone())
            } else {
                Err(StoreError::already_exists(BACKEND, stored.clone()))
            };
        }
        self.check_size(StoreOperation::Create, &session)?;
        shard.insert(session.key().clone(), Record::Readable(session.clone()));
        Ok(session)
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let shard = self.shard(key).read();
        let Some(record) = shard.get(key) else {
            return Ok(None);
        };
        record.session(StoreOperation::Get, key).cloned().map(Some)
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let key = held.key();
        let updated = change.apply(held);
        let size = self.check_size(StoreOperation::Update, &updated);
        let mut shard = self.shard(key).write();
        let record = shard.get_mut(key).ok_or_else(|| {
            StoreError::new(StoreErrorKind::NotFound, StoreOperation::Update, BACKEND).with_key(key)
        })?;
        let stored = record.session(StoreOperation::Update, key)?;
        if stored.revision() == updated.revision() {
            return Ok(stored.clone());
        }
        if stored.revision() != held.revision() {
            return Err(StoreError::conflict(
                StoreOperation::Update,
                BACKEND,
                stored.clone(),
            ));
        }
        size?;
        *record = Record::Readable(updated.clone());
        Ok(updated)
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut shard = self.shard(key).write();
        if let (Some(expected), Some(record)) = (expected, shard.get(key)) {
            let stored = record.session(StoreOperation::Clear, key)?;
            if stored.revision() != expected {
                return Err(StoreError::conflict(
                    StoreOperation::Clear,
                    BACKEND,
                    stored.clone(),
                ));
            }
        }
        Ok(shard.remove(key).is_some())
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let mut removed = 0;
        for shard in self.shards.iter() {
            let mut after = Bound::Unbounded;
            loop {
                let batch = remove_idle(shard, after, policy);
                removed += batch.removed;
                let Some(last) = batch.last else { break };
                after = Bound::Excluded(last);
                tokio::task::yield_now().await;
            }
        }
        Ok(CleanupReport::removed(removed))
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let invalid = |problem: &str| {
            StoreError::new(StoreErrorKind::Invalid, StoreOperation::Scan, BACKEND).with_message(problem)
        };
        if limit == 0 {
            return Err(invalid("a page has at least one session"));
        }
        let after = after
            .map(|cursor| key_of_cursor(&cursor).ok_or_else(|| invalid("the cursor is not of this store")))
            .transpose()?;

        let mut page = ScanPage::default();
        let first_shard = after.as_ref().map_or(0, shard_index);
        let mut bound = after.map_or(Bound::Unbounded, Bound::Excluded);
        for shard in &self.shards[first_shard..] {
            let records = shard.read();
            for (key, record) in records.range((bound, Bound::Unbounded)) {
                match record.session(StoreOperation::Scan, key) {
                    Ok(session) if !filter.matches(session) => continue,
                    Ok(session) => page.sessions.push(session.clone()),
                    Err(error) => page.unreadable.push(error),
                }
                if page.sessions.len() + page.unreadable.len() == limit {
                    page.next = Some(cursor_after(key));
                    return Ok(page);
                }
            }
            bound = Bound::Unbounded;
        }
        Ok(page)
    }
}

struct RemovedBatch {
    removed: u64,
    /// The last key that was looked at; `None` at the end of the shard.
    last: Option<SessionKey>,
}

fn remove_idle(shard: &Shard, after: Bound<SessionKey>, policy: &CleanupPolicy) -> RemovedBatch {
    let mut records = shard.write();
    let mut idle = Vec::new();
    let mut last = None;
    for (seen, (key, record)) in (1..).zip(records.range((after, Bound::Unbounded))) {
        // Nobody can tell whether what can't be read is idle, so it stays.
        if matches!(record, Record::Readable(session) if policy.is_idle(session)) {
            idle.push(key.clone());
        }
        if seen == CLEANUP_BATCH {
            last = Some(key.clone());
            break;
        }
    }
    for key in &idle {
        records.remove(key);
    }
    RemovedBatch {
        removed: idle.len() as u64,
        last,
    }
}

const CURSOR_PREFIX: &str = "memory:";

fn cursor_after(key: &SessionKey) -> ScanCursor {
    ScanCursor::new(format!("{CURSOR_PREFIX}{key}"))
}

fn key_of_cursor(cursor: &ScanCursor) -> Option<SessionKey> {
    cursor.as_str().strip_prefix(CURSOR_PREFIX)?.parse().ok()
}

#[async_trait]
impl StoreAdministration for MemoryStorage {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
        Ok(SchemaStatus::Current {
            version: document::SCHEMA_VERSION,
        })
    }

    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
        self.check_schema().await
    }

    async fn check_health(&self) -> Result<StoreHealth, StoreError> {
        let warning = "sessions are kept in memory only: they are gone when the process ends";
        Ok(StoreHealth::with_warnings(vec![warning.to_owned()]))
    }

    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let sessions = self.shards.iter().map(|shard| shard.read().len() as u64).sum();
        Ok(StoreStatistics::new(sessions, None))
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryStorage")
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BotId, Timestamp, UserId};

    fn key(user: i64) -> SessionKey {
        SessionKey::private(BotId(1), UserId(user))
    }

    async fn create(store: &MemoryStorage, user: i64, at: i64) -> Session {
        let change = SessionChange::new(Timestamp::from_millis(at));
        store.create(NewSession::new(key(user), change)).await.unwrap()
    }

    #[tokio::test]
    async fn a_clone_is_another_handle_on_the_same_sessions() {
        let store = MemoryStorage::new();
        let session = create(&store, 1, 1).await;
        assert_eq!(store.clone().get(&key(1)).await.unwrap(), Some(session));
    }

    #[tokio::test]
    async fn a_cleanup_of_more_than_one_batch_per_shard_looks_at_every_record() {
        let store = MemoryStorage::new();
        let users = i64::try_from(SHARDS * CLEANUP_BATCH * 2).unwrap();
        for user in 0..users {
            create(&store, user, user % 2).await;
        }
        let policy = CleanupPolicy::before(Timestamp::from_millis(1));
        let report = store.cleanup(&policy).await.unwrap();
        assert_eq!(report.removed, users.unsigned_abs() / 2);
        assert_eq!(
            store.statistics().await.unwrap().sessions,
            users.unsigned_abs() / 2
        );
    }

    #[tokio::test]
    async fn a_record_put_in_by_hand_is_read_like_any_other() {
        let store = MemoryStorage::new();
        let session = create(&MemoryStorage::new(), 1, 1).await;
        let bytes = document::encode(&session, usize::MAX).unwrap();
        store.insert_encoded(&key(1), bytes.clone());
        assert_eq!(store.get(&key(1)).await.unwrap(), Some(session));

        store.insert_encoded(&key(2), bytes);
        let error = store.get(&key(2)).await.unwrap_err();
        insta::assert_snapshot!(error, @"memory get: the record is damaged (session 1/2/2///main)");
    }
}
