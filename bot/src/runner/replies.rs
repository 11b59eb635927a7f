//! Sending what turns say.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{Message, Reply, SessionKey};
use teloxide_core::payloads::AnswerCallbackQuery;
use teloxide_core::types::{CallbackQueryId, MessageId, ReplyMarkup};

use crate::effects::Documents;
use crate::localization::{Language, Localizer};
use crate::telegram::incoming::message_id;
use crate::telegram::outgoing::{Destination, MAX_CAPTION_UNITS, MAX_TAP_ANSWER_UNITS, keyboard, shorten};
use crate::telegram::{NewDocument, Sender, TelegramError, TelegramErrorKind, Upload};

/// How long the buttons of an earlier message may take to go: it is a courtesy that must not hold up the next answer.
const TIDY_DEADLINE: Duration = Duration::from_secs(5);

/// Of how many conversations it is remembered which message has the buttons.
const REMEMBERED_KEYBOARDS: NonZeroUsize = match NonZeroUsize::new(50_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// Why replies were not sent to the end.
#[derive(Debug)]
pub(super) enum Unsent {
    /// Nobody is there to read them.
    ChatGone,
    /// They may be sent later.
    Later,
}

/// Sends replies in order.
#[derive(Debug)]
pub(super) struct Replies {
    sender: Arc<Sender>,
    documents: Arc<dyn Documents>,
    localizer: Arc<Localizer>,
    /// The messages whose buttons are the current ones, to take these away when others come. Lost on a restart: then a
    /// press on them is answered as out of date, and takes them away.
    keyboards: Mutex<LruCache<SessionKey, MessageId>>,
}

impl Replies {
    pub(super) fn new(sender: Arc<Sender>, documents: Arc<dyn Documents>, localizer: Arc<Localizer>) -> Self {
        Self {
            sender,
            documents,
            localizer,
            keyboards: Mutex::new(LruCache::new(REMEMBERED_KEYBOARDS)),
        }
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Sends replies, one after another. What Telegram refuses for good is skipped and logged: it would be refused again.
    pub(super) async fn send(
        &self,
        key: &SessionKey,
        replies: &[Reply],
        language: Language,
    ) -> Result<(), Unsent> {
        for reply in replies {
            if let Err(error) = self.send_one(key, reply, language).await? {
                match error.kind() {
                    TelegramErrorKind::ChatGone(_) => return Err(Unsent::ChatGone),
                    TelegramErrorKind::NotModified => {}
                    _ if error.is_transient() => {
                        tracing::warn!(chat_id = key.chat().0, %error, "a reply could not be sent yet");
                        return Err(Unsent::Later);
                    }
                    _ => tracing::error!(chat_id = key.chat().0, %error, "a reply is refused and left out"),
                }
            }
        }
        Ok(())
    }

    async fn send_one(
        &self,
        key: &SessionKey,
        reply: &Reply,
        language: Language,
    ) -> Result<Result<(), TelegramError>, Unsent> {
        let destination = Destination::of(key);
        let chat = Some(destination.chat());
        Ok(match reply {
            Reply::Message(message) => self.send_message(key, &destination, message).await,
            Reply::Edit { target, message } => match message_id(*target) {
                Some(target) => match self
                    .sender
                    .send(chat, &destination.edit_message(target, message))
                    .await
                {
                    Err(error) if matches!(error.kind(), TelegramErrorKind::MessageGone(_)) => {
                        self.send_message(key, &destination, message).await
                    }
                    result => {
                        if message.buttons.is_empty() {
                            self.forget_keyboard(key, target);
                        } else {
                            self.remember_keyboard(key, target);
                        }
                        result.map(drop)
                    }
                },
                None => self.send_message(key, &destination, message).await,
            },
            Reply::RemoveButtons { target } => match message_id(*target) {
                Some(target) => self
                    .sender
                    .send(chat, &destination.remove_buttons(target))
                    .await
                    .map(drop),
                None => Ok(()),
            },
            Reply::Progress(progress) => {
                // Shows for five seconds and is worth no second try.
                let _ = self.sender.client().call(&destination.progress(*progress)).await;
                Ok(())
            }
            Reply::Document {
                source,
                file_name,
                message,
            } => {
                self.send_document(key, &destination, source, file_name, message, language)
                    .await?
            }
            // A kind that a newer version of the core knows: there is nothing that this one could send.
            _ => Ok(()),
        })
    }

    async fn send_message(
        &self,
        key: &SessionKey,
        destination: &Destination,
        message: &Message,
    ) -> Result<(), TelegramError> {
        for request in destination.send_message(message) {
            let has_buttons = request.reply_markup.is_some();
            let sent = self.sender.send(Some(destination.chat()), &request).await?;
            if has_buttons {
                self.remember_keyboard(key, sent.id);
            }
        }
        Ok(())
    }

    async fn send_document(
        &self,
        key: &SessionKey,
        destination: &Destination,
        source: &str,
        file_name: &str,
        message: &Message,
        language: Language,
    ) -> Result<Result<(), TelegramError>, Unsent> {
        let document = match self.documents.fetch(source).await {
            Ok(document) => document,
            Err(error) => {
                tracing::warn!(
                    chat_id = key.chat().0,
                    error = &error as &dyn std::error::Error,
                    "a file could not be fetched"
                );
                if error.is_retryable() {
                    return Err(Unsent::Later);
                }
                // The person gets at least what the caption says: a tracking number is worth a lot.
                let notice = self.localizer.plain(language, "label-file-missing");
                let message = Message {
                    text: format!("{}\n\n{notice}", message.text),
                    ..message.clone()
                };
                return Ok(self.send_message(key, destination, &message).await);
            }
        };
        let upload = Upload {
            name: file_name.to_owned(),
            mime: document.media_type,
            bytes: document.bytes,
        };
        let mut request = NewDocument::new(destination.chat(), upload);
        request.message_thread_id = destination.thread();
        request.business_connection_id = destination.business().cloned();
        request.caption =
            Some(shorten(&message.text, MAX_CAPTION_UNITS)).filter(|caption| !caption.is_empty());
        request.reply_markup = keyboard(message).map(ReplyMarkup::InlineKeyboard);
        Ok(match self.sender.send_document(&request).await {
            Ok(sent) => {
                if !message.buttons.is_empty() {
                    self.remember_keyboard(key, sent.id);
                }
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    /// Answers a tap: the person's client shows that it waits until then.
    pub(super) async fn answer_tap(&self, query: &CallbackQueryId, text: Option<&str>) {
        let mut request = AnswerCallbackQuery::new(query.clone());
        request.text = text.map(|text| shorten(text, MAX_TAP_ANSWER_UNITS));
        match self.sender.send(None, &request).await {
            Ok(_) => {}
            // It was answered before, or the person's client has given up: nothing waits any more.
            Err(error) if matches!(error.kind(), TelegramErrorKind::QueryTooOld) => {}
            Err(error) => tracing::warn!(%error, "a tap could not be answered"),
        }
    }

    /// The message that has the current buttons, as far as it is known.
    pub(super) fn keyboard(&self, key: &SessionKey) -> Option<MessageId> {
        self.keyboards.lock().get(key).copied()
    }

    fn remember_keyboard(&self, key: &SessionKey, message: MessageId) {
        self.keyboards.lock().put(key.clone(), message);
    }

    fn forget_keyboard(&self, key: &SessionKey, message: MessageId) {
        let mut keyboards = self.keyboards.lock();
        if keyboards.peek(key) == Some(&message) {
            keyboards.pop(key);
        }
    }

    /// Takes the buttons away from a message whose menu is over. A courtesy: when it fails, a press on them does it.
    pub(super) async fn remove_buttons(&self, key: &SessionKey, message: MessageId) {
        self.forget_keyboard(key, message);
        let destination = Destination::of(key);
        let request = destination.remove_buttons(message);
        let removed = tokio::time::timeout(TIDY_DEADLINE, self.sender.client().call(&request)).await;
        if let Ok(Err(error)) = removed {
            tracing::debug!(chat_id = key.chat().0, %error, "old buttons stay");
        }
    }
}
