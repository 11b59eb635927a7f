//! One bot: its chats, its queue and its settings.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    chat::{BotIdentity, Chat, ChatKind},
    commands::CommandMenus,
    events::Listeners,
    files::FileStore,
    message::{Draft, Message},
    people::Person,
    updates::{AllowedUpdates, UpdateQueue},
    webhook::Webhook,
    world::FirstIds,
};

/// A bot and everything that only it has. Any well-formed token makes one.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) identity: BotIdentity,
    pub(crate) files: FileStore,
    /// Ends long polls and webhook deliveries when the bot is forgotten.
    pub(crate) forgotten: CancellationToken,
    state: Mutex<BotState>,
    /// Marked as changed whenever a waiting poll or delivery has to look again.
    bell: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct BotState {
    pub(crate) queue: UpdateQueue,
    pub(crate) allowed: AllowedUpdates,
    pub(crate) chats: HashMap<i64, Chat>,
    first_message_id: i64,
    pub(crate) menus: CommandMenus,
    pub(crate) webhook: Option<Webhook>,
    /// Drawn by each poll; the one that drew the latest may wait, the others are terminated.
    pub(crate) poll_ticket: u64,
    pub(crate) listeners: Listeners,
}

impl Bot {
    pub(crate) fn new(id: i64, first_ids: FirstIds) -> Self {
        let identity = BotIdentity {
            id,
            first_name: "Sandbox bot".to_owned(),
            username: format!("sandbox_{id}_bot"),
        };
        let state = BotState {
            queue: UpdateQueue::new(first_ids.update),
            allowed: AllowedUpdates::default(),
            chats: HashMap::new(),
            first_message_id: first_ids.message,
            menus: CommandMenus::default(),
            webhook: None,
            poll_ticket: 0,
            listeners: Listeners::default(),
        };
        Self {
            identity,
            files: FileStore::new(id),
            forgotten: CancellationToken::new(),
            state: Mutex::new(state),
            bell: watch::channel(()).0,
        }
    }

    pub(crate) fn id(&self) -> i64 {
        self.identity.id
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, BotState> {
        self.state.lock()
    }

    /// Wakes whatever waits for updates or for a change of the webhook.
    pub(crate) fn ring(&self) {
        self.bell.send_replace(());
    }

    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Queues an update if the bot wants its kind; answers its id.
    pub(crate) fn queue_update(
        &self,
        state: &mut BotState,
        kind: &str,
        content: Value,
        now: i64,
    ) -> Option<i64> {
        if !state.allowed.allow(kind) {
            return None;
        }
        let id = state
            .queue
            .push(Map::from_iter([(kind.to_owned(), content)]), None, now);
        self.ring();
        Some(id)
    }

    /// Puts a message into a chat, and tells the listeners.
    pub(crate) fn post<'s>(
        &self,
        state: &'s mut BotState,
        chat: i64,
        draft: Draft,
        now: i64,
    ) -> Option<Posted<'s>> {
        let BotState { chats, listeners, .. } = state;
        let chat = chats.get_mut(&chat)?;
        let id = chat.add(draft, now).id;
        let message = chat.messages.get(&id)?;
        listeners.publish(chat.id, "message", || chat.entry(&self.identity, message));
        Some(Posted { chat, message })
    }

    /// The status of this bot in a chat has changed: the `my_chat_member` update.
    pub(crate) fn queue_membership(
        &self,
        state: &mut BotState,
        chat: i64,
        by: &Person,
        change: [&str; 2],
        now: i64,
    ) -> Option<i64> {
        let member = |status: &str| match status {
            "kicked" => json!({"user": self.identity.user(), "status": status, "until_date": 0}),
            _ => json!({"user": self.identity.user(), "status": status}),
        };
        let update = json!({
            "chat": state.chats.get(&chat)?.chat(),
            "from": by.user(),
            "date": now,
            "old_chat_member": member(change[0]),
            "new_chat_member": member(change[1]),
        });
        self.queue_update(state, "my_chat_member", update, now)
    }
}

/// A message that was just put into its chat.
#[derive(Debug)]
pub(crate) struct Posted<'s> {
    pub(crate) chat: &'s Chat,
    pub(crate) message: &'s Message,
}

impl BotState {
    /// The private chat with a person, begun if need be.
    pub(crate) fn private_chat(&mut self, person: &Arc<Person>) -> &mut Chat {
        let chat = self.chat_or_begin(person.id, || ChatKind::Private(Arc::clone(person)));
        // What is known of the person may have changed.
        chat.kind = ChatKind::Private(Arc::clone(person));
        chat
    }

    /// The chat of that id, begun as that kind if need be.
    pub(crate) fn chat_or_begin(&mut self, id: i64, kind: impl FnOnce() -> ChatKind) -> &mut Chat {
        let first_message_id = self.first_message_id;
        self.chats
            .entry(id)
            .or_insert_with(|| Chat::new(id, kind(), first_message_id))
    }

    /// Above every id that was given out here.
    pub(crate) fn next_ids(&self) -> FirstIds {
        let messages = self.chats.values().map(|chat| chat.next_message_id);
        FirstIds {
            update: self.queue.next_id(),
            message: messages.max().unwrap_or(self.first_message_id),
        }
    }
}
