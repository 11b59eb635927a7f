//! Tells what a store does, and how long it took.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Level, Span};

use super::forward_administration;
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SessionStore};

/// A store that emits a `tracing` event for every operation, in a span with the operation, the backend, and the chat
/// and the person that it is about. Never any data.
///
/// An operation as it should be is told at debug level; the slower it was, the louder. What a store should not answer
/// (all errors but a conflict, an absence, and one that exists already) is a warning at least.
#[derive(Clone, Debug)]
pub struct WithTracing<S> {
    inner: S,
    backend: &'static str,
    slowness: Slowness,
}

/// From which duration on an operation is told at which level; below all, at debug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    /// At info.
    pub info: Duration,
    /// At warn.
    pub warn: Duration,
    /// At error.
    pub error: Duration,
}

impl Default for Slowness {
    /// 1 s, 2 s and 5 s.
    fn default() -> Self {
        Self {
            info: Duration::from_secs(1),
            warn: Duration::from_secs(2),
            error: Duration::from_secs(5),
        }
    }
}

impl Slowness {
    fn level(&self, duration: Duration) -> Level {
        if duration >= self.error {
            Level::ERROR
        } else if duration >= self.warn {
            Level::WARN
        } else if duration >= self.info {
            Level::INFO
        } else {
            Level::DEBUG
        }
    }
}

/// An event at a level that is known at run time only.
macro_rules! event {
    ($level:expr, $($fields:tt)*) => {
        match $level {
            Level::ERROR => ::tracing::error!($($fields)*),
            Level::WARN => ::tracing::warn!($($fields)*),
            Level::INFO => ::tracing::info!($($fields)*),
            _ => ::tracing::debug!($($fields)*),
        }
    };
}

impl<S> WithTracing<S> {
    /// Tells what this store does. `backend` is its name as operators know it, such as `sqlite`.
    pub fn new(inner: S, backend: &'static str, slowness: Slowness) -> Self {
        Self {
            inner,
            backend,
            slowness,
        }
    }
}

impl<S: Sync> WithTracing<S> {
    async fn told<T: Told>(
        &self,
        operation: StoreOperation,
        key: Option<&SessionKey>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        // At the error level, so that the span is there for every event that is let through.
        let span = ::tracing::error_span!(
            "store",
            operation = operation.as_str(),
            backend = self.backend,
            chat_id = key.map(|key| key.chat().0),
            user_id = key.map(|key| key.user().0),
            revision = Empty,
        );
        async {
            let started = Instant::now();
            let result = call.await;
            self.tell(started.elapsed(), &result);
            result
        }
        .instrument(span)
        .await
    }

    fn tell<T: Told>(&self, duration: Duration, result: &Result<T, StoreError>) {
        let level = self.slowness.level(duration);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match result {
            Ok(answer) => {
                answer.record(&Span::current());
                event!(level, outcome = "ok", duration_ms, "store operation");
            }
            Err(error) => {
                if let Some(current) = error.current() {
                    current.record(&Span::current());
                }
                let outcome = error.kind().as_str();
                match error.kind() {
                    StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists => {
                        event!(level, outcome, duration_ms, "store operation");
                    }
                    _ => {
                        // Levels are ordered from the loudest to the quietest.
                        let error = error as &dyn std::error::Error;
                        event!(
                            level.min(Level::WARN),
                            outcome,
                            duration_ms,
                            error,
                            "store operation failed"
                        );
                    }
                }
            }
        }
    }
}

/// An answer of a store, with what is told about it.
trait Told {
    fn record(&self, span: &Span);
}

impl Told for Session {
    fn record(&self, span: &Span) {
        span.record("revision", self.revision().number());
    }
}

impl Told for Option<Session> {
    fn record(&self, span: &Span) {
        if let Some(session) = self {
            session.record(span);
        }
    }
}

impl Told for bool {
    fn record(&self, _: &Span) {}
}

impl Told for CleanupReport {
    fn record(&self, _: &Span) {}
}

impl Told for ScanPage {
    fn record(&self, _: &Span) {}
}

#[async_trait]
impl<S: SessionStore> SessionStore for WithTracing<S> {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let key = new.key().clone();
        self.told(StoreOperation::Create, Some(&key), self.inner.create(new))
            .await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.told(StoreOperation::Get, Some(key), self.inner.get(key))
            .await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = self.inner.update(held, change);
        self.told(StoreOperation::Update, Some(held.key()), call).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = self.inner.clear(key, expected);
        self.told(StoreOperation::Clear, Some(key), call).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.told(StoreOperation::Cleanup, None, self.inner.cleanup(policy))
            .await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let call = self.inner.scan(filter, after, limit);
        self.told(StoreOperation::Scan, None, call).await
    }
}

forward_administration!(WithTracing);
