//! Makes the operations of a store again where that is safe.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use super::forward_administration;
use crate::change::SessionChange;
use crate::error::{Retry, StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SessionStore};

/// A store that makes an operation again when its error says that this is safe, and that clears up what became of a
/// write whose answer was lost.
///
/// After a lost answer the session is read back. Its revision tells whose commit it is, so the caller gets the success
/// that it missed, or the write is made again, or somebody else was faster and it is a true conflict. Where the session
/// went on so far that nobody can tell any more, the error stays `Indeterminate`; a conflict against its own success is
/// never reported.
///
/// A [`cleanup`](SessionStore::cleanup) is not made again here: it comes again by itself, and its count would be wrong.
#[derive(Clone, Debug)]
pub struct WithRetry<S> {
    inner: S,
    policy: RetryPolicy,
}

/// How often and how long an operation is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often at most, the first time included.
    pub attempts: u32,
    /// The pause after the first attempt. Each further one is twice as long; by chance up to twice that is waited.
    pub first_pause: Duration,
    /// The longest pause, before chance.
    pub longest_pause: Duration,
    /// How long after the first attempt another one may begin.
    pub total: Duration,
}

impl Default for RetryPolicy {
    /// 5 attempts within 15 s, with pauses from 50 ms to 1 s.
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
            total: Duration::from_secs(15),
        }
    }
}

/// What a session, read back after a lost answer, says about the write.
enum Settled<T> {
    /// It happened.
    Happened(T),
    /// It did not; made again now, it would.
    NotYet,
    /// It did not, and it can't any more.
    Never(StoreError),
    /// The session went on too far to tell.
    Unclear,
}

/// The pauses of one operation.
struct Pace {
    pauses: ExponentialBackoff,
    give_up_at: Instant,
}

impl Pace {
    /// Waits for the next attempt; `false` when there shall be none.
    async fn pause(&mut self, error: &StoreError) -> bool {
        let Some(pause) = self.pauses.next() else {
            return false;
        };
        if Instant::now() + pause > self.give_up_at {
            return false;
        }
        ::tracing::debug!(
            error = error as &dyn std::error::Error,
            ?pause,
            "a store operation is made again"
        );
        tokio::time::sleep(pause).await;
        true
    }
}

impl<S> WithRetry<S> {
    /// Makes this store's operations again by this policy.
    pub fn new(inner: S, policy: RetryPolicy) -> Self {
        Self { inner, policy }
    }

    fn pace(&self) -> Pace {
        let RetryPolicy {
            attempts,
            first_pause,
            longest_pause,
            total,
        } = self.policy;
        let pauses = ExponentialBuilder::new()
            .with_min_delay(first_pause)
            .with_max_delay(longest_pause)
            .with_max_times(usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX))
            .with_jitter()
            .build();
        Pace {
            pauses,
            give_up_at: Instant::now() + total,
        }
    }
}

/// Makes a read again as long as its errors say that it is safe.
async fn read<T, F>(pace: &mut Pace, call: impl Fn() -> F + Send) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>> + Send,
{
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if error.retry() != Retry::Safe || !pace.pause(&error).await {
            return Err(error);
        }
    }
}

impl<S: SessionStore> WithRetry<S> {
    /// Makes a write until it is known what became of it. `settle` says it from the session as it is stored.
    async fn write<F>(
        &self,
        key: &SessionKey,
        call: impl Fn() -> F + Send,
        settle: impl Fn(Option<&Session>, &StoreError) -> Settled<Session> + Send,
    ) -> Result<Session, StoreError>
    where
        F: Future<Output = Result<Session, StoreError>> + Send,
    {
        let mut pace = self.pace();
        // The error of an earlier attempt that may have happened after all.
        let mut lost: Option<StoreError> = None;
        loop {
            let error = match call().await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            match error.retry() {
                Retry::Never => {
                    let Some(lost) = lost else { return Err(error) };
                    return match error.current().map(|current| settle(Some(current), &error)) {
                        Some(Settled::Happened(session)) => Ok(session),
                        Some(Settled::Unclear) => Err(lost),
                        Some(Settled::NotYet | Settled::Never(_)) | None => Err(error),
                    };
                }
                Retry::Safe => {
                    if !pace.pause(&error).await {
                        return Err(lost.unwrap_or(error));
                    }
                }
                Retry::AfterReadingBack => {
                    if !pace.pause(&error).await {
                        return Err(error);
                    }
                    let Ok(stored) = read(&mut pace, || self.inner.get(key)).await else {
                        return Err(error);
                    };
                    match settle(stored.as_ref(), &error) {
                        Settled::Happened(session) => return Ok(session),
                        Settled::NotYet => lost = Some(error),
                        Settled::Never(error) => return Err(error),
                        Settled::Unclear => return Err(error),
                    }
                }
            }
        }
    }
}

fn settle_create(new: &Session, stored: Option<&Session>, error: &StoreError) -> Settled<Session> {
    match stored {
        None => Settled::NotYet,
        Some(stored) if stored.revision() == new.revision() => Settled::Happened(stored.clone()),
        Some(stored) if may_have_come_from(new, stored) => Settled::Unclear,
        Some(stored) => Settled::Never(StoreError::already_exists(error.backend(), stored.clone())),
    }
}

fn settle_update(
    held: &Session,
    change: &SessionChange,
    stored: Option<&Session>,
    error: &StoreError,
) -> Settled<Session> {
    let Some(stored) = stored else {
        let not_found = StoreError::new(StoreErrorKind::NotFound, StoreOperation::Update, error.backend());
        return Settled::Never(not_found.with_key(held.key()));
    };
    let updated = change.apply(held);
    if stored.revision() == updated.revision() {
        Settled::Happened(stored.clone())
    } else if stored.revision() == held.revision() {
        Settled::NotYet
    } else if may_have_come_from(&updated, stored) {
        Settled::Unclear
    } else {
        let operation = StoreOperation::Update;
        Settled::Never(StoreError::conflict(operation, error.backend(), stored.clone()))
    }
}

/// Whether the stored session may be what others made of `ours`: it has more commits, and was created at the same time.
/// A session that was cleared and created again has nothing of ours, so making the change anew doubles nothing.
fn may_have_come_from(ours: &Session, stored: &Session) -> bool {
    stored.revision().number() > ours.revision().number() && stored.created_at() == ours.created_at()
}

#[async_trait]
impl<S: SessionStore> SessionStore for WithRetry<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let session = new.session();
        let new = &new;
        self.write(
            session.key(),
            || self.inner.create(new.clone()),
            |stored, error| settle_create(&session, stored, error),
        )
        .await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        read(&mut self.pace(), || self.inner.get(key)).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.write(
            held.key(),
            || self.inner.update(held, change),
            |stored, error| settle_update(held, change, stored, error),
        )
        .await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut pace = self.pace();
        let mut lost: Option<StoreError> = None;
        loop {
            // A clear that is made again is its own reading back: revisions never repeat, so a conditional one can't hit
            // a session that came after, and an unconditional one means whatever is there.
            let error = match self.inner.clear(key, expected).await {
                Ok(removed) => return Ok(removed || lost.is_some()),
                Err(error) => error,
            };
            if error.retry() == Retry::Never {
                return Err(error);
            }
            if !pace.pause(&error).await {
                return Err(lost.unwrap_or(error));
            }
            if error.retry() == Retry::AfterReadingBack {
                lost = Some(error);
            }
        }
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
        read(&mut self.pace(), || self.inner.scan(filter, after.clone(), limit)).await
    }
}

forward_administration!(WithRetry);
