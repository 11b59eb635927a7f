//! The session of an update: read when a handler looks at it, and written once when the handlers are done.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::session_step::SessionStepError;
use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::error::StoreError;
use crate::key::SessionKey;
use crate::session::{NewSession, Session};
use crate::store::SessionStore;

/// The session of the update that is handled. It is cheap to clone, and all clones are one.
///
/// The store is read once, when the first handler looks. What handlers change is collected, and
/// [`SessionStep`](super::SessionStep) commits it by one write when they are done.
#[derive(Clone)]
pub struct SessionHandle(Arc<Parts>);

struct Parts {
    store: Arc<dyn SessionStore>,
    key: SessionKey,
    at: Timestamp,
    stored: OnceCell<Option<Session>>,
    collected: Mutex<Collected>,
}

/// What is to become of the session.
#[derive(Debug)]
enum Collected {
    Nothing,
    Change(Box<SessionChange>),
    Clear,
    /// The handlers are done.
    Closed,
}

impl SessionHandle {
    pub(super) fn new(store: Arc<dyn SessionStore>, key: SessionKey, at: Timestamp) -> Self {
        Self(Arc::new(Parts {
            store,
            key,
            at,
            stored: OnceCell::new(),
            collected: Mutex::new(Collected::Nothing),
        }))
    }

    /// Whose session it is.
    pub fn key(&self) -> &SessionKey {
        &self.0.key
    }

    /// The session with all that was changed so far; `None` when there positively is none.
    ///
    /// The first call reads; the others don't, unless that one failed.
    ///
    /// # Errors
    /// Those of [`SessionStore::get`].
    ///
    /// # Cancellation
    /// Dropping the future does nothing.
    pub async fn get(&self) -> Result<Option<Session>, StoreError> {
        let stored = self.stored().await?;
        Ok(match (&*self.0.collected.lock(), stored) {
            (Collected::Nothing | Collected::Closed, stored) => stored.cloned(),
            (Collected::Change(change), Some(stored)) => Some(change.apply(stored)),
            (Collected::Change(change), None) => {
                Some(NewSession::new(self.0.key.clone(), (**change).clone()).session())
            }
            (Collected::Clear, _) => None,
        })
    }

    /// Adds to the change that is committed when the handlers are done; it takes back [`clear`](Self::clear). Nothing is
    /// read or written yet. Where there is no session, the change makes one.
    ///
    /// Answers `false`, and changes nothing, when the handlers are done already: in a task that outlives them. `add` runs
    /// while the handle is held, so it must not use the handle itself.
    pub fn change(&self, add: impl FnOnce(SessionChange) -> SessionChange) -> bool {
        let mut collected = self.0.collected.lock();
        let change = match &*collected {
            Collected::Nothing | Collected::Clear => SessionChange::new(self.0.at),
            Collected::Change(change) => (**change).clone(),
            Collected::Closed => return false,
        };
        *collected = Collected::Change(Box::new(add(change)));
        true
    }

    /// Removes the session when the handlers are done, and drops what was changed before.
    ///
    /// Answers `false`, and changes nothing, when they are done already.
    pub fn clear(&self) -> bool {
        let mut collected = self.0.collected.lock();
        let open = !matches!(*collected, Collected::Closed);
        if open {
            *collected = Collected::Clear;
        }
        open
    }

    async fn stored(&self) -> Result<Option<&Session>, StoreError> {
        let Parts {
            store, key, stored, ..
        } = &*self.0;
        let stored = stored.get_or_try_init(|| store.get(key)).await?;
        Ok(stored.as_ref())
    }

    /// Writes nothing from now on.
    pub(super) fn close(&self) {
        *self.0.collected.lock() = Collected::Closed;
    }

    /// Writes what was collected, in one write and for what was read.
    pub(super) async fn commit(&self) -> Result<(), SessionStepError> {
        let Parts { store, key, .. } = &*self.0;
        let collected = std::mem::replace(&mut *self.0.collected.lock(), Collected::Closed);
        let committed = match collected {
            Collected::Nothing | Collected::Closed => Ok(()),
            Collected::Change(change) => {
                let stored = self.stored().await.map_err(SessionStepError::Store)?;
                let written = match stored {
                    Some(held) => store.update(held, &change).await,
                    None => store.create(NewSession::new(key.clone(), *change)).await,
                };
                written.map(|_| ())
            }
            Collected::Clear => {
                let stored = self.stored().await.map_err(SessionStepError::Store)?;
                match stored {
                    Some(held) => store.clear(key, Some(held.revision())).await.map(|_| ()),
                    None => Ok(()),
                }
            }
        };
        committed.map_err(|error| SessionStepError::of_store(key, error))
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionHandle")
            .field("key", &self.0.key)
            .field("stored", &self.0.stored.get())
            .finish_non_exhaustive()
    }
}
