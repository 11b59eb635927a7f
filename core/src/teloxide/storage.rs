//! teloxide's `Storage` on any session store.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use ::teloxide::dispatching::dialogue::Storage;
use ::teloxide::types::ChatId as TeloxideChatId;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::error::DialogueError;
use super::format::{BYTES_FIELD, DialogueFormat, JSON_FIELD, JsonFormat, Serialized};
use super::remembered::{Remembered, Seen};
use super::view::DialoguePart;
use crate::change::SessionChange;
use crate::clock::{Clock, SystemClock};
use crate::error::{Retry, StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::key::{BotId, ChatId, Scope, SessionKey};
use crate::name::FieldName;
use crate::session::{NewSession, Session};
use crate::store::SessionStore;

/// Of how many dialogues a storage remembers what it last saw of them, unless told otherwise.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// teloxide's [`Storage`] on any [`SessionStore`].
///
/// ```
/// use std::sync::Arc;
/// use stepkeep_core::teloxide::TeloxideStorage;
/// use stepkeep_core::{BotId, MemoryStorage};
/// use teloxide::dispatching::dialogue::{ErasedStorage, Storage};
///
/// #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
/// enum State {
///     #[default]
///     Start,
///     ReceiveAge { full_name: String },
/// }
///
/// let store = Arc::new(MemoryStorage::new());
/// let storage: Arc<ErasedStorage<State>> = TeloxideStorage::new(store, BotId(7)).into_shared().erase();
/// ```
///
/// # What is stored
/// A session in the scope `teloxide` (unless [set](TeloxideStorage::with_scope)) whose field `dialogue` is the state as
/// JSON; with a [serializer](TeloxideStorage::with_serializer) of teloxide's, `dialogue_bytes` as base64. The key has the
/// chat, and the chat's id as the person's too, which in a private chat it is.
///
/// # What a write is for
/// The storage remembers what it last saw of each dialogue (of the 1,024 that were used last, unless
/// [set](TeloxideStorage::remembering)), and an update or removal is for that: when another process wrote meanwhile, it
/// is a [`DialogueError::Conflict`] and nothing changes. Of a dialogue that it doesn't remember, an update reads first.
///
/// One storage remembers one thing per dialogue, so it can't tell two handlers of its own process apart that work on
/// one dialogue at the same time: the later write wins. teloxide's dispatcher never runs two of one chat at once,
/// unless its distribution function is changed.
///
/// # What is never overwritten
/// A dialogue that could not be read: neither one that the store can't read or reach, nor one that is not a state of
/// this type and format. After a read that failed, however shortly, updates fail until one succeeds: as the read did while
/// that lasts, then with [`DialogueError::NotRead`]. So it is with `TELOXIDE_DIALOGUE_BEHAVIOUR=default`, and after a
/// conflict. Removing the dialogue is the way to begin anew.
///
/// A failed read is remembered as a successful one is: when so many other dialogues came after it that it was forgotten,
/// an update reads first, and goes through.
///
/// # Cancellation
/// Dropping the future of a read counts as a read that failed. Dropping that of an update or removal leaves open whether it happened; it
/// happens whole or not at all, and the next update reads first.
pub struct TeloxideStorage<F = JsonFormat> {
    store: Arc<dyn SessionStore>,
    bot: BotId,
    scope: Scope,
    format: F,
    clock: Arc<dyn Clock>,
    remembered: Remembered,
}

impl TeloxideStorage {
    /// The dialogues of this bot in this store, as JSON.
    pub fn new(store: Arc<dyn SessionStore>, bot: BotId) -> Self {
        Self {
            store,
            bot,
            scope: Scope::teloxide(),
            format: JsonFormat,
            clock: Arc::new(SystemClock),
            remembered: Remembered::new(REMEMBERED),
        }
    }

    /// The same, but in the format of one of teloxide's serializers: `Json`, `Cbor`, `Bincode` or one of your own.
    #[must_use]
    pub fn with_serializer<S>(self, serializer: S) -> TeloxideStorage<Serialized<S>> {
        TeloxideStorage {
            store: self.store,
            bot: self.bot,
            scope: self.scope,
            format: Serialized(serializer),
            clock: self.clock,
            remembered: self.remembered,
        }
    }
}

impl<F> TeloxideStorage<F> {
    /// The same, but in another scope: for a second kind of dialogue in the same chats.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same, by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same, but remembering that many dialogues. Each costs as much memory as its session.
    #[must_use]
    pub fn remembering(mut self, dialogues: NonZeroUsize) -> Self {
        self.remembered = Remembered::new(dialogues);
        self
    }

    /// The storage as teloxide takes it.
    pub fn into_shared(self) -> Arc<Self> {
        Arc::new(self)
    }

    /// The key of a chat's dialogue.
    pub fn key(&self, chat: TeloxideChatId) -> SessionKey {
        self.key_in(chat, &DialoguePart::default())
    }

    pub(super) fn key_in(&self, chat: TeloxideChatId, part: &DialoguePart) -> SessionKey {
        part.key(self.bot, ChatId(chat.0), &self.scope)
    }

    fn dialogue_field<'a, D>(&self, session: &'a Session) -> Result<Option<&'a FieldValue>, DialogueError>
    where
        F: DialogueFormat<D>,
    {
        let own = self.format.field();
        if let Some(value) = session.field(own) {
            return Ok(Some(value));
        }
        let others = [JSON_FIELD, BYTES_FIELD];
        match others.iter().find(|name| session.field(name).is_some()) {
            Some(other) => Err(self.unreadable(session.key(), format!("it is in the field {other}"))),
            None => Ok(None),
        }
    }

    fn unreadable<D>(&self, key: &SessionKey, problem: String) -> DialogueError
    where
        F: DialogueFormat<D>,
    {
        DialogueError::Unreadable {
            key: key.clone(),
            format: self.format.name(),
            problem,
        }
    }

    /// Reads a dialogue for somebody who wants to know it, and remembers what was there.
    async fn read<D>(&self, key: &SessionKey) -> Result<Option<D>, DialogueError>
    where
        F: DialogueFormat<D>,
    {
        // When the read fails or is dropped, an earlier one must not count any more, and nobody may write what they did
        // not see.
        self.remembered.remember(key.clone(), Seen::Unread);
        let (seen, dialogue) = self.look(key).await?;
        self.remembered.remember(key.clone(), seen);
        Ok(dialogue)
    }

    async fn look<D>(&self, key: &SessionKey) -> Result<(Seen, Option<D>), DialogueError>
    where
        F: DialogueFormat<D>,
    {
        let session = self.store.get(key).await;
        let Some(session) = session.map_err(|error| DialogueError::of_store(key, error))? else {
            return Ok((Seen::Nothing, None));
        };
        let dialogue = match self.dialogue_field::<D>(&session)? {
            Some(value) => Some(
                self.format
                    .read(value)
                    .map_err(|problem| self.unreadable::<D>(key, problem))?,
            ),
            None => None,
        };
        Ok((Seen::Session(session), dialogue))
    }

    async fn write<D>(&self, key: SessionKey, value: FieldValue) -> Result<(), DialogueError>
    where
        F: DialogueFormat<D>,
    {
        let seen = match self.remembered.recall(&key) {
            Some(Seen::Unread) => {
                // What keeps it from being read says more than that it was not.
                self.look::<D>(&key).await?;
                return Err(DialogueError::NotRead { key });
            }
            Some(seen) => seen,
            None => self.look::<D>(&key).await?.0,
        };
        let change =
            SessionChange::new(self.clock.now()).set(FieldName::constant(self.format.field()), value);
        // Until the write is known to have happened, nothing is known.
        self.remembered.forget(&key);
        let written = match &seen {
            Seen::Nothing => self.store.create(NewSession::new(key.clone(), change)).await,
            Seen::Session(held) => self.store.update(held, &change).await,
            Seen::Unread => return Err(DialogueError::NotRead { key }),
        };
        match written {
            Ok(session) => {
                self.remembered.remember(key, Seen::Session(session));
                Ok(())
            }
            Err(error) => Err(self.failed(&key, seen, error)),
        }
    }

    pub(super) async fn remove(&self, key: SessionKey) -> Result<(), DialogueError>
    where
        F: Sync,
    {
        let seen = self.remembered.recall(&key);
        let expected = match &seen {
            Some(Seen::Session(held)) => Some(held.revision()),
            Some(Seen::Nothing | Seen::Unread) | None => None,
        };
        self.remembered.forget(&key);
        match self.store.clear(&key, expected).await {
            Ok(true) => {
                self.remembered.remember(key, Seen::Nothing);
                Ok(())
            }
            Ok(false) => Err(DialogueError::DialogueNotFound { key }),
            Err(error) => match seen {
                Some(seen) => Err(self.failed(&key, seen, error)),
                None => Err(DialogueError::of_store(&key, error)),
            },
        }
    }

    /// What was seen still counts after an error that says that nothing happened, and not after a conflict.
    fn failed(&self, key: &SessionKey, seen: Seen, error: StoreError) -> DialogueError {
        let is_unchanged = error.retry() == Retry::Safe || error.kind() == StoreErrorKind::TooLarge;
        let error = DialogueError::of_store(key, error);
        if is_unchanged {
            self.remembered.remember(key.clone(), seen);
        } else if matches!(error, DialogueError::Conflict(_)) {
            self.remembered.remember(key.clone(), Seen::Unread);
        }
        error
    }

    pub(super) fn get_at<D>(
        self: Arc<Self>,
        key: SessionKey,
    ) -> BoxFuture<'static, Result<Option<D>, DialogueError>>
    where
        F: DialogueFormat<D>,
        D: Send + 'static,
    {
        async move { self.read(&key).await }.boxed()
    }

    pub(super) fn update_at<D>(
        self: Arc<Self>,
        key: SessionKey,
        dialogue: &D,
    ) -> BoxFuture<'static, Result<(), DialogueError>>
    where
        F: DialogueFormat<D>,
        D: Send + 'static,
    {
        let written = self.format.write(dialogue);
        async move {
            let value = written.map_err(|problem| DialogueError::Unwritable {
                key: key.clone(),
                format: self.format.name(),
                problem,
            })?;
            self.write::<D>(key, value).await
        }
        .boxed()
    }
}

impl<F: fmt::Debug> fmt::Debug for TeloxideStorage<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TeloxideStorage")
            .field("store", &self.store)
            .field("bot", &self.bot)
            .field("scope", &self.scope)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl<D, F> Storage<D> for TeloxideStorage<F>
where
    F: DialogueFormat<D>,
    D: Send + 'static,
{
    type Error = DialogueError;

    fn remove_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        async move { self.remove(self.key(chat_id)).await }.boxed()
    }

    fn update_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
        dialogue: D,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        let key = self.key(chat_id);
        self.update_at(key, &dialogue)
    }

    fn get_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
    ) -> BoxFuture<'static, Result<Option<D>, Self::Error>> {
        let key = self.key(chat_id);
        self.get_at(key)
    }
}
