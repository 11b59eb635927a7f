//! A store that fails, and that keeps the history of every session.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation,
};
use tokio::time::{Instant, sleep};

use crate::weather::{Life, Weather};

const BACKEND: &str = "simulated";

/// The store that all processes share.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) inner: Arc<MemoryStorage>,
    weather: Weather,
    history: Arc<Mutex<History>>,
}

/// What was committed, by session, and how often a writer was too late.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) commits: BTreeMap<i64, Vec<Commit>>,
    pub(crate) conflicts: u64,
}

/// One write that happened.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) at: Instant,
    /// What the writer held; `None` where it created the session.
    pub(crate) held: Option<Revision>,
    pub(crate) session: Session,
}

/// A process's way to the store.
#[derive(Debug)]
pub(crate) struct StoreLink {
    pub(crate) store: Store,
    pub(crate) life: Life,
}

/// A write.
#[derive(Clone, Debug)]
enum Write {
    Create(NewSession),
    Update(Session, SessionChange),
}

impl Store {
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            inner: Arc::new(MemoryStorage::new()),
            weather,
            history: Arc::default(),
        }
    }

    pub(crate) fn history(&self) -> parking_lot::MutexGuard<'_, History> {
        self.history.lock()
    }

    /// Puts a session there before anything begins.
    pub(crate) async fn put(&self, new: NewSession) {
        self.write(&Write::Create(new)).await.expect("a store that works");
    }

    async fn write(&self, write: &Write) -> Result<Session, StoreError> {
        let (held, result) = match write {
            Write::Create(new) => (None, self.inner.create(new.clone()).await),
            Write::Update(held, change) => (Some(held.revision()), self.inner.update(held, change).await),
        };
        let mut history = self.history.lock();
        match &result {
            Ok(session) if session.key().scope().as_str() == "main" => {
                let commits = history.commits.entry(session.key().user().0).or_default();
                let is_new = commits
                    .last()
                    .is_none_or(|last| last.session.revision() != session.revision());
                if is_new {
                    commits.push(Commit {
                        at: Instant::now(),
                        held,
                        session: session.clone(),
                    });
                }
            }
            Err(error) if error.kind() == StoreErrorKind::Conflict => history.conflicts += 1,
            _ => {}
        }
        result
    }
}

impl StoreLink {
    async fn read<T>(
        &self,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let weather = &self.store.weather;
        self.life.goes_on().await;
        weather.pass(1, 15, 3_000).await;
        let result = if weather.store_is_down() || weather.strikes() {
            let kind = if weather.chance.happens(500) {
                StoreErrorKind::Unavailable
            } else {
                StoreErrorKind::Timeout
            };
            Err(StoreError::new(kind, operation, BACKEND))
        } else {
            call.await
        };
        weather.pass(0, 5, 1_000).await;
        self.life.goes_on().await;
        if operation != StoreOperation::Scan || result.is_err() {
            weather.trace.note(format_args!(
                "p{} {operation}: {}",
                self.life.name,
                result.as_ref().err().map_or("ok", |error| error.kind().as_str())
            ));
        }
        result
    }

    /// A write may not reach the store, reach it late, or reach it without its answer coming back.
    async fn write(&self, operation: StoreOperation, write: Write) -> Result<Session, StoreError> {
        let weather = &self.store.weather;
        self.life.goes_on().await;
        weather.pass(1, 15, 3_000).await;
        let is_lost_with_its_writer = self.life.is_over() && weather.chance.happens(500);
        let error = |kind| Err(StoreError::new(kind, operation, BACKEND));
        let result = if weather.store_is_down() || is_lost_with_its_writer {
            error(StoreErrorKind::Unavailable)
        } else if weather.strikes() {
            match weather.chance.below(4) {
                0 => error(StoreErrorKind::Unavailable),
                1 => error(StoreErrorKind::Indeterminate),
                2 => {
                    let _ = self.store.write(&write).await;
                    error(StoreErrorKind::Indeterminate)
                }
                _ => {
                    let (store, late) = (self.store.clone(), weather.millis(1, 4_000));
                    tokio::spawn(async move {
                        sleep(late).await;
                        let happened = store.write(&write).await.is_ok();
                        store.weather.trace.note(format_args!("a late write: {happened}"));
                    });
                    error(StoreErrorKind::Indeterminate)
                }
            }
        } else {
            self.store.write(&write).await
        };
        weather.pass(0, 5, 1_000).await;
        weather.trace.note(format_args!(
            "p{} {operation}: {}",
            self.life.name,
            match &result {
                Ok(session) => format!("{} of {}", session.revision().number(), session.key().user().0),
                Err(error) => error.kind().as_str().to_owned(),
            }
        ));
        self.life.goes_on().await;
        result
    }
}

#[async_trait]
impl SessionStore for StoreLink {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.write(StoreOperation::Create, Write::Create(new)).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.read(StoreOperation::Get, self.store.inner.get(key)).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let write = Write::Update(held.clone(), change.clone());
        self.write(StoreOperation::Update, write).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.read(StoreOperation::Clear, self.store.inner.clear(key, expected))
            .await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.read(StoreOperation::Cleanup, self.store.inner.cleanup(policy))
            .await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let scan = self.store.inner.scan(filter, after, limit);
        self.read(StoreOperation::Scan, scan).await
    }
}
