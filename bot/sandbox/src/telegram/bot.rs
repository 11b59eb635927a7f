//! One bot: its chats, its queue and its settings.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    chat::{BotIdentity, Chat, ChatKind},
    commands::CommandMenus,
    events::Listeners,
    files::{FileStore, SavedFile},
    message::{Draft, Message},
    object::Object,
    payments::Transaction,
    people::Person,
    updates::{AllowedUpdates, Lane, UpdateContent, UpdateQueue},
    webhook::{Webhook, WebhookSettings},
    world::FirstIds,
};
use crate::state::Changes;

/// A bot and everything that only it has. Any well-formed token makes one.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) identity: BotIdentity,
    pub(crate) files: FileStore,
    /// Ends long polls and webhook deliveries when the bot is forgotten.
    pub(crate) forgotten: CancellationToken,
    state: Mutex<BotState>,
    changes: Changes,
    /// Marked as changed whenever a waiting poll or delivery has to look again.
    bell: watch::Sender<()>,
}

/// A bot as it is written down.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedBot {
    id: i64,
    queue: UpdateQueue,
    allowed: AllowedUpdates,
    chats: HashMap<i64, Chat>,
    menus: CommandMenus,
    files: Vec<SavedFile>,
    /// Files of older sandboxes don't have it.
    #[serde(default)]
    transactions: Vec<Transaction>,
    pub(crate) webhook: Option<WebhookSettings>,
}

#[derive(Debug)]
pub(crate) struct BotState {
    pub(crate) queue: UpdateQueue,
    pub(crate) allowed: AllowedUpdates,
    pub(crate) chats: HashMap<i64, Chat>,
    first_message_id: i64,
    pub(crate) menus: CommandMenus,
    /// Stars that came and went, oldest first.
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) webhook: Option<Webhook>,
    /// Drawn by each poll; the one that drew the latest may wait, the others are terminated.
    pub(crate) poll_ticket: u64,
    pub(crate) listeners: Listeners,
}

impl Bot {
    pub(crate) fn new(id: i64, first_ids: FirstIds, changes: Changes) -> Self {
        let blank = SavedBot {
            id,
            queue: UpdateQueue::new(first_ids.update),
            allowed: AllowedUpdates::default(),
            chats: HashMap::new(),
            menus: CommandMenus::default(),
            files: Vec::new(),
            transactions: Vec::new(),
            webhook: None,
        };
        Self::restored(blank, first_ids, changes)
    }

    /// The bot as it was written down, but for its webhook. No id that is drawn from now on lies below the given ones.
    pub(crate) fn restored(saved: SavedBot, first_ids: FirstIds, changes: Changes) -> Self {
        let SavedBot {
            id,
            mut queue,
            allowed,
            mut chats,
            menus,
            files,
            transactions,
            webhook: _,
        } = saved;
        let files = FileStore::restored(id, files);
        queue.begin_at_least_at(first_ids.update);
        for chat in chats.values_mut() {
            chat.next_message_id = chat.next_message_id.max(first_ids.message);
            let shown = chat.messages.values_mut();
            for file in shown.filter_map(|message| message.content.file_mut()) {
                if let Some(stored) = files.by_id(&file.file_id) {
                    *file = stored;
                }
            }
        }
        let state = BotState {
            queue,
            allowed,
            chats,
            first_message_id: first_ids.message,
            menus,
            transactions,
            webhook: None,
            poll_ticket: 0,
            listeners: Listeners::default(),
        };
        Self {
            identity: BotIdentity {
                id,
                first_name: "Sandbox bot".to_owned(),
                username: format!("sandbox_{id}_bot"),
            },
            files,
            forgotten: CancellationToken::new(),
            state: Mutex::new(state),
            changes,
            bell: watch::channel(()).0,
        }
    }

    /// What is to be written down of this bot.
    pub(crate) fn saved(&self) -> SavedBot {
        // Not through `lock`: looking changes nothing.
        let state = self.state.lock();
        SavedBot {
            id: self.id(),
            queue: state.queue.clone(),
            allowed: state.allowed.clone(),
            chats: state.chats.clone(),
            menus: state.menus.clone(),
            files: self.files.saved(),
            transactions: state.transactions.clone(),
            webhook: state.webhook.as_ref().map(|webhook| webhook.settings.clone()),
        }
    }

    pub(crate) fn id(&self) -> i64 {
        self.identity.id
    }

    /// The state, to be looked at or changed. It is taken for changed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BotState> {
        let state = self.state.lock();
        // Only now: who hears of the change waits for this lock, and so sees the change whole.
        self.changes.mark();
        state
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
        content: &UpdateContent,
        now: i64,
    ) -> Option<i64> {
        if !state.allowed.allow(kind) {
            return None;
        }
        let id = state.queue.push(kind, content, now);
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
        change: [&'static str; 2],
        now: i64,
    ) -> Option<i64> {
        let member = |status: &'static str| {
            let mut member = Object::new()
                .with("user", self.identity.user())
                .with("status", status);
            member.put_some("until_date", (status == "kicked").then_some(0));
            member
        };
        let update = Object::new()
            .with("chat", state.chats.get(&chat)?.chat())
            .with("from", by.user())
            .with("date", now)
            .with("old_chat_member", member(change[0]))
            .with("new_chat_member", member(change[1]));
        let update = UpdateContent::new(Lane::Chat(chat), &update);
        self.queue_update(state, "my_chat_member", &update, now)
    }
}

/// A message that was just put into its chat.
#[derive(Debug)]
pub(crate) struct Posted<'s> {
    pub(crate) chat: &'s Chat,
    pub(crate) message: &'s Message,
}

impl Posted<'_> {
    /// The message as an update brings it.
    pub(crate) fn update(&self, bot: &Bot) -> UpdateContent {
        let message = self.chat.message(&bot.identity, self.message);
        UpdateContent::new(Lane::Chat(self.chat.id), &message)
    }
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
