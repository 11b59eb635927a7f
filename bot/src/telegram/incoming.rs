//! From Telegram's updates to the inputs of conversations.

mod plain;

use stepkeep_core::{
    BotId, BusinessConnectionId, ChatId, FileInput, FileKind, Input, InputId, InputKind, SessionKey, Tap,
    ThreadId, Timestamp, UserId,
};
use teloxide_core::types::{
    CallbackQuery, CallbackQueryId, ChatMemberUpdated, FileMeta, MaybeInaccessibleMessage, Message,
    MessageId, MessageKind, PhotoSize, PreCheckoutQuery, Update, UpdateKind,
};

use super::update::{RawUpdate, UnreadableUpdate};
use crate::stars::{Checkout, PaymentKind, StarsPayment};

/// What an update is to the bot.
#[derive(Debug)]
pub enum Incoming {
    /// An input of a conversation.
    Conversation(Box<ConversationInput>),
    /// A group became a supergroup, which has an id of its own.
    ChatMoved {
        /// The group's id.
        from: ChatId,
        /// The supergroup's.
        to: ChatId,
    },
    /// A button of a message that belongs to no chat: it is answered, and nothing else.
    TapWithoutChat(CallbackQueryId),
    /// A question whether a payment may go through, to be answered at once.
    Checkout(Box<Checkout>),
    /// Nothing that the bot answers: the word says what.
    Ignored(&'static str),
}

/// An input, with what is needed to answer it.
#[derive(Debug)]
pub struct ConversationInput {
    /// Whose conversation.
    pub key: SessionKey,
    /// The input.
    pub input: Input,
    /// What a tap wants to be answered by.
    pub query: Option<CallbackQueryId>,
    /// Whether it is a remark in a group, that the bot answers only when it is in a conversation with this person.
    pub is_group_remark: bool,
    /// What was paid, or given back: it is booked before the conversation hears of it.
    pub payment: Option<Box<StarsPayment>>,
}

/// Reads an update as it came; see [`read`].
///
/// # Errors
/// [`UnreadableUpdate`] when it is not an update, or not as the Bot API promises that it is.
pub fn read_raw(
    update: &RawUpdate,
    bot: BotId,
    bot_name: &str,
    now: Timestamp,
) -> Result<Incoming, UnreadableUpdate> {
    match plain::read(update.raw.get(), bot, bot_name, now) {
        Some(incoming) => Ok(incoming),
        None => update.parse().map(|update| read(&update, bot, bot_name, now)),
    }
}

/// Reads an update. `bot_name` is the bot's user name, to tell commands for it from those for other bots of a group.
pub fn read(update: &Update, bot: BotId, bot_name: &str, now: Timestamp) -> Incoming {
    let reader = Reader {
        bot,
        bot_name,
        now,
        id: InputId::Update(i64::from(update.id.0)),
    };
    match &update.kind {
        UpdateKind::Message(message) | UpdateKind::BusinessMessage(message) => reader.message(message),
        UpdateKind::EditedMessage(message) | UpdateKind::EditedBusinessMessage(message) => {
            reader.of_message(message, |_| InputKind::Other("edited_message".to_owned()))
        }
        UpdateKind::CallbackQuery(query) => reader.tap(query),
        UpdateKind::MyChatMember(member) => reader.membership(member),
        UpdateKind::PreCheckoutQuery(query) => Incoming::Checkout(Box::new(checkout(query))),
        UpdateKind::Error(_) => Incoming::Ignored("unknown_kind"),
        _ => Incoming::Ignored("not_for_a_conversation"),
    }
}

struct Reader<'a> {
    bot: BotId,
    bot_name: &'a str,
    now: Timestamp,
    id: InputId,
}

impl Reader<'_> {
    fn message(&self, message: &Message) -> Incoming {
        let here = ChatId(message.chat.id.0);
        // Telegram tells of it twice, in either chat (Bot API, "Message"); once is enough, and twice does no harm.
        if let Some(to) = message.migrate_to_chat_id() {
            let to = ChatId(to.0);
            return Incoming::ChatMoved { from: here, to };
        }
        if let Some(from) = message.migrate_from_chat_id() {
            let from = ChatId(from.0);
            return Incoming::ChatMoved { from, to: here };
        }
        let is_of_person = message.from.as_ref().is_some_and(|person| !person.is_bot);
        let mut incoming = if is_returned(message) && message.chat.is_private() && !is_of_person {
            // The Bot API doesn't say from whom it is; a private chat says whose it is.
            let key = SessionKey::private(self.bot, UserId(message.chat.id.0));
            let kind = InputKind::Other("message".to_owned());
            self.conversation(key, None, kind, None, false)
        } else {
            self.of_message(message, |message| message_kind(message, self.bot_name))
        };
        if let Incoming::Conversation(input) = &mut incoming {
            input.payment = payment(message, input.key.user()).map(Box::new);
            // It is for the bot, wherever it is told.
            input.is_group_remark &= input.payment.is_none();
        }
        incoming
    }

    fn of_message(&self, message: &Message, kind: impl FnOnce(&Message) -> InputKind) -> Incoming {
        let Some(person) = message.from.as_ref().filter(|person| !person.is_bot) else {
            return Incoming::Ignored("not_from_a_person");
        };
        let mut key = SessionKey::new(self.bot, ChatId(message.chat.id.0), user_id(person.id));
        if let Some(thread) = message.thread_id.filter(|_| message.is_topic_message) {
            key = key.with_thread(ThreadId(i64::from(thread.0.0)));
        }
        if let Some(connection) = business_connection(message) {
            match BusinessConnectionId::new(&connection.0) {
                Ok(connection) => key = key.with_business(connection),
                Err(_) => return Incoming::Ignored("unreadable"),
            }
        }
        let kind = kind(message);
        let is_group_remark = !message.chat.is_private() && !matches!(kind, InputKind::Command { .. });
        if matches!(&kind, InputKind::Command { name, .. } if name.is_empty()) {
            return Incoming::Ignored("command_for_another_bot");
        }
        self.conversation(key, person.language_code.clone(), kind, None, is_group_remark)
    }

    fn tap(&self, query: &CallbackQuery) -> Incoming {
        let Some(message) = &query.message else {
            return Incoming::TapWithoutChat(query.id.clone());
        };
        let mut key = SessionKey::new(self.bot, ChatId(message.chat().id.0), user_id(query.from.id));
        if let MaybeInaccessibleMessage::Regular(message) = message {
            if let Some(thread) = message.thread_id.filter(|_| message.is_topic_message) {
                key = key.with_thread(ThreadId(i64::from(thread.0.0)));
            }
            if let Some(Ok(connection)) =
                business_connection(message).map(|id| BusinessConnectionId::new(&id.0))
            {
                key = key.with_business(connection);
            }
        }
        let data = query.data.clone().unwrap_or_default();
        let kind = InputKind::Tap(Tap {
            message: i64::from(message.id().0),
            data,
        });
        self.conversation(
            key,
            query.from.language_code.clone(),
            kind,
            Some(query.id.clone()),
            false,
        )
    }

    fn membership(&self, member: &ChatMemberUpdated) -> Incoming {
        if !member.chat.is_private() || member.new_chat_member.kind.is_present() {
            return Incoming::Ignored("membership");
        }
        let key = SessionKey::new(self.bot, ChatId(member.chat.id.0), user_id(member.from.id));
        self.conversation(key, None, InputKind::ChatGone, None, false)
    }

    fn conversation(
        &self,
        key: SessionKey,
        language: Option<String>,
        kind: InputKind,
        query: Option<CallbackQueryId>,
        is_group_remark: bool,
    ) -> Incoming {
        let input = Input {
            id: self.id.clone(),
            at: self.now,
            language,
            kind,
        };
        Incoming::Conversation(Box::new(ConversationInput {
            key,
            input,
            query,
            is_group_remark,
            payment: None,
        }))
    }
}

fn business_connection(message: &Message) -> Option<&teloxide_core::types::BusinessConnectionId> {
    match &message.kind {
        MessageKind::Common(common) => common.business_connection_id.as_ref(),
        _ => None,
    }
}

/// Telegram's ids have at most 52 significant bits (Bot API, "User"), so the conversion is exact.
fn user_id(id: teloxide_core::types::UserId) -> UserId {
    UserId(i64::try_from(id.0).unwrap_or(i64::MAX))
}

fn checkout(query: &PreCheckoutQuery) -> Checkout {
    Checkout {
        query: query.id.0.clone(),
        user: user_id(query.from.id),
        language: query.from.language_code.clone(),
        currency: query.currency.clone(),
        amount: query.total_amount,
        payload: query.invoice_payload.clone(),
    }
}

/// Whether a message tells that a payment was given back.
fn is_returned(message: &Message) -> bool {
    matches!(message.kind, MessageKind::RefundedPayment(_))
}

/// What a message says that this person has paid, or was given back.
fn payment(message: &Message, user: UserId) -> Option<StarsPayment> {
    match &message.kind {
        MessageKind::SuccessfulPayment(message) => {
            let payment = &message.successful_payment;
            Some(StarsPayment {
                kind: PaymentKind::Paid,
                user,
                charge: payment.telegram_payment_charge_id.0.clone(),
                currency: payment.currency.clone(),
                amount: payment.total_amount,
                payload: payment.invoice_payload.clone(),
            })
        }
        MessageKind::RefundedPayment(message) => {
            let payment = &message.refunded_payment;
            Some(StarsPayment {
                kind: PaymentKind::Returned,
                user,
                charge: payment.telegram_payment_charge_id.0.clone(),
                currency: payment.currency.clone(),
                amount: payment.total_amount,
                payload: payment.invoice_payload.clone(),
            })
        }
        _ => None,
    }
}

fn message_kind(message: &Message, bot_name: &str) -> InputKind {
    if let Some(text) = message.text() {
        return text_kind(text, bot_name);
    }
    let file = |kind: FileKind, meta: &FileMeta, name: Option<&String>, media_type: Option<String>| {
        InputKind::File(FileInput {
            file_id: meta.id.0.clone(),
            file_name: name.cloned(),
            media_type,
            size: Some(u64::from(meta.size)),
            caption: message.caption().map(ToOwned::to_owned),
            kind,
            album: message.media_group_id().map(|album| album.0.clone()),
        })
    };
    // Before documents: Telegram sets `document` for an animation as well (Bot API, "Message").
    if let Some(animation) = message.animation() {
        let media_type = animation.mime_type.as_ref().map(ToString::to_string);
        let name = animation.file_name.as_ref();
        return file(FileKind::Animation, &animation.file, name, media_type);
    }
    if let Some(document) = message.document() {
        let media_type = document.mime_type.as_ref().map(ToString::to_string);
        let name = document.file_name.as_ref();
        return file(FileKind::Document, &document.file, name, media_type);
    }
    if let Some(video) = message.video() {
        let media_type = video.mime_type.as_ref().map(ToString::to_string);
        return file(FileKind::Video, &video.file, video.file_name.as_ref(), media_type);
    }
    if let Some(audio) = message.audio() {
        let media_type = audio.mime_type.as_ref().map(ToString::to_string);
        return file(FileKind::Audio, &audio.file, audio.file_name.as_ref(), media_type);
    }
    if let Some(voice) = message.voice() {
        return file(
            FileKind::Voice,
            &voice.file,
            None,
            voice.mime_type.as_ref().map(ToString::to_string),
        );
    }
    let largest = |sizes: &[PhotoSize]| {
        let area = |size: &&PhotoSize| u64::from(size.width) * u64::from(size.height);
        sizes.iter().max_by_key(area).cloned()
    };
    if let Some(photo) = message.photo().and_then(largest) {
        return file(FileKind::Photo, &photo.file, None, Some("image/jpeg".to_owned()));
    }
    InputKind::Other("message".to_owned())
}

/// A text or a command. A command for another bot of the group has an empty name.
fn text_kind(text: &str, bot_name: &str) -> InputKind {
    let Some(rest) = text.strip_prefix('/') else {
        return InputKind::Text(text.to_owned());
    };
    let (command, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (name, addressee) = command.split_once('@').unwrap_or((command, bot_name));
    let is_command = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_command {
        return InputKind::Text(text.to_owned());
    }
    let name = if addressee.eq_ignore_ascii_case(bot_name) {
        name.to_ascii_lowercase()
    } else {
        String::new()
    };
    InputKind::Command {
        name,
        arguments: arguments.trim().to_owned(),
    }
}

/// The id of a message as Telegram takes it; `None` for one that no message can have.
pub fn message_id(id: i64) -> Option<MessageId> {
    i32::try_from(id).ok().map(MessageId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_json(update: &serde_json::Value) -> Incoming {
        let update: Update = serde_json::from_str(&update.to_string()).unwrap();
        read(&update, BotId(7), "KeepBot", Timestamp::from_millis(5))
    }

    fn message(mut fields: serde_json::Value) -> serde_json::Value {
        let base = json!({
            "message_id": 3, "date": 0,
            "chat": {"id": 42, "type": "private", "first_name": "Ann"},
            "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "en"},
        });
        for (name, value) in base.as_object().unwrap() {
            fields
                .as_object_mut()
                .unwrap()
                .entry(name.clone())
                .or_insert(value.clone());
        }
        json!({"update_id": 9, "message": fields})
    }

    fn conversation(incoming: Incoming) -> ConversationInput {
        match incoming {
            Incoming::Conversation(input) => *input,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_is_read_with_its_person_and_language() {
        let input = conversation(read_json(&message(json!({"text": "Austin"}))));
        assert_eq!(input.key.encode(), "7/42/42///main");
        assert_eq!(input.input.id, InputId::Update(9));
        assert_eq!(input.input.language.as_deref(), Some("en"));
        assert_eq!(input.input.kind, InputKind::Text("Austin".into()));
    }

    #[test]
    fn commands_are_told_from_texts_and_from_those_of_other_bots() {
        let command = |name: &str, arguments: &str| InputKind::Command {
            name: name.into(),
            arguments: arguments.into(),
        };
        assert_eq!(text_kind("/start", "KeepBot"), command("start", ""));
        assert_eq!(
            text_kind("/Start@keepbot  a b ", "KeepBot"),
            command("start", "a b")
        );
        assert_eq!(text_kind("/start@other", "KeepBot"), command("", ""));
        assert_eq!(
            text_kind("/1/2 Main St", "KeepBot"),
            InputKind::Text("/1/2 Main St".into())
        );
        assert_eq!(text_kind("/", "KeepBot"), InputKind::Text("/".into()));
        let group = json!({"id": -5, "type": "group", "title": "G"});
        let incoming = read_json(&message(json!({"text": "/start@other", "chat": group})));
        assert!(matches!(incoming, Incoming::Ignored("command_for_another_bot")));
    }

    #[test]
    fn a_tap_belongs_to_the_one_who_pressed_whatever_it_carries() {
        let incoming = read_json(&json!({"update_id": 9, "callback_query": {
            "id": "q", "from": {"id": 43, "is_bot": false, "first_name": "Bob"}, "chat_instance": "c",
            "message": {"message_id": 3, "date": 0, "chat": {"id": -5, "type": "group", "title": "G"}},
        }}));
        let input = conversation(incoming);
        assert_eq!(input.key.encode(), "7/-5/43///main");
        assert_eq!(
            input.input.kind,
            InputKind::Tap(Tap {
                message: 3,
                data: String::new()
            })
        );
        assert!(input.query.is_some());
    }

    #[test]
    fn a_topic_and_a_business_connection_are_conversations_of_their_own() {
        let group = json!({"id": -5, "type": "supergroup", "title": "G", "is_forum": true});
        let input = conversation(read_json(&message(
            json!({"text": "x", "chat": group, "message_thread_id": 8, "is_topic_message": true}),
        )));
        assert_eq!(input.key.encode(), "7/-5/42/8//main");
        assert!(input.is_group_remark);
        let input = conversation(read_json(&message(
            json!({"text": "x", "business_connection_id": "b/1"}),
        )));
        assert_eq!(input.key.encode(), "7/42/42//b%2F1/main");
    }

    #[test]
    fn files_and_other_things_are_told_apart() {
        let document = json!({"file_id": "f", "file_unique_id": "u", "file_size": 5, "file_name": "a.pdf",
            "mime_type": "application/pdf"});
        let input = conversation(read_json(&message(json!({"document": document}))));
        assert!(
            matches!(input.input.kind, InputKind::File(FileInput { file_name: Some(name), .. }) if name == "a.pdf")
        );
        let sizes = json!([
            {"file_id": "s", "file_unique_id": "u", "file_size": 5, "width": 1, "height": 1},
            {"file_id": "l", "file_unique_id": "v", "file_size": 9, "width": 9, "height": 9},
        ]);
        let input = conversation(read_json(&message(json!({"photo": sizes, "caption": "c"}))));
        assert!(matches!(input.input.kind, InputKind::File(FileInput { file_id, .. }) if file_id == "l"));
        let video = json!({"file_id": "v", "file_unique_id": "w", "file_size": 7, "width": 1, "height": 1, "duration": 1,
            "mime_type": "video/mp4"});
        let shared = json!({"video": video, "media_group_id": "g"});
        let InputKind::File(file) = conversation(read_json(&message(shared))).input.kind else {
            panic!("a file");
        };
        assert_eq!((file.kind, file.album.as_deref()), (FileKind::Video, Some("g")));
        assert_eq!(file.media_type.as_deref(), Some("video/mp4"));
        let voice = json!({"file_id": "o", "file_unique_id": "p", "file_size": 7, "duration": 1, "mime_type": "audio/ogg"});
        let input = conversation(read_json(&message(json!({"voice": voice}))));
        assert!(matches!(
            input.input.kind,
            InputKind::File(FileInput {
                kind: FileKind::Voice,
                ..
            })
        ));
        let location = json!({"longitude": 1.0, "latitude": 1.0});
        let input = conversation(read_json(&message(json!({"location": location}))));
        assert_eq!(input.input.kind, InputKind::Other("message".into()));
    }

    #[test]
    fn a_group_that_becomes_a_supergroup_is_told_of_in_either_chat() {
        let group = json!({"id": -5, "type": "group", "title": "G"});
        let supergroup = json!({"id": -1_000_000_000_500_i64, "type": "supergroup", "title": "G"});
        for told in [
            message(json!({"chat": group, "migrate_to_chat_id": -1_000_000_000_500_i64})),
            message(json!({"chat": supergroup, "migrate_from_chat_id": -5})),
        ] {
            let Incoming::ChatMoved { from, to } = read_json(&told) else {
                panic!("a move");
            };
            assert_eq!((from, to), (ChatId(-5), ChatId(-1_000_000_000_500)));
        }
    }

    #[test]
    fn a_block_ends_the_conversation_and_what_nobody_knows_is_put_aside() {
        let ann = json!({"id": 42, "is_bot": false, "first_name": "Ann"});
        let bot = json!({"id": 7, "is_bot": true, "first_name": "Keep", "username": "KeepBot"});
        let incoming = read_json(&json!({"update_id": 9, "my_chat_member": {
            "chat": {"id": 42, "type": "private", "first_name": "Ann"}, "from": ann, "date": 0,
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": {"user": bot, "status": "kicked", "until_date": 0},
        }}));
        assert_eq!(conversation(incoming).input.kind, InputKind::ChatGone);
        assert!(matches!(
            read_json(&json!({"update_id": 9, "novelty": {}})),
            Incoming::Ignored(_)
        ));
    }

    #[test]
    fn payments_are_told_from_remarks_and_questions_about_them_are_nobodys_input() {
        let payment = json!({"currency": "XTR", "total_amount": 50, "invoice_payload": "p",
            "telegram_payment_charge_id": "c", "provider_payment_charge_id": ""});
        let group = json!({"id": -5, "type": "group", "title": "G"});
        for (field, kind) in [
            ("successful_payment", PaymentKind::Paid),
            ("refunded_payment", PaymentKind::Returned),
        ] {
            let input = conversation(read_json(&message(json!({field: payment, "chat": group}))));
            let payment = input.payment.unwrap();
            assert_eq!((payment.kind, payment.user), (kind, UserId(42)));
            assert_eq!((payment.charge.as_str(), payment.amount), ("c", 50));
            assert!(!input.is_group_remark);
        }
        let bot = json!({"id": 7, "is_bot": true, "first_name": "Keep"});
        let input = conversation(read_json(&message(
            json!({"refunded_payment": payment, "from": bot}),
        )));
        assert_eq!(input.payment.map(|payment| payment.user), Some(UserId(42)));
        let query = json!({"id": "q", "from": {"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "ru"},
            "currency": "XTR", "total_amount": 50, "invoice_payload": "p"});
        let Incoming::Checkout(checkout) = read_json(&json!({"update_id": 9, "pre_checkout_query": query}))
        else {
            panic!("no checkout");
        };
        assert_eq!((checkout.query.as_str(), checkout.user), ("q", UserId(42)));
        assert_eq!(checkout.language.as_deref(), Some("ru"));
    }
}
