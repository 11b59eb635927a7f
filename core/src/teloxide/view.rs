//! Dialogues that are about a part of a chat.

use std::sync::Arc;

use ::teloxide::dispatching::dialogue::Storage;
use ::teloxide::types::ChatId as TeloxideChatId;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::error::DialogueError;
use super::format::{DialogueFormat, JsonFormat};
use super::storage::TeloxideStorage;
use crate::key::{BotId, BusinessConnectionId, ChatId, Scope, SessionKey, ThreadId, UserId};

/// What of a chat a dialogue is about: all of it, unless it says more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DialoguePart {
    pub(super) user: Option<UserId>,
    pub(super) thread: Option<ThreadId>,
    pub(super) business: Option<BusinessConnectionId>,
}

impl DialoguePart {
    /// The key of the part. A whole chat has its id as the person's too, which in a private chat it is.
    pub(super) fn key(&self, bot: BotId, chat: ChatId, scope: &Scope) -> SessionKey {
        let Self {
            user,
            thread,
            business,
        } = self;
        let user = user.unwrap_or(UserId(chat.0));
        let mut key = SessionKey::new(bot, chat, user).with_scope(scope.clone());
        if let Some(thread) = thread {
            key = key.with_thread(*thread);
        }
        if let Some(business) = business {
            key = key.with_business(business.clone());
        }
        key
    }
}

/// A [`TeloxideStorage`] as one person, one topic or one business connection of a chat sees it.
///
/// teloxide hands a storage nothing but the chat; this adds the rest of the key. [`enter_dialogue_by`] makes it from the
/// update. It shares all that the storage remembers.
///
/// [`enter_dialogue_by`]: super::enter_dialogue_by
#[derive(Debug)]
pub struct DialogueView<F = JsonFormat> {
    storage: Arc<TeloxideStorage<F>>,
    part: DialoguePart,
}

impl<F> DialogueView<F> {
    /// The dialogues of whole chats, which [`for_user`](Self::for_user) and the others narrow.
    pub fn new(storage: Arc<TeloxideStorage<F>>) -> Self {
        Self::of_part(storage, DialoguePart::default())
    }

    pub(super) fn of_part(storage: Arc<TeloxideStorage<F>>, part: DialoguePart) -> Self {
        Self { storage, part }
    }

    /// The same, but this person's only.
    #[must_use]
    pub fn for_user(mut self, user: UserId) -> Self {
        self.part.user = Some(user);
        self
    }

    /// The same, but those of this topic only.
    #[must_use]
    pub fn in_thread(mut self, thread: ThreadId) -> Self {
        self.part.thread = Some(thread);
        self
    }

    /// The same, but those over this business connection only.
    #[must_use]
    pub fn over_business(mut self, business: BusinessConnectionId) -> Self {
        self.part.business = Some(business);
        self
    }

    /// The key of the dialogue in a chat.
    pub fn key(&self, chat: TeloxideChatId) -> SessionKey {
        self.storage.key_in(chat, &self.part)
    }
}

impl<D, F> Storage<D> for DialogueView<F>
where
    F: DialogueFormat<D>,
    D: Send + 'static,
{
    type Error = DialogueError;

    fn remove_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        async move { self.storage.remove(self.key(chat_id)).await }.boxed()
    }

    fn update_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
        dialogue: D,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        Arc::clone(&self.storage).update_at(self.key(chat_id), &dialogue)
    }

    fn get_dialogue(
        self: Arc<Self>,
        chat_id: TeloxideChatId,
    ) -> BoxFuture<'static, Result<Option<D>, Self::Error>> {
        Arc::clone(&self.storage).get_at(self.key(chat_id))
    }
}
