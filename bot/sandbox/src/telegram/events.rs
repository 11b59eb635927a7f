//! What the people's side is told while it happens.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// As many events wait for a slow listener before the oldest are lost to it.
const CAPACITY: usize = 1024;

/// One event, named and with its JSON, ready to be written to any number of listeners.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) data: Arc<str>,
}

/// Who listens to a bot: to all of it, or to one of its chats. Costs nothing while nobody listens.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    of_all: Option<Sender<Event>>,
    of_chats: HashMap<i64, Sender<Event>>,
}

impl Listeners {
    /// Listens to one chat, which need not have begun yet, or to everything.
    pub(crate) fn subscribe(&mut self, chat: Option<i64>) -> Receiver<Event> {
        let sender = match chat {
            Some(chat) => self.of_chats.entry(chat).or_insert_with(|| channel(CAPACITY).0),
            None => self.of_all.get_or_insert_with(|| channel(CAPACITY).0),
        };
        sender.subscribe()
    }

    /// Tells who listens to the chat or to all. The JSON is built only when somebody does.
    pub(crate) fn publish<D: Serialize>(&self, chat: i64, name: &'static str, data: impl FnOnce() -> D) {
        send(
            [self.of_chats.get(&chat), self.of_all.as_ref()]
                .into_iter()
                .flatten(),
            name,
            data,
        );
    }

    /// Tells everybody.
    pub(crate) fn publish_everywhere<D: Serialize>(&self, name: &'static str, data: impl FnOnce() -> D) {
        send(self.of_chats.values().chain(&self.of_all), name, data);
    }
}

fn send<'a, D: Serialize>(
    senders: impl Iterator<Item = &'a Sender<Event>>,
    name: &'static str,
    data: impl FnOnce() -> D,
) {
    let mut senders = senders.filter(|sender| sender.receiver_count() > 0).peekable();
    if senders.peek().is_none() {
        return;
    }
    let event = Event {
        name,
        // What is told here can always be written.
        data: serde_json::to_string(&data()).unwrap_or_default().into(),
    };
    for sender in senders {
        // That the last listener left meanwhile is no failure.
        let _ = sender.send(event.clone());
    }
}
