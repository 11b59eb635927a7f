//! A step of a dptree handler that gives the handlers after it the session of the update.

use std::ops::ControlFlow;
use std::panic::Location;
use std::sync::Arc;

use ::teloxide::dispatching::DpHandlerDescription;
use ::teloxide::dptree::di::DependencyMap;
use ::teloxide::dptree::{Handler, HandlerSignature, Type, from_fn};
use ::teloxide::types::Update;

use super::error::Conflict;
use super::keys::DialogueKeys;
use super::session_handle::SessionHandle;
use crate::clock::{Clock, SystemClock};
use crate::error::StoreError;
use crate::key::{BotId, Scope, SessionKey};
use crate::store::SessionStore;

/// A step that gives handlers a [`SessionHandle`]: the session itself, with its fields, instead of one state.
///
/// - An update that no handler looks at the session for costs no read, and one that changes nothing no write.
/// - What handlers change is committed by one write, when the one that took the update is done without an error. After an
///   error, or when no handler took the update, nothing is written.
/// - The write is for what was read: a session that somebody else wrote meanwhile is a [`SessionStepError::Conflict`],
///   which is the handler's error then. What the handler sent is sent, so let it send what stays true.
/// - An update that doesn't say whose session it belongs to (one without a chat, or a channel's post) goes on to the next
///   branch.
///
/// Unless told otherwise, every person in a chat has a session, in the scope `main`.
///
/// ```
/// # use std::sync::Arc;
/// # use stepkeep_core::{BotId, MemoryStorage};
/// use stepkeep_core::teloxide::{SessionHandle, with_session};
/// use stepkeep_core::{FieldName, FieldValue, SessionStore};
/// use teloxide::dispatching::UpdateFilterExt;
/// use teloxide::types::Update;
///
/// type Failure = Box<dyn std::error::Error + Send + Sync>;
///
/// async fn count(session: SessionHandle) -> Result<(), Failure> {
///     let stored = session.get().await?;
///     let count = stored.as_ref().and_then(|session| session.field("count"));
///     let count: u32 = count.map(FieldValue::get).transpose()?.unwrap_or(0);
///     let count = FieldValue::new(&(count + 1))?;
///     session.change(|change| change.set(FieldName::constant("count"), count));
///     Ok(())
/// }
///
/// let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
/// let handler = Update::filter_message()
///     .chain(with_session::<(), Failure>(store, BotId(7)))
///     .endpoint(count);
/// # let _ = handler;
/// ```
#[derive(Clone, Debug)]
pub struct SessionStep {
    store: Arc<dyn SessionStore>,
    bot: BotId,
    keys: DialogueKeys,
    scope: Scope,
    clock: Arc<dyn Clock>,
}

/// A session that could not be read or written for a handler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionStepError {
    /// Somebody else wrote the session after it was read here. Nothing was written.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed. After an `Indeterminate` error the write may have happened.
    #[error(transparent)]
    Store(StoreError),
}

impl SessionStepError {
    pub(super) fn of_store(key: &SessionKey, error: StoreError) -> Self {
        match Conflict::of_store(key, error) {
            Ok(conflict) => Self::Conflict(conflict),
            Err(error) => Self::Store(error),
        }
    }
}

/// [`SessionStep`] as most bots want it: a session for every person in a chat.
#[must_use]
#[track_caller]
pub fn with_session<T, E>(
    store: Arc<dyn SessionStore>,
    bot: BotId,
) -> Handler<'static, Result<T, E>, DpHandlerDescription>
where
    T: Send + Sync + 'static,
    E: From<SessionStepError> + Send + Sync + 'static,
{
    SessionStep::new(store, bot).handler()
}

impl SessionStep {
    /// The sessions of this bot in this store.
    pub fn new(store: Arc<dyn SessionStore>, bot: BotId) -> Self {
        Self {
            store,
            bot,
            keys: DialogueKeys::User,
            scope: Scope::main(),
            clock: Arc::new(SystemClock),
        }
    }

    /// The same, but for what shares a session.
    #[must_use]
    pub fn keyed_by(mut self, keys: DialogueKeys) -> Self {
        self.keys = keys;
        self
    }

    /// The same, but in another scope.
    #[must_use]
    pub fn in_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The step, to be chained before the handlers that take a [`SessionHandle`].
    ///
    /// # Dependency requirements
    /// - [`Update`], which the dispatcher always has.
    #[must_use]
    #[track_caller]
    pub fn handler<T, E>(self) -> Handler<'static, Result<T, E>, DpHandlerDescription>
    where
        T: Send + Sync + 'static,
        E: From<SessionStepError> + Send + Sync + 'static,
    {
        let signature = HandlerSignature::Other {
            obligations: [(Type::of::<Update>(), Location::caller())].into(),
            guaranteed_outcomes: [Type::of::<SessionHandle>()].into(),
            conditional_outcomes: [].into(),
            continues: true,
        };
        from_fn(
            move |container: DependencyMap, cont| {
                let session = self.session(&container.get::<Update>());
                async move {
                    let Some(session) = session else {
                        return ControlFlow::Continue(container);
                    };
                    let mut inner = container.clone();
                    inner.insert(session.clone());
                    match cont(inner).await {
                        ControlFlow::Break(Ok(done)) => {
                            let committed = session.commit().await;
                            ControlFlow::Break(committed.map(|()| done).map_err(E::from))
                        }
                        ControlFlow::Break(Err(error)) => {
                            session.close();
                            ControlFlow::Break(Err(error))
                        }
                        ControlFlow::Continue(_) => {
                            session.close();
                            ControlFlow::Continue(container)
                        }
                    }
                }
            },
            signature,
        )
    }

    fn session(&self, update: &Update) -> Option<SessionHandle> {
        let key = self.keys.session_key(self.bot, &self.scope, update)?;
        Some(SessionHandle::new(Arc::clone(&self.store), key, self.clock.now()))
    }
}
