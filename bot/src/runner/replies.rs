//! Sending what turns say.

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{ChatId, InputId, MediaKind, Message, Reply, SessionKey};
use teloxide_core::payloads::AnswerCallbackQuery;
use teloxide_core::types::{CallbackQueryId, MessageId, ReplyMarkup};
use tracing::Instrument as _;

use super::executor::panic_message;
use super::keyboards::Keyboards;
use crate::effects::Documents;
use crate::growing_cache::growing_cache;
use crate::localization::{Args, Language, Localizer};
use crate::telegram::incoming::message_id;
use crate::telegram::outgoing::{Destination, MAX_CAPTION_UNITS, MAX_TAP_ANSWER_UNITS, keyboard, shorten};
use crate::telegram::{NewDocument, Sender, TelegramError, TelegramErrorKind, Upload};

/// How long the buttons of an earlier message may take to go: it is a courtesy that must not hold up the next answer.
const TIDY_DEADLINE: Duration = Duration::from_secs(5);

/// Of how many inputs it is remembered how far their replies got.
const REMEMBERED_PROGRESS: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// The largest file that Telegram shows as a photo (Bot API, "sendPhoto").
const LARGEST_PHOTO: usize = 10 * 1024 * 1024;

/// A file of a reply.
#[derive(Debug)]
struct File<'r> {
    source: &'r str,
    name: &'r str,
    message: &'r Message,
    shown_as: Option<MediaKind>,
}

impl<'r> File<'r> {
    const fn new(source: &'r str, name: &'r str, message: &'r Message, shown_as: Option<MediaKind>) -> Self {
        Self {
            source,
            name,
            message,
            shown_as,
        }
    }
}

/// Why replies were not sent to the end.
#[derive(Debug)]
pub(super) enum Unsent {
    /// Nobody is there to read them.
    ChatGone,
    /// The group has this id now.
    ChatMoved(ChatId),
    /// They may be sent later.
    Later,
}

/// The last message that was sent, which can be changed while what it tells of is under way.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) id: MessageId,
    pub(super) message: Message,
}

/// Sends replies in order.
#[derive(Debug)]
pub(super) struct Replies {
    sender: Arc<Sender>,
    documents: Arc<dyn Documents>,
    localizer: Arc<Localizer>,
    /// To take buttons away when others come.
    keyboards: Keyboards,
    /// How many of an input's replies were sent when the next could not be: they are not sent again.
    progress: Mutex<LruCache<(SessionKey, Vec<InputId>), usize>>,
}

impl Replies {
    pub(super) fn new(sender: Arc<Sender>, documents: Arc<dyn Documents>, localizer: Arc<Localizer>) -> Self {
        Self {
            sender,
            documents,
            localizer,
            keyboards: Keyboards::new(),
            progress: Mutex::new(growing_cache(REMEMBERED_PROGRESS)),
        }
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Sends the replies to these inputs, one after another, beginning with the first that was not sent before; answers
    /// the last one that was sent, if it can be changed. What Telegram refuses for good is skipped and logged: it would be
    /// refused again.
    pub(super) async fn send(
        &self,
        key: &SessionKey,
        inputs: &[InputId],
        replies: &[Reply],
        language: Language,
    ) -> Result<Option<Notice>, Unsent> {
        let span = tracing::debug_span!("send", replies = replies.len());
        self.send_all(key, inputs, replies, language)
            .instrument(span)
            .await
    }

    async fn send_all(
        &self,
        key: &SessionKey,
        inputs: &[InputId],
        replies: &[Reply],
        language: Language,
    ) -> Result<Option<Notice>, Unsent> {
        let begun = (key.clone(), inputs.to_vec());
        let sent_before = self.progress.lock().pop(&begun).unwrap_or(0);
        let mut notice = None;
        for (index, reply) in replies.iter().enumerate().skip(sent_before) {
            // A reply that can't be sent for a mistake of ours must not be tried again and again.
            let sent = AssertUnwindSafe(self.send_one(key, reply, language)).catch_unwind();
            let sent = match sent.await {
                Ok(sent) => sent,
                Err(panic) => {
                    let panic = panic_message(&*panic);
                    tracing::error!(
                        chat_id = key.chat().0,
                        panic,
                        "sending panicked; a reply is left out"
                    );
                    continue;
                }
            };
            let unsent = match sent {
                Ok(Ok(sent)) => {
                    notice = sent.or(notice);
                    continue;
                }
                Ok(Err(error)) => match error.kind() {
                    TelegramErrorKind::ChatGone(_) => Unsent::ChatGone,
                    TelegramErrorKind::MigratedTo(chat) => Unsent::ChatMoved(ChatId(*chat)),
                    TelegramErrorKind::NotModified => continue,
                    _ if error.is_transient() => {
                        tracing::warn!(chat_id = key.chat().0, %error, "a reply could not be sent yet");
                        Unsent::Later
                    }
                    _ => {
                        tracing::error!(chat_id = key.chat().0, %error, "a reply is refused and left out");
                        continue;
                    }
                },
                Err(unsent) => unsent,
            };
            if matches!(unsent, Unsent::Later) && index > 0 && !inputs.is_empty() {
                self.progress.lock().put(begun, index);
            }
            return Err(unsent);
        }
        Ok(notice)
    }

    async fn send_one(
        &self,
        key: &SessionKey,
        reply: &Reply,
        language: Language,
    ) -> Result<Result<Option<Notice>, TelegramError>, Unsent> {
        let destination = Destination::of(key);
        let chat = Some(destination.chat());
        Ok(match reply {
            Reply::Message(message) => self.send_message(key, &destination, message).await,
            Reply::Edit { target, message } => match message_id(*target) {
                Some(target) => match self
                    .sender
                    .tell(chat, &destination.edit_message(target, message))
                    .await
                {
                    Err(error) if matches!(error.kind(), TelegramErrorKind::MessageGone(_)) => {
                        self.send_message(key, &destination, message).await
                    }
                    result => {
                        if message.buttons.is_empty() {
                            self.keyboards.forget(key, target);
                        } else {
                            self.keyboards.shown(key, target);
                        }
                        result.map(|()| {
                            let message = message.clone();
                            Some(Notice { id: target, message })
                        })
                    }
                },
                None => self.send_message(key, &destination, message).await,
            },
            Reply::RemoveButtons { target } => match message_id(*target) {
                Some(target) => self
                    .sender
                    .tell(chat, &destination.remove_buttons(target))
                    .await
                    .map(|()| None),
                None => Ok(None),
            },
            Reply::Progress(progress) => {
                // Shows for five seconds and is worth no second try.
                let _ = self.sender.client().call(&destination.progress(*progress)).await;
                Ok(None)
            }
            Reply::Document {
                source,
                file_name,
                message,
            } => {
                let file = File::new(source, file_name, message, None);
                Box::pin(self.send_file(key, &destination, &file, language)).await?
            }
            Reply::Media {
                media,
                source,
                file_name,
                message,
            } => {
                let file = File::new(source, file_name, message, Some(*media));
                Box::pin(self.send_file(key, &destination, &file, language)).await?
            }
            Reply::Invoice(invoice) => self
                .sender
                .send(chat, &destination.invoice(invoice))
                .await
                .map(|_| None),
            // A kind that a newer version of the core knows: there is nothing that this one could send.
            _ => Ok(None),
        })
    }

    async fn send_message(
        &self,
        key: &SessionKey,
        destination: &Destination,
        message: &Message,
    ) -> Result<Option<Notice>, TelegramError> {
        let mut notice = None;
        let requests = destination.send_message(message);
        let is_whole = requests.len() == 1;
        for request in requests {
            let has_buttons = request.reply_markup.is_some();
            let id = self.sender.send_message(destination.chat(), &request).await?;
            if has_buttons {
                self.keyboards.shown(key, id);
            }
            notice = is_whole.then(|| Notice {
                id,
                message: message.clone(),
            });
        }
        Ok(notice)
    }

    async fn send_file(
        &self,
        key: &SessionKey,
        destination: &Destination,
        file: &File<'_>,
        language: Language,
    ) -> Result<Result<Option<Notice>, TelegramError>, Unsent> {
        let &File { source, message, .. } = file;
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
                let notice = match self.documents.link(source).await {
                    Some(link) => {
                        self.localizer
                            .text(language, "file-by-link", &Args::new().with("link", link))
                    }
                    None => self.localizer.plain(language, self.documents.apology(source)),
                };
                let text = [message.text.as_str(), notice.as_str()];
                let text = text.into_iter().filter(|text| !text.is_empty());
                let message = Message {
                    text: text.collect::<Vec<_>>().join("\n\n"),
                    ..message.clone()
                };
                return Ok(self.send_message(key, destination, &message).await.map(|_| None));
            }
        };
        let upload = Upload {
            name: file.name.to_owned(),
            mime: document.media_type,
            bytes: document.bytes,
        };
        let mut request = NewDocument::new(destination.chat(), upload);
        request.message_thread_id = destination.thread();
        request.business_connection_id = destination.business().cloned();
        request.caption =
            Some(shorten(&message.text, MAX_CAPTION_UNITS)).filter(|caption| !caption.is_empty());
        request.reply_markup = keyboard(message).map(ReplyMarkup::InlineKeyboard);
        let is_too_large = request.file.bytes.len() > LARGEST_PHOTO;
        request.shown_as = file
            .shown_as
            .filter(|shown_as| *shown_as != MediaKind::Photo || !is_too_large);
        let mut sent = self.sender.send_document(&request).await;
        if let Err(error) = &sent
            && request.shown_as.is_some()
            && matches!(error.kind(), TelegramErrorKind::BadRequest(_))
        {
            // Too wide, or of a kind that Telegram doesn't show: as a plain file it can be had all the same.
            tracing::debug!(chat_id = key.chat().0, %error, "a file is sent as a plain one");
            request.shown_as = None;
            sent = self.sender.send_document(&request).await;
        }
        Ok(sent.map(|sent| {
            if !message.buttons.is_empty() {
                self.keyboards.shown(key, sent.id);
            }
            None
        }))
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
        self.keyboards.current(key)
    }

    /// Changes the text of a message while what it tells of is under way. Its buttons stay as they are by then. A courtesy:
    /// when it fails, nothing is lost.
    pub(super) async fn retouch(&self, key: &SessionKey, notice: &Notice, text: String) {
        let mut message = Message {
            text,
            ..notice.message.clone()
        };
        if self.keyboard(key) != Some(notice.id) {
            message.buttons.clear();
        }
        let request = Destination::of(key).edit_message(notice.id, &message);
        let edited = tokio::time::timeout(TIDY_DEADLINE, self.sender.client().tell(&request)).await;
        if let Ok(Err(error)) = edited {
            tracing::debug!(chat_id = key.chat().0, %error, "a message stays as it is");
        }
    }

    /// Takes the buttons away from a message whose menu is over. A courtesy: when it fails, a press on them does it.
    pub(super) async fn remove_buttons(&self, key: &SessionKey, message: MessageId) {
        if !self.keyboards.take_away(key, message) {
            return;
        }
        let destination = Destination::of(key);
        let request = destination.remove_buttons(message);
        let removed = tokio::time::timeout(TIDY_DEADLINE, self.sender.client().tell(&request)).await;
        match removed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(chat_id = key.chat().0, %error, "old buttons stay");
                if error.is_transient() || matches!(error.kind(), TelegramErrorKind::RetryAfter(_)) {
                    self.keyboards.stayed(key, message);
                }
            }
            Err(_) => self.keyboards.stayed(key, message),
        }
    }
}
