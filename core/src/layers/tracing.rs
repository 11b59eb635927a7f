//! Tells what a store does, and how long it took.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Level, Span};

use super::forward_administration;
use super::slowness::{Slowness, event_at};
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind, StoreOperation};
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, CleanupReport, ScanCursor, ScanFilter, ScanPage, SessionStore};

/// A store that emits a `tracing` event for every operation, in a span with the operation, the backend, and the chat
/// and the person that it is about. Never any data. Whoever else wants to know is told by [`StoreObserver`].
///
/// An operation as it should be is told at debug level; the slower it was, the louder. What a store should not answer
/// (all errors but a conflict, an absence, and one that exists already) is a warning at least.
///
/// The span is at debug level too: most operations are told nobody, and a span that nobody sees costs next to nothing.
/// An event that is louder carries the fields of the span itself.
#[derive(Clone, Debug)]
pub struct WithTracing<S> {
    inner: S,
    backend: &'static str,
    slowness: Slowness,
    observer: Option<Arc<dyn StoreObserver>>,
}

/// Is told of every operation of a store: for metrics, or a page that shows what goes on.
pub trait StoreObserver: fmt::Debug + Send + Sync + 'static {
    /// An operation ended. Called on the operation's task and within its span, so it must be quick, and must not block.
    fn store_operation_finished(&self, operation: &StoreOperationFinished<'_>);
}

/// An operation of a store that ended. One whose future is dropped never does.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StoreOperationFinished<'a> {
    /// What was done.
    pub operation: StoreOperation,
    /// The store's name as operators know it.
    pub backend: &'static str,
    /// Whose session it was about, if about one.
    pub key: Option<&'a SessionKey>,
    /// How long it took.
    pub duration: Duration,
    /// What went wrong. A conflict, an absence and one that exists already are among it, and are nobody's fault.
    pub error: Option<&'a StoreError>,
}

impl StoreOperationFinished<'_> {
    /// This operation, about no session in particular, went well.
    pub const fn new(operation: StoreOperation, backend: &'static str, duration: Duration) -> Self {
        Self {
            operation,
            backend,
            key: None,
            duration,
            error: None,
        }
    }

    /// How it ended, as a stable word: `ok`, or the kind of the error.
    pub fn outcome(&self) -> &'static str {
        self.error.map_or("ok", |error| error.kind().as_str())
    }
}

impl<S> WithTracing<S> {
    /// Tells what this store does. `backend` is its name as operators know it, such as `sqlite`.
    pub fn new(inner: S, backend: &'static str, slowness: Slowness) -> Self {
        Self {
            inner,
            backend,
            slowness,
            observer: None,
        }
    }

    /// The same, and this observer is told of every operation too.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn StoreObserver>) -> Self {
        Self {
            observer: Some(observer),
            ..self
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
        let span = ::tracing::debug_span!(
            "store",
            operation = operation.as_str(),
            backend = self.backend,
            chat_id = key.map(|key| key.chat().0),
            user_id = key.map(|key| key.user().0),
            revision = Empty,
        );
        let started = Instant::now();
        let result = call.instrument(span.clone()).await;
        let duration = started.elapsed();
        span.in_scope(|| {
            self.tell(&span, operation, key, duration, &result);
            if let Some(observer) = &self.observer {
                observer.store_operation_finished(&StoreOperationFinished {
                    operation,
                    backend: self.backend,
                    key,
                    duration,
                    error: result.as_ref().err(),
                });
            }
        });
        result
    }

    fn tell<T: Told>(
        &self,
        span: &Span,
        operation: StoreOperation,
        key: Option<&SessionKey>,
        duration: Duration,
        result: &Result<T, StoreError>,
    ) {
        let level = self.slowness.level(duration);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let revision = match result {
            Ok(answer) => answer.revision(),
            Err(error) => error.current().map(Session::revision),
        };
        let revision = revision.map(Revision::number);
        if let Some(revision) = revision {
            span.record("revision", revision);
        }
        let outcome = result.as_ref().err().map_or("ok", |error| error.kind().as_str());
        let failure = result.as_ref().err().filter(|error| !is_an_answer(error.kind()));
        if failure.is_none() && level == Level::DEBUG {
            ::tracing::debug!(outcome, duration_ms, "store operation");
            return;
        }
        let (operation, backend) = (operation.as_str(), self.backend);
        let (chat_id, user_id) = (key.map(|key| key.chat().0), key.map(|key| key.user().0));
        match failure {
            None => event_at!(
                level,
                operation,
                backend,
                chat_id,
                user_id,
                revision,
                outcome,
                duration_ms,
                "store operation"
            ),
            Some(error) => {
                let error = error as &dyn std::error::Error;
                // Levels are ordered from the loudest to the quietest.
                event_at!(
                    level.min(Level::WARN),
                    operation,
                    backend,
                    chat_id,
                    user_id,
                    revision,
                    outcome,
                    duration_ms,
                    error,
                    "store operation failed"
                );
            }
        }
    }
}

/// Whether the store did what it is for: to say that somebody else was faster, say.
fn is_an_answer(error: StoreErrorKind) -> bool {
    matches!(
        error,
        StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists
    )
}

/// An answer of a store, with what is told about it.
trait Told {
    /// That of the session that was answered, if one was.
    fn revision(&self) -> Option<Revision> {
        None
    }
}

impl Told for Session {
    fn revision(&self) -> Option<Revision> {
        Some(Self::revision(self))
    }
}

impl Told for Option<Session> {
    fn revision(&self) -> Option<Revision> {
        self.as_ref().map(Session::revision)
    }
}

impl Told for bool {}

impl Told for CleanupReport {}

impl Told for ScanPage {}

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
