//! Chats: private ones with a person, and groups.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    files::StoredFile,
    markup::Markup,
    message::{Author, Content, Draft, Message},
    object::Object,
    people::Person,
    text::FormattedText,
};

/// Groups with an id at or below this are supergroups, as in Telegram.
const HIGHEST_SUPERGROUP_ID: i64 = -1_000_000_000_000;

/// Whether a chat of this id is a supergroup.
pub(crate) fn is_supergroup_id(id: i64) -> bool {
    id <= HIGHEST_SUPERGROUP_ID
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum ChatKind {
    Private(Arc<Person>),
    Group { title: String },
}

/// What the Bot API calls the bot itself.
#[derive(Debug)]
pub(crate) struct BotIdentity {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) username: String,
}

impl BotIdentity {
    /// The Bot API's `User`.
    pub(crate) fn user(&self) -> Object<'_> {
        Object::new()
            .with("id", self.id)
            .with("is_bot", true)
            .with("first_name", &*self.first_name)
            .with("username", &*self.username)
    }
}

/// One chat of one bot, with its whole transcript.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) kind: ChatKind,
    /// The person has blocked the bot.
    pub(crate) blocked: bool,
    /// The supergroup that the group has become: nothing is written here any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) migrated_to: Option<i64>,
    pub(crate) messages: BTreeMap<i64, Message>,
    pub(crate) next_message_id: i64,
}

impl Chat {
    pub(crate) fn new(id: i64, kind: ChatKind, next_message_id: i64) -> Self {
        Self {
            id,
            kind,
            blocked: false,
            migrated_to: None,
            messages: BTreeMap::new(),
            next_message_id,
        }
    }

    /// Puts a message at the end.
    pub(crate) fn add(&mut self, draft: Draft, date: i64) -> &Message {
        let id = self.next_message_id;
        self.next_message_id += 1;
        let Draft {
            author,
            content,
            markup,
            reply_to,
            album,
        } = draft;
        let message = Message {
            id,
            date,
            edit_date: None,
            author,
            content,
            markup,
            reply_to,
            album,
        };
        self.messages.entry(id).or_insert(message)
    }

    pub(crate) fn is_supergroup(&self) -> bool {
        is_supergroup_id(self.id)
    }

    /// The Bot API's `Chat`.
    pub(crate) fn chat(&self) -> Object<'_> {
        match &self.kind {
            ChatKind::Private(person) => person.private_chat(),
            ChatKind::Group { title } => {
                let group = Object::new().with("id", self.id).with("title", &**title);
                if self.is_supergroup() {
                    group.with("type", "supergroup")
                } else {
                    group
                        .with("type", "group")
                        .with("all_members_are_administrators", true)
                }
            }
        }
    }

    /// The Bot API's `Message`.
    pub(crate) fn message<'a>(&'a self, bot: &'a BotIdentity, message: &'a Message) -> Object<'a> {
        let mut rendered = self.message_alone(bot, message);
        if let Some(original) = message.reply_to.and_then(|id| self.messages.get(&id)) {
            rendered.put("reply_to_message", self.message_alone(bot, original));
        }
        rendered
    }

    fn message_alone<'a>(&'a self, bot: &'a BotIdentity, message: &'a Message) -> Object<'a> {
        let from = match &message.author {
            Author::Bot => bot.user(),
            Author::Person(person) => person.user(),
        };
        let mut rendered = Object::new()
            .with("message_id", message.id)
            .with("from", from)
            .with("chat", self.chat())
            .with("date", message.date);
        rendered.put_some("edit_date", message.edit_date);
        put_content(&mut rendered, &message.content, None);
        rendered.put_some("media_group_id", message.album.as_deref());
        if let Some(rows) = inline_rows(message) {
            rendered.put("reply_markup", Object::new().with("inline_keyboard", rows));
        }
        rendered
    }

    /// The message as the people's side shows it.
    pub(crate) fn entry<'a>(&'a self, bot: &BotIdentity, message: &'a Message) -> Object<'a> {
        let mut entry = Object::new()
            .with("message_id", message.id)
            .with("chat", self.id)
            .with("date", message.date);
        match &message.author {
            Author::Bot => entry.put("from", "bot"),
            Author::Person(person) => {
                entry.put("from", "person");
                entry.put("person", person.id);
            }
        }
        entry.put_some("edited", message.edit_date.map(|_| true));
        // A service message shows the other id as it is.
        put_content(&mut entry, &message.content, Some(bot.id));
        entry.put_some("media_group_id", message.album.as_deref());
        entry.put_some("reply_to_message_id", message.reply_to);
        entry.put_some("inline_keyboard", inline_rows(message));
        match &message.markup {
            Some(Markup::Reply(keyboard)) => entry.put("reply_keyboard", keyboard),
            Some(Markup::Remove) => {
                entry.put("reply_keyboard", Object::new().with("remove_keyboard", true));
            }
            Some(Markup::ForceReply) => {
                entry.put("reply_keyboard", Object::new().with("force_reply", true));
            }
            Some(Markup::Inline(_)) | None => {}
        }
        entry
    }
}

fn inline_rows(message: &Message) -> Option<&[Value]> {
    message.markup.as_ref()?.inline_rows()
}

/// What a message has beside who wrote it where and when. With a bot's id, files are shown as the people's side gets them.
fn put_content<'a>(object: &mut Object<'a>, content: &'a Content, files_of: Option<i64>) {
    let shown = |file: &StoredFile, mut shown: Value| {
        if let Some(bot) = files_of {
            shown["url"] = format!("/sim/files/{bot}/{}", file.path).into();
        }
        shown
    };
    match content {
        Content::Text(body) => put_text(object, ["text", "entities"], body),
        Content::Document { file, caption } => {
            object.put("document", shown(file, file.document()));
            put_caption(object, caption);
        }
        Content::Photo { file, caption } => {
            let mut photo = file.photo();
            if files_of.is_some() {
                photo = photo[0].take();
                photo["file_name"] = file.name.as_str().into();
                photo["mime_type"] = file.mime_type.as_str().into();
                photo = shown(file, photo);
            }
            object.put("photo", photo);
            put_caption(object, caption);
        }
        Content::Clip { file, caption } => {
            let (field, clip) = file.clip();
            object.put(field, shown(file, clip));
            put_caption(object, caption);
        }
        Content::MigratedTo(chat) => object.put("migrate_to_chat_id", *chat),
        Content::MigratedFrom(chat) => object.put("migrate_from_chat_id", *chat),
        Content::Invoice(bill) => object.put("invoice", bill.invoice()),
        Content::Paid(receipt) => object.put("successful_payment", receipt.payment()),
        Content::Refunded(receipt) => object.put("refunded_payment", receipt.payment()),
    }
}

fn put_caption<'a>(object: &mut Object<'a>, caption: &'a FormattedText) {
    put_text(object, ["caption", "caption_entities"], caption);
}

fn put_text<'a>(object: &mut Object<'a>, names: [&'static str; 2], text: &'a FormattedText) {
    if !text.text.is_empty() {
        object.put(names[0], &*text.text);
    }
    if !text.entities.is_empty() {
        object.put(names[1], &*text.entities);
    }
}
