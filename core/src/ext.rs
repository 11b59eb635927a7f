//! What every store can do, made of the six methods that it has.

use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind};
use crate::key::SessionKey;
use crate::session::{NewSession, Session};
use crate::store::{ScanFilter, SessionStore};

/// How often a change is made again after somebody else was faster.
const MAX_RERUNS: u32 = 16;

/// How many of them are made at once, on the session that came with the conflict.
const RERUNS_AT_ONCE: u32 = 3;

const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How many sessions are read at a time by a scan of all.
const PAGE: usize = 200;

/// Conveniences on every store, also on `dyn SessionStore`. They come with the trait and can't be implemented anew.
pub trait SessionStoreExt: SessionStore {
    /// Changes a session of which the caller holds nothing: reads it, makes the change, and updates. When somebody else
    /// was faster, makes the change anew from what they left.
    ///
    /// The first times the change is made again at once, from the session that came with the conflict, so no further
    /// read is needed. When that goes on, it waits a moment, by chance a longer or shorter one, and reads again, since
    /// what came with the conflict is out of date by then.
    ///
    /// ```
    /// # use stepkeep_core::{BotId, MemoryStorage, NewSession, SessionKey, Timestamp, UserId};
    /// use std::convert::Infallible;
    /// use stepkeep_core::{FieldName, FieldValue, SessionChange, SessionStoreExt};
    ///
    /// # let now = || Timestamp::from_millis(1_000);
    /// # let store = MemoryStorage::new();
    /// # let key = SessionKey::private(BotId(7), UserId(42));
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # store.get_or_create(&key, || SessionChange::new(now())).await?;
    /// let session = store
    ///     .modify(&key, |session| {
    ///         let count: u32 = session.field("count").and_then(|count| count.get().ok()).unwrap_or(0);
    ///         let count = FieldValue::from_json_value(&(count + 1).into());
    ///         Ok::<_, Infallible>(SessionChange::new(now()).set(FieldName::constant("count"), count))
    ///     })
    ///     .await?;
    /// assert_eq!(session.field("count").map(FieldValue::json), Some("1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ModifyError`].
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the change happened; it happens whole or not at all.
    fn modify<E, F>(
        &self,
        key: &SessionKey,
        change: F,
    ) -> impl Future<Output = Result<Session, ModifyError<E>>> + Send
    where
        E: Send,
        F: FnMut(&Session) -> Result<SessionChange, E> + Send;

    /// The session under a key; when there is none, the one that the change makes of nothing.
    ///
    /// # Errors
    /// Those of [`get`](SessionStore::get) and [`create`](SessionStore::create), but never `AlreadyExists`.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether a session was created.
    fn get_or_create<F>(
        &self,
        key: &SessionKey,
        change: F,
    ) -> impl Future<Output = Result<Session, StoreError>> + Send
    where
        F: FnOnce() -> SessionChange + Send;

    /// All sessions that a filter lets through, read page by page as the stream is polled, with the promises of
    /// [`scan`](SessionStore::scan).
    ///
    /// An error ends the stream; a record that can't be read doesn't.
    fn scan_all(&self, filter: ScanFilter) -> impl Stream<Item = Result<Scanned, StoreError>> + Send;
}

/// What a scan of all came across.
#[derive(Debug)]
pub enum Scanned {
    /// A session.
    Session(Session),
    /// A record that can't be read: `Corrupt` or `TooNew`.
    Unreadable(StoreError),
}

/// A session that was not modified; after an `Indeterminate` error of the store it may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModifyError<E> {
    /// There is no session.
    #[error("there is no session {key}")]
    NotFound {
        /// Whose it would be.
        key: SessionKey,
    },
    /// The change could not be made.
    #[error("the change was refused: {0}")]
    Refused(E),
    /// Others were faster every time.
    #[error("the session {key} was changed by others {MAX_RERUNS} times while it was to be modified")]
    Contention {
        /// Whose session.
        key: SessionKey,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl<S: SessionStore + ?Sized> SessionStoreExt for S {
    async fn modify<E, F>(&self, key: &SessionKey, mut change: F) -> Result<Session, ModifyError<E>>
    where
        E: Send,
        F: FnMut(&Session) -> Result<SessionChange, E> + Send,
    {
        let not_found = || ModifyError::NotFound { key: key.clone() };
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(SHORTEST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .without_max_times()
            .with_jitter()
            .build();
        let mut held = self.get(key).await?.ok_or_else(not_found)?;
        for rerun in 1..=MAX_RERUNS {
            let change = change(&held).map_err(ModifyError::Refused)?;
            let error = match self.update(&held, &change).await {
                Ok(session) => return Ok(session),
                Err(error) => error,
            };
            held = match error.kind() {
                StoreErrorKind::NotFound => return Err(not_found()),
                StoreErrorKind::Conflict => match error.current() {
                    Some(current) if rerun <= RERUNS_AT_ONCE => current.clone(),
                    _ => {
                        tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
                        self.get(key).await?.ok_or_else(not_found)?
                    }
                },
                _ => return Err(error.into()),
            };
        }
        Err(ModifyError::Contention { key: key.clone() })
    }

    async fn get_or_create<F>(&self, key: &SessionKey, change: F) -> Result<Session, StoreError>
    where
        F: FnOnce() -> SessionChange + Send,
    {
        if let Some(session) = self.get(key).await? {
            return Ok(session);
        }
        match self.create(NewSession::new(key.clone(), change())).await {
            Err(error) if error.kind() == StoreErrorKind::AlreadyExists => {
                error.current().cloned().ok_or(error)
            }
            result => result,
        }
    }

    fn scan_all(&self, filter: ScanFilter) -> impl Stream<Item = Result<Scanned, StoreError>> + Send {
        let pages = stream::try_unfold(Some(None), move |after| {
            let filter = filter.clone();
            async move {
                let Some(after) = after else { return Ok(None) };
                let page = self.scan(&filter, after, PAGE).await?;
                let scanned = page.sessions.into_iter().map(Scanned::Session);
                let unreadable = page.unreadable.into_iter().map(Scanned::Unreadable);
                let scanned: Vec<_> = scanned.chain(unreadable).map(Ok).collect();
                Ok::<_, StoreError>(Some((stream::iter(scanned), page.next.map(Some))))
            }
        });
        pages.try_flatten().boxed()
    }
}
