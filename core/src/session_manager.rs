//! Sessions with data of the program's own type, for those who don't use the turn engine.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::change::SessionChange;
use crate::clock::{Clock, SystemClock};
use crate::error::{StoreError, StoreErrorKind};
use crate::ext::{ModifyError, SessionStoreExt};
use crate::flow::FlowError;
use crate::history::StepBack;
use crate::key::SessionKey;
use crate::name::StepName;
use crate::session::{NewSession, Position, Session};
use crate::session_stats::SessionStats;
use crate::store::{CleanupPolicy, CleanupReport, SessionStore};
use crate::turn_state::RecordedError;
use crate::typed::{self, DataError};

/// Creates, reads, changes and clears sessions on any store, with data of a type of your own.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use stepkeep_core::{
///     BotId, FlowError, FlowName, MemoryStorage, Position, SessionKey, SessionManager, StepName, UserId,
/// };
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Order {
///     city: String,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let sessions = SessionManager::new(MemoryStorage::new());
/// let key = SessionKey::private(BotId(7), UserId(42));
/// let at = Position {
///     flow: FlowName::constant("order"),
///     version: 1,
///     step: StepName::constant("city"),
/// };
/// sessions.create_session(&key, at, Order { city: String::new() }).await?;
///
/// // The closure runs again when another process was faster.
/// sessions
///     .update_session(&key, |draft: &mut stepkeep_core::SessionDraft<Order>| {
///         draft.data.city = "Austin".to_owned();
///         draft.go_to_step(StepName::constant("zip"));
///     })
///     .await?;
///
/// // The step went wrong: back, with the data that the step before had.
/// let reason = FlowError::new("rates_unavailable", "the carrier does not answer");
/// let reverted = sessions.revert_to_previous_step(&key, &reason).await?;
/// assert!(reverted.went_back);
///
/// let session = sessions.get_session::<Order>(&key).await?.expect("it was created above");
/// assert_eq!(session.data.city, "");
/// assert_eq!(session.session.step(), Some(&StepName::constant("city")));
/// assert!(sessions.clear_session(&key).await?);
/// # Ok::<(), stepkeep_core::SessionError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionManager<S> {
    store: S,
    clock: Arc<dyn Clock>,
}

/// A session with its data as the program's own type.
#[derive(Clone, Debug)]
pub struct TypedSession<T> {
    /// The session.
    pub session: Session,
    /// Its data.
    pub data: T,
}

/// What a session is to become.
#[derive(Clone, Debug)]
pub struct SessionDraft<T> {
    /// The data.
    pub data: T,
    position: Option<Position>,
}

/// What became of going a step back.
#[derive(Clone, Debug)]
pub struct Reverted {
    /// The session as it is now.
    pub session: Session,
    /// Whether there was a step to go back to. If not, the reason was recorded, and nothing else changed.
    pub went_back: bool,
}

/// A session that could not be read or changed; after an `Indeterminate` error of the store it may have been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// There is no session.
    #[error("there is no session {key}")]
    NotFound {
        /// Whose it would be.
        key: SessionKey,
    },
    /// There is a session already.
    #[error("there is a session {key} already")]
    AlreadyExists {
        /// Whose it is.
        key: SessionKey,
    },
    /// The data doesn't fit its type.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Others were faster every time.
    #[error("the session {key} was changed by others every time that it was to be changed")]
    Contention {
        /// Whose session.
        key: SessionKey,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
}

impl<T> SessionDraft<T> {
    /// Where the person is.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Moves the person to a step of any flow.
    pub fn go_to(&mut self, position: Position) {
        self.position = Some(position);
    }

    /// Moves the person to another step of the flow; `false` when the person is in none.
    pub fn go_to_step(&mut self, step: StepName) -> bool {
        if let Some(position) = &mut self.position {
            position.step = step;
        }
        self.position.is_some()
    }

    /// Takes the person out of any flow. There is no way back from there.
    pub fn leave_flow(&mut self) {
        self.position = None;
    }
}

impl<S: SessionStore> SessionManager<S> {
    /// Sessions in this store, by the clock of the operating system.
    pub fn new(store: S) -> Self {
        Self::with_clock(store, Arc::new(SystemClock))
    }

    /// Sessions in this store, by this clock.
    pub fn with_clock(store: S, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Creates a session in a step, with its first data.
    ///
    /// # Errors
    /// `AlreadyExists`, `Data` when the data is no object of fields, `Store`.
    pub async fn create_session<T: Serialize + Send>(
        &self,
        key: &SessionKey,
        position: Position,
        data: T,
    ) -> Result<TypedSession<T>, SessionError> {
        let change = self.change().go_to(position).set_typed(&data)?;
        let created = self.store.create(NewSession::new(key.clone(), change)).await;
        let session = created.map_err(|error| match error.kind() {
            StoreErrorKind::AlreadyExists => SessionError::AlreadyExists { key: key.clone() },
            _ => SessionError::Store(error),
        })?;
        Ok(TypedSession { session, data })
    }

    /// The session under a key; `None` only when there positively is none.
    ///
    /// # Errors
    /// `Data` when the data doesn't fit, `Store`.
    pub async fn get_session<T: DeserializeOwned>(
        &self,
        key: &SessionKey,
    ) -> Result<Option<TypedSession<T>>, SessionError> {
        let Some(session) = self.store.get(key).await.map_err(SessionError::Store)? else {
            return Ok(None);
        };
        let data = session.typed()?;
        Ok(Some(TypedSession { session, data }))
    }

    /// Changes data and step of a session in one write. When another process was faster, the closure runs again on what
    /// that one left, so it should do nothing but change the draft.
    ///
    /// Only the fields that came out different are written; fields that the type doesn't have stay. Going to another
    /// step remembers the way back, for [`SessionManager::revert_to_previous_step`].
    ///
    /// # Errors
    /// `NotFound`, `Data`, `Contention`, `Store`.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the change happened; it happens whole or not at all.
    pub async fn update_session<T, F>(
        &self,
        key: &SessionKey,
        mut update: F,
    ) -> Result<TypedSession<T>, SessionError>
    where
        T: Serialize + DeserializeOwned + Send,
        F: FnMut(&mut SessionDraft<T>) + Send,
    {
        let mut data = None;
        let session = self
            .store
            .modify(key, |session| {
                let (change, updated) = self.draft_change(session, &mut update)?;
                data = Some(updated);
                Ok(change)
            })
            .await
            .map_err(of_modify)?;
        let data = match data {
            Some(data) => data,
            None => session.typed()?,
        };
        Ok(TypedSession { session, data })
    }

    /// Removes a session, and answers whether there was one.
    ///
    /// # Errors
    /// `Store`.
    pub async fn clear_session(&self, key: &SessionKey) -> Result<bool, SessionError> {
        self.store.clear(key, None).await.map_err(SessionError::Store)
    }

    /// Takes the person back one step, with the data that this step had, and records why.
    ///
    /// # Errors
    /// `NotFound`, `Contention`, `Store`.
    ///
    /// # Cancellation
    /// As [`SessionManager::update_session`].
    pub async fn revert_to_previous_step(
        &self,
        key: &SessionKey,
        reason: &FlowError,
    ) -> Result<Reverted, SessionError> {
        let mut went_back = false;
        let session = self
            .store
            .modify(key, |session| {
                let mut turn = session.turn().clone();
                turn.last_error = Some(RecordedError::of(session, reason, self.clock.now()));
                let mut change = self.change();
                let step_back = StepBack::of(session);
                went_back = step_back.is_some();
                if let Some(step_back) = step_back {
                    change = step_back.apply_to(change);
                    turn.forget_last_step();
                    // The buttons were those of the step that is left.
                    turn.menu = None;
                }
                Ok(change.turn(turn))
            })
            .await
            .map_err(of_modify)?;
        Ok(Reverted { session, went_back })
    }

    /// Removes the sessions of all scopes that were not changed for that long, but for those that want to be woken.
    ///
    /// # Errors
    /// `Store`. What was removed before stays removed.
    pub async fn cleanup_old_sessions(&self, idle_for: Duration) -> Result<CleanupReport, SessionError> {
        let policy = CleanupPolicy::before(self.clock.now() - idle_for);
        self.store.cleanup(&policy).await.map_err(SessionError::Store)
    }

    /// Counts the sessions by where the people are. It reads them all, so it is for operators, not for every message.
    ///
    /// # Errors
    /// `Store`.
    pub async fn session_stats(&self) -> Result<SessionStats, SessionError> {
        SessionStats::gather(&self.store)
            .await
            .map_err(SessionError::Store)
    }

    fn change(&self) -> SessionChange {
        SessionChange::new(self.clock.now())
    }

    fn draft_change<T: Serialize + DeserializeOwned>(
        &self,
        session: &Session,
        update: &mut impl FnMut(&mut SessionDraft<T>),
    ) -> Result<(SessionChange, T), DataError> {
        let mut draft = SessionDraft {
            data: session.typed::<T>()?,
            position: session.position().cloned(),
        };
        let before = typed::write(&draft.data)?;
        update(&mut draft);
        let after = typed::write(&draft.data)?;

        let mut change = self.change();
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            change = change.unset(name.clone());
        }
        for (name, value) in after {
            if session.data().get(&name) != Some(&value) {
                change = change.set(name, value);
            }
        }
        if draft.position.as_ref() != session.position() {
            let mut turn = session.turn().clone();
            turn.menu = None;
            change = if let Some(position) = draft.position {
                let change = change.go_to(position);
                if session.position().is_some() {
                    turn.remember_step(session, &change);
                }
                change
            } else {
                turn.history = Arc::default();
                change.leave_flow()
            };
            change = change.turn(turn);
        }
        Ok((change, draft.data))
    }
}

fn of_modify(error: ModifyError<DataError>) -> SessionError {
    match error {
        ModifyError::NotFound { key } => SessionError::NotFound { key },
        ModifyError::Refused(error) => SessionError::Data(error),
        ModifyError::Contention { key } => SessionError::Contention { key },
        ModifyError::Store(error) => SessionError::Store(error),
    }
}
