//! A store in memory with at most one defect.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use stepkeep_core::conformance::Loss;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, Clock, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter,
    ScanPage, Scope, Session, SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind,
    StoreOperation, SystemClock, Timestamp, document,
};

use crate::defect::Defect;

const BACKEND: &str = "defective";

/// What all handles of one namespace share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) cut_off: AtomicBool,
    pub(crate) outages: AtomicU64,
    pub(crate) planned_loss: Mutex<Option<Loss>>,
    pub(crate) lost: AtomicU64,
    cleaning: AtomicBool,
    handles: AtomicU64,
    between_steps: AtomicU64,
    updates: AtomicU64,
    locked_out: AtomicU64,
    first_revisions: Mutex<HashMap<SessionKey, Revision>>,
    cleared: Mutex<HashMap<SessionKey, Session>>,
}

#[derive(Debug)]
pub(crate) struct DefectiveStorage {
    sessions: MemoryStorage,
    shared: Arc<Shared>,
    defect: Option<Defect>,
    handle: u64,
    read: Mutex<HashMap<SessionKey, Session>>,
}

/// Lets everybody else go on: what a store does in two steps has others between them.
async fn pause() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// How long a store with a defect that shows in a race waits for somebody to race with.
const PATIENCE: Duration = Duration::from_millis(50);

/// Waits until the counter is at least this, but no longer than [`PATIENCE`].
async fn wait_for(counter: &AtomicU64, at_least: u64) {
    let reached = async {
        while counter.load(Ordering::SeqCst) < at_least {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, reached).await;
}

/// The session whose stored form was edited.
pub(crate) fn edited(session: &Session, edit: impl FnOnce(&mut Map<String, Value>)) -> Session {
    let form = document::encode(session, usize::MAX).unwrap();
    let mut form = serde_json::from_slice(&form).unwrap();
    edit(&mut form);
    document::decode(session.key(), &serde_json::to_vec(&form).unwrap()).unwrap()
}

fn edit_data(session: &Session, edit: impl Fn(&mut Value)) -> Session {
    edited(session, |form| {
        let data = form["data"].as_object_mut().unwrap();
        data.values_mut().for_each(edit);
    })
}

fn as_float(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::Array(values) => values.iter_mut().for_each(as_float),
        Value::Object(members) => members.values_mut().for_each(as_float),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn without_dots(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(without_dots),
        Value::Object(members) => {
            let escaped = std::mem::take(members).into_iter().map(|(name, mut value)| {
                without_dots(&mut value);
                (name.replace(['.', '$'], "_"), value)
            });
            *members = escaped.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn cut(value: &mut Value) {
    if let Value::String(text) = value {
        text.truncate(64 * 1024);
    }
}

fn refused(kind: StoreErrorKind, operation: StoreOperation) -> StoreError {
    StoreError::new(kind, operation, BACKEND)
}

fn is_unreadable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(
        result.as_ref().map_err(StoreError::kind),
        Err(StoreErrorKind::Corrupt | StoreErrorKind::TooNew)
    )
}

impl DefectiveStorage {
    pub(crate) fn new(sessions: MemoryStorage, shared: Arc<Shared>, defect: Option<Defect>) -> Self {
        let handle = shared.handles.fetch_add(1, Ordering::SeqCst);
        Self {
            sessions,
            shared,
            defect,
            handle,
            read: Mutex::default(),
        }
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn reach(&self, operation: StoreOperation) -> Result<(), StoreError> {
        if self.shared.cut_off.load(Ordering::SeqCst) {
            Err(refused(StoreErrorKind::Unavailable, operation))
        } else {
            Ok(())
        }
    }

    fn put(&self, session: &Session) -> Session {
        let form = document::encode(session, usize::MAX).unwrap();
        self.sessions.insert_encoded(session.key(), form);
        session.clone()
    }

    /// What happens between the two steps of a store that compares first and writes then: somebody else compares.
    async fn second_step(&self) {
        let between_steps = &self.shared.between_steps;
        between_steps.fetch_add(1, Ordering::SeqCst);
        wait_for(between_steps, 2).await;
        between_steps.fetch_sub(1, Ordering::SeqCst);
    }

    async fn all(&self) -> Vec<Session> {
        let filter = ScanFilter::default();
        let page = self.sessions.scan(&filter, None, usize::MAX).await.unwrap();
        page.sessions
    }

    async fn remove_where(&self, is_idle: impl Fn(&Session) -> bool) -> u64 {
        let mut removed = 0;
        for session in self.all().await {
            if is_idle(&session) {
                let cleared = self.sessions.clear(session.key(), Some(session.revision()));
                removed += u64::from(cleared.await.unwrap_or(false));
            }
        }
        removed
    }

    /// What a defective reader makes of a stored session.
    fn as_read(&self, session: Session) -> Session {
        match self.defect {
            Some(Defect::FloatsOnly) => edit_data(&session, as_float),
            Some(Defect::EscapesMembers) => edit_data(&session, without_dots),
            Some(Defect::CutsLongFields) => edit_data(&session, cut),
            Some(Defect::DropsEmptyTexts) => edited(&session, |form| {
                let data = form["data"].as_object_mut().unwrap();
                data.retain(|_, value| *value != json!(""));
            }),
            Some(Defect::WholeSeconds) => edited(&session, |form| {
                for time in ["created_at", "updated_at", "wake_at"] {
                    if let Some(value) = form.get_mut(time) {
                        *value = json!(value.as_i64().unwrap() / 1_000 * 1_000);
                    }
                }
            }),
            _ => session,
        }
    }

    /// The key that a defective reader takes a key for.
    fn other_key(&self, key: &SessionKey) -> SessionKey {
        let mut other = SessionKey::new(key.bot(), key.chat(), key.user());
        if let Some(thread) = key.thread().filter(|_| !self.is(Defect::GetIgnoresThread)) {
            other = other.with_thread(thread);
        }
        if let Some(business) = key.business().filter(|_| !self.is(Defect::GetIgnoresBusiness)) {
            other = other.with_business(business.clone());
        }
        if self.is(Defect::GetIgnoresCase) {
            other.with_scope(Scope::new(key.scope().as_str().to_lowercase()).unwrap())
        } else {
            other.with_scope(key.scope().clone())
        }
    }

    /// A scan whose cursor counts the sessions that came before.
    async fn scan_by_count(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
        step: usize,
    ) -> ScanPage {
        let first = after.map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let mut sessions = self.all().await;
        sessions.retain(|session| filter.matches(session));
        sessions.sort_by(|one, other| one.key().cmp(other.key()));
        let mut page = ScanPage::default();
        if sessions.len().saturating_sub(first) > limit {
            page.next = Some(ScanCursor::new((first + step).to_string()));
        }
        page.sessions = sessions.into_iter().skip(first).take(limit).collect();
        page
    }

    /// An update that makes something else of the session than the change says.
    async fn update_edited(
        &self,
        held: &Session,
        change: &SessionChange,
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Session, StoreError> {
        let updated = self.sessions.update(held, change).await?;
        Ok(self.put(&edited(&updated, edit)))
    }
}

#[async_trait]
impl SessionStore for DefectiveStorage {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.reach(StoreOperation::Create)?;
        pause().await;
        let (key, session) = (new.key().clone(), new.session());
        let stored = self.sessions.get(&key).await;
        let is_absent = matches!(stored, Ok(None));
        match self.defect {
            Some(Defect::CreatesInTwoSteps) if is_absent => {
                self.second_step().await;
                Ok(self.put(&session))
            }
            Some(Defect::CreateOverwrites) => Ok(self.put(&session)),
            Some(Defect::WritesInTwoParts) if is_absent => {
                self.put(&edited(&session, |form| {
                    form.remove("flow");
                    form.remove("step");
                }));
                pause().await;
                Ok(self.put(&session))
            }
            Some(Defect::CreateOverwritesUnreadable) if is_unreadable(&stored) => Ok(self.put(&session)),
            Some(Defect::CreateDropsWakeTime) if is_absent => Ok(self.put(&edited(&session, |form| {
                form.remove("wake_at");
            }))),
            Some(Defect::OwnCreateIsRefused) => match stored? {
                Some(stored) => Err(StoreError::already_exists(BACKEND, stored)),
                None => self.sessions.create(new).await,
            },
            Some(Defect::RevisionRestarts) if is_absent => {
                let mut first_revisions = self.shared.first_revisions.lock();
                let first = *first_revisions.entry(key).or_insert(session.revision());
                Ok(self.put(&edited(&session, |form| {
                    form.insert("revision".to_owned(), json!(first));
                })))
            }
            Some(Defect::CutsLongKeys) => {
                let cut = |key: &SessionKey| key.encode().chars().take(100).collect::<String>();
                let other = self.all().await.into_iter().find(|other| {
                    let other = other.key();
                    *other != key && cut(other) == cut(&key)
                });
                match other {
                    Some(other) => Err(StoreError::already_exists(BACKEND, other)),
                    None => self.sessions.create(new).await,
                }
            }
            _ => self.sessions.create(new).await,
        }
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        if let Err(error) = self.reach(StoreOperation::Get) {
            return if self.is(Defect::UnreachableIsAbsent) {
                Ok(None)
            } else {
                Err(error)
            };
        }
        pause().await;
        if self.is(Defect::StaleCache)
            && let Some(session) = self.read.lock().get(key)
        {
            return Ok(Some(session.clone()));
        }
        let stored = self.sessions.get(key).await;
        if is_unreadable(&stored) {
            return match self.defect {
                Some(Defect::UnreadableIsAbsent) => Ok(None),
                Some(Defect::UnreadableHasNoKey) => {
                    Err(refused(stored.unwrap_err().kind(), StoreOperation::Get))
                }
                _ => stored,
            };
        }
        let session = match stored? {
            None if self.is(Defect::ReadsTheCleared) => self.shared.cleared.lock().get(key).cloned(),
            None => self.sessions.get(&self.other_key(key)).await?,
            Some(session) => Some(self.as_read(session)),
        };
        if let Some(session) = &session {
            self.read.lock().insert(key.clone(), session.clone());
        }
        Ok(session)
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.reach(StoreOperation::Update)?;
        pause().await;
        self.shared.updates.fetch_add(1, Ordering::SeqCst);
        let (key, updated) = (held.key(), change.apply(held));
        let stored = self.sessions.get(key).await;
        let revision = stored
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(Session::revision);
        match self.defect {
            Some(Defect::CleanupLocksOut) if self.shared.cleaning.load(Ordering::SeqCst) => {
                self.shared.locked_out.fetch_add(1, Ordering::SeqCst);
                Err(refused(StoreErrorKind::Unavailable, StoreOperation::Update))
            }
            Some(Defect::LosesTurnState) => {
                self.update_edited(held, change, |form| {
                    form.remove("turn");
                })
                .await
            }
            Some(Defect::ForgetsUnknownMembers) => {
                self.update_edited(held, change, |form| {
                    form.remove("mood");
                    form["turn"].as_object_mut().unwrap().remove("novelty");
                })
                .await
            }
            Some(Defect::KeepsUnsetFields) => {
                self.update_edited(held, change, |form| {
                    for name in change.fields_unset() {
                        if let Some(value) = held.data().get(name) {
                            form["data"][name.as_str()] = value.get().unwrap();
                        }
                    }
                })
                .await
            }
            Some(Defect::TimeGoesBack | Defect::ClockOfItsOwn) => {
                let time = if self.is(Defect::TimeGoesBack) {
                    change.at()
                } else {
                    SystemClock.now()
                };
                self.update_edited(held, change, |form| {
                    form.insert("updated_at".to_owned(), json!(time));
                })
                .await
            }
            Some(Defect::DrawsTheSame) => {
                self.update_edited(held, change, |form| {
                    let number = updated.revision().number();
                    form.insert("revision".to_owned(), json!(format!("{number:016x}{:016x}", 0)));
                })
                .await
            }
            Some(Defect::IgnoresTheRevision) if revision.is_some() => Ok(self.put(&updated)),
            Some(Defect::WritesInTwoParts) if revision == Some(held.revision()) => {
                self.put(&edited(held, |form| {
                    form.insert("data".to_owned(), json!(updated.data()));
                }));
                pause().await;
                Ok(self.put(&updated))
            }
            Some(Defect::UpdatesInTwoSteps) if revision == Some(held.revision()) => {
                self.second_step().await;
                Ok(self.put(&updated))
            }
            Some(Defect::ConflictIsStale) => self.sessions.update(held, change).await.map_err(|error| {
                if error.kind() == StoreErrorKind::Conflict {
                    StoreError::conflict(StoreOperation::Update, BACKEND, held.clone())
                } else {
                    error
                }
            }),
            Some(Defect::OwnUpdateIsAConflict) if revision == Some(updated.revision()) => {
                let stored = stored?.unwrap();
                Err(StoreError::conflict(StoreOperation::Update, BACKEND, stored))
            }
            Some(Defect::UpdateCreates) if matches!(stored, Ok(None)) => Ok(self.put(&updated)),
            Some(Defect::ComparesNumbers)
                if revision.map(Revision::number) == Some(held.revision().number()) =>
            {
                Ok(self.put(&updated))
            }
            Some(Defect::MeasuresTooLate) => {
                let answer = self.sessions.update(held, change).await;
                if matches!(&answer, Err(error) if error.kind() == StoreErrorKind::TooLarge) {
                    self.put(&updated);
                }
                answer
            }
            Some(Defect::UpdateOverwritesUnreadable) if is_unreadable(&stored) => Ok(self.put(&updated)),
            _ => self.sessions.update(held, change).await,
        }
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        if let Err(error) = self.reach(StoreOperation::Clear) {
            return if self.is(Defect::UnreachableIsCleared) {
                Ok(false)
            } else {
                Err(error)
            };
        }
        pause().await;
        let stored = self.sessions.get(key).await;
        if let Ok(Some(session)) = &stored {
            let mut cleared = self.shared.cleared.lock();
            cleared.insert(key.clone(), session.clone());
        }
        match self.defect {
            Some(Defect::ClearsNothing) => Ok(stored?.is_some()),
            Some(Defect::ClearsInTwoSteps) => match stored? {
                Some(session) if expected.is_none_or(|expected| expected == session.revision()) => {
                    self.second_step().await;
                    self.sessions.clear(key, None).await?;
                    Ok(true)
                }
                _ => self.sessions.clear(key, expected).await,
            },
            Some(Defect::ClearRefusesUnreadable) => {
                stored?;
                self.sessions.clear(key, expected).await
            }
            Some(Defect::ClearTakesUnreadable) if is_unreadable(&stored) => {
                self.sessions.clear(key, None).await
            }
            Some(Defect::ClearComparesTheFirst) => match stored? {
                Some(session) if expected.is_some_and(|expected| expected.number() > 1) => {
                    Err(StoreError::conflict(StoreOperation::Clear, BACKEND, session))
                }
                _ => self.sessions.clear(key, expected).await,
            },
            Some(Defect::ClearIgnoresExpected) => self.sessions.clear(key, None).await,
            Some(Defect::ClearOfNothingIsTrue) => {
                self.sessions.clear(key, expected).await?;
                Ok(true)
            }
            Some(Defect::ClearTakesSiblings) => {
                self.remove_where(|session| session.key().user() == key.user())
                    .await;
                Ok(stored?.is_some())
            }
            _ => self.sessions.clear(key, expected).await,
        }
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.reach(StoreOperation::Cleanup)?;
        pause().await;
        let sleeps = |session: &Session| session.wake_at().is_none();
        let before = |session: &Session, cutoff: Option<Timestamp>| {
            sleeps(session) && cutoff.is_some_and(|cutoff| session.updated_at() < cutoff)
        };
        let removed = match self.defect {
            Some(Defect::CleanupOffByOne) => {
                self.remove_where(|session| {
                    let cutoff = policy.cutoff(session.key().scope());
                    sleeps(session) && cutoff.is_some_and(|cutoff| session.updated_at() <= cutoff)
                })
                .await
            }
            Some(Defect::CleanupByCreation) => {
                self.remove_where(|session| {
                    let cutoff = policy.cutoff(session.key().scope());
                    sleeps(session) && cutoff.is_some_and(|cutoff| session.created_at() < cutoff)
                })
                .await
            }
            Some(Defect::CleanupByItsOwnClock) => {
                self.remove_where(|session| before(session, Some(SystemClock.now())))
                    .await
            }
            Some(Defect::CleanupIgnoresScopes) => {
                self.remove_where(|session| before(session, policy.default_cutoff()))
                    .await
            }
            Some(Defect::CleanupIgnoresKept) => {
                self.remove_where(|session| {
                    let cutoff = policy.cutoff(session.key().scope());
                    before(session, cutoff.or(policy.default_cutoff()))
                })
                .await
            }
            Some(Defect::CleanupIgnoresWakeTime) => {
                self.remove_where(|session| {
                    let cutoff = policy.cutoff(session.key().scope());
                    cutoff.is_some_and(|cutoff| session.updated_at() < cutoff)
                })
                .await
            }
            Some(Defect::CleanupStopsAtUnreadable) => {
                let filter = ScanFilter::default();
                let page = self.sessions.scan(&filter, None, usize::MAX).await?;
                if let Some(error) = page.unreadable.into_iter().next() {
                    return Err(error);
                }
                self.remove_where(|session| policy.is_idle(session)).await
            }
            Some(Defect::CleanupInTwoSteps) => {
                let mut removed = 0;
                let updates = self.shared.updates.load(Ordering::SeqCst);
                let found = self.all().await;
                wait_for(&self.shared.updates, updates + 2).await;
                for session in found {
                    if policy.is_idle(&session) {
                        removed += u64::from(self.sessions.clear(session.key(), None).await?);
                    }
                }
                removed
            }
            Some(Defect::CleanupLocksOut) => {
                self.shared.cleaning.store(true, Ordering::SeqCst);
                wait_for(&self.shared.locked_out, 1).await;
                let report = self.sessions.cleanup(policy).await;
                self.shared.cleaning.store(false, Ordering::SeqCst);
                report?.removed
            }
            Some(Defect::CleanupCountsAll) => {
                let all = self.all().await.len() as u64;
                self.sessions.cleanup(policy).await?;
                all
            }
            _ => self.sessions.cleanup(policy).await?.removed,
        };
        Ok(CleanupReport::removed(removed))
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        if let Err(error) = self.reach(StoreOperation::Scan) {
            return if self.is(Defect::UnreachableIsEmpty) {
                Ok(ScanPage::default())
            } else {
                Err(error)
            };
        }
        pause().await;
        let mut filter = filter.clone();
        match self.defect {
            Some(Defect::ScanIgnoresScope) => filter.scope = None,
            Some(Defect::ScanIgnoresAge) => filter.updated_before = None,
            Some(Defect::ScanIgnoresDue) => {
                filter.due_at = filter.due_at.map(|_| Timestamp::from_millis(i64::MAX));
            }
            _ => {}
        }
        match self.defect {
            Some(Defect::ScanSkips) => {
                let step = limit.saturating_add(1);
                Ok(self.scan_by_count(&filter, after, limit, step).await)
            }
            Some(Defect::ScanRepeats) => {
                let step = limit.saturating_sub(1).max(1);
                Ok(self.scan_by_count(&filter, after, limit, step).await)
            }
            Some(Defect::ScanCounts) => Ok(self.scan_by_count(&filter, after, limit, limit).await),
            Some(Defect::CursorOfOneHandle) => {
                let invalid = || refused(StoreErrorKind::Invalid, StoreOperation::Scan);
                let own = format!("{}|", self.handle);
                let after = after
                    .map(|cursor| {
                        let inner = cursor.as_str().strip_prefix(&own);
                        inner.map(ScanCursor::new).ok_or_else(invalid)
                    })
                    .transpose()?;
                let mut page = self.sessions.scan(&filter, after, limit).await?;
                page.next = page
                    .next
                    .map(|cursor| ScanCursor::new(format!("{own}{}", cursor.as_str())));
                Ok(page)
            }
            Some(Defect::ScanStopsAtUnreadable) => {
                let mut page = self.sessions.scan(&filter, after, limit).await?;
                match page.unreadable.pop() {
                    Some(error) => Err(error),
                    None => Ok(page),
                }
            }
            Some(Defect::ScanHidesUnreadable) => {
                let mut page = self.sessions.scan(&filter, after, limit).await?;
                page.unreadable.clear();
                Ok(page)
            }
            Some(Defect::PagesTooLong) => {
                let limit = limit.saturating_add(1);
                self.sessions.scan(&filter, after, limit).await
            }
            Some(Defect::RefusesLongPages) if limit > 1 << 31 => {
                Err(refused(StoreErrorKind::Invalid, StoreOperation::Scan))
            }
            Some(Defect::TakesAnyCursor) => {
                let answer = self.sessions.scan(&filter, after, limit).await;
                match answer {
                    Err(_) if limit > 0 => self.sessions.scan(&filter, None, limit).await,
                    answer => answer,
                }
            }
            Some(Defect::TakesPagesOfNone) if limit == 0 => Ok(ScanPage::default()),
            _ => self.sessions.scan(&filter, after, limit).await,
        }
    }
}
