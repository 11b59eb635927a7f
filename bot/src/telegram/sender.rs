//! Delivery of single calls: replies, edits, answers to taps.

mod pauses;
mod room;

use std::{future::Future, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use teloxide_core::{
    payloads::SendMessage,
    requests::Payload,
    types::{ChatId, Message, MessageId},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    answers,
    client::TelegramClient,
    document::NewDocument,
    error::{TelegramError, TelegramErrorKind},
};
use crate::observation::Observer as _;
use pauses::Pauses;
use room::Room;

/// How a [`Sender`] repeats.
#[derive(Debug, Clone)]
pub struct SenderConfig {
    /// For how long network trouble and 5xx answers are met with another try, counted from the first failure.
    pub retry_for: Duration,
    /// The pause before the second try; it doubles up to `longest_pause`, each with up to as much jitter on top.
    pub shortest_pause: Duration,
    /// The longest pause between two tries.
    pub longest_pause: Duration,
}

impl Default for SenderConfig {
    fn default() -> Self {
        Self {
            retry_for: Duration::from_mins(1),
            shortest_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(8),
        }
    }
}

/// Sends at once, and holds back only what Telegram asks to hold back.
///
/// - **429** pauses the chat that it was answered for, for exactly as long as it says; the call waits and is repeated, and
///   so do all others for that chat. Telegram doesn't say whether it means the chat or the bot: when different chats are
///   told so within a second, everything pauses. Nothing is dropped, and there is no deadline on such a wait.
/// - **Network trouble and 5xx** are retried with back-off for [`SenderConfig::retry_for`]. The first try may have gone
///   through, so a person may see a message twice; Telegram has no way to tell a repeat.
/// - Everything else, such as a chat that is gone, goes back to the caller at once.
///
/// **Order:** a call returns once Telegram has taken it, so whoever sends to a chat one call after the other keeps its
/// order, pauses and repeats included. Single replies are never throttled ahead.
#[derive(Debug)]
pub struct Sender {
    client: TelegramClient,
    config: SenderConfig,
    pauses: Mutex<Pauses>,
    room: Mutex<Room>,
}

impl Sender {
    /// A sender over `client`. All calls of one bot should go through one sender, since it keeps the pauses.
    pub fn new(client: TelegramClient, config: SenderConfig) -> Self {
        Self {
            client,
            config,
            pauses: Mutex::new(Pauses::default()),
            room: Mutex::new(Room::default()),
        }
    }

    /// The client underneath, for calls that no chat sees (`getMe`, `setMyCommands`, downloads).
    pub fn client(&self) -> &TelegramClient {
        &self.client
    }

    /// Makes a call that belongs to `chat`, or to none (`answerCallbackQuery`, which shall not wait behind a chat's pause).
    ///
    /// When dropped, the call may or may not have been carried out.
    ///
    /// # Errors
    /// [`TelegramError`], by kind; [`TelegramErrorKind::RetryAfter`] is never among them.
    pub async fn send<P>(&self, chat: Option<ChatId>, payload: &P) -> Result<P::Output, TelegramError>
    where
        P: Payload + Serialize + Sync,
        P::Output: DeserializeOwned + Send,
    {
        self.deliver(chat, || self.client.call(payload)).await
    }

    /// Makes a call of whose answer nothing is wanted but that it went well.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn tell<P>(&self, chat: Option<ChatId>, payload: &P) -> Result<(), TelegramError>
    where
        P: Payload + Serialize + Sync,
    {
        self.deliver(chat, || self.client.tell(payload)).await
    }

    /// Sends a message, and answers by which id it can be changed.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_message(
        &self,
        chat: ChatId,
        message: &SendMessage,
    ) -> Result<MessageId, TelegramError> {
        self.deliver(Some(chat), || {
            self.client.call_for(message, answers::read_message_id)
        })
        .await
    }

    /// Uploads a document.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_document(&self, document: &NewDocument) -> Result<Message, TelegramError> {
        self.deliver(Some(document.chat_id), || self.client.send_document(document))
            .await
    }

    /// Makes a call that has time: only when the chat isn't paused and this bot makes fewer calls than Telegram takes. So replies,
    /// which never wait for it, go first. It is tried once: whoever must not send twice decides what comes next.
    ///
    /// When dropped, the call may or may not have been carried out.
    ///
    /// # Errors
    /// [`TelegramError`], by kind. After [`TelegramErrorKind::RetryAfter`] the chat is paused.
    pub async fn send_behind_others<P>(&self, chat: ChatId, payload: &P) -> Result<P::Output, TelegramError>
    where
        P: Payload + Serialize + Sync,
        P::Output: DeserializeOwned + Send,
    {
        loop {
            self.wait_for(Some(chat)).await;
            let full_until = self.room.lock().take_if_free(Instant::now());
            let Some(until) = full_until else { break };
            sleep_until(until).await;
        }
        let result = self.client.call(payload).await;
        if let Err(error) = &result
            && let TelegramErrorKind::RetryAfter(pause) = *error.kind()
        {
            self.told_to_wait(Some(chat), error, pause);
        }
        result
    }

    fn told_to_wait(&self, chat: Option<ChatId>, error: &TelegramError, pause: Duration) {
        tracing::warn!(method = %error.method(), chat_id = chat.map(|chat| chat.0), ?pause, "told to wait");
        self.client.observers().told_to_wait(pause);
        self.pauses.lock().record(chat, pause, Instant::now());
    }

    /// Makes `attempt`s until one goes through or fails for good.
    async fn deliver<T, A, F>(&self, chat: Option<ChatId>, attempt: A) -> Result<T, TelegramError>
    where
        A: Fn() -> F,
        F: Future<Output = Result<T, TelegramError>>,
    {
        let mut repeats = self.repeats();
        let mut give_up_at = None;
        loop {
            self.wait_for(chat).await;
            if chat.is_some() {
                self.room.lock().take(Instant::now());
            }
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let now = Instant::now();
            if let TelegramErrorKind::RetryAfter(pause) = *error.kind() {
                self.told_to_wait(chat, &error, pause);
                continue;
            }
            let give_up_at = *give_up_at.get_or_insert(now + self.config.retry_for);
            let pause = repeats
                .next()
                .filter(|pause| error.is_transient() && now + *pause < give_up_at);
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(method = %error.method(), kind = %error.kind(), ?pause, "trying again");
            sleep(pause).await;
        }
    }

    async fn wait_for(&self, chat: Option<ChatId>) {
        let mut since = None;
        loop {
            let until = self.pauses.lock().hold(chat, Instant::now());
            let Some(until) = until else { break };
            since.get_or_insert_with(Instant::now);
            sleep_until(until).await;
        }
        if let Some(since) = since {
            self.client.observers().waited(since.elapsed());
        }
    }

    fn repeats(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.config.shortest_pause)
            .with_max_delay(self.config.longest_pause)
            .without_max_times()
            .with_jitter()
            .build()
    }
}

#[cfg(test)]
mod tests;
