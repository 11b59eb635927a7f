//! Chats: private ones with a person, and groups.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    files::StoredFile,
    markup::Markup,
    message::{Author, Content, Draft, Message},
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
    pub(crate) fn user(&self) -> Value {
        json!({"id": self.id, "is_bot": true, "first_name": self.first_name, "username": self.username})
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
    pub(crate) fn chat(&self) -> Value {
        match &self.kind {
            ChatKind::Private(person) => person.private_chat(),
            ChatKind::Group { title } if self.is_supergroup() => {
                json!({"id": self.id, "type": "supergroup", "title": title})
            }
            ChatKind::Group { title } => {
                json!({"id": self.id, "type": "group", "title": title, "all_members_are_administrators": true})
            }
        }
    }

    /// The Bot API's `Message`.
    pub(crate) fn message(&self, bot: &BotIdentity, message: &Message) -> Value {
        let mut rendered = self.message_alone(bot, message);
        if let Some(original) = message.reply_to.and_then(|id| self.messages.get(&id)) {
            rendered["reply_to_message"] = self.message_alone(bot, original);
        }
        rendered
    }

    fn message_alone(&self, bot: &BotIdentity, message: &Message) -> Value {
        let from = match &message.author {
            Author::Bot => bot.user(),
            Author::Person(person) => person.user(),
        };
        let mut rendered =
            json!({"message_id": message.id, "from": from, "chat": self.chat(), "date": message.date});
        if let Some(date) = message.edit_date {
            rendered["edit_date"] = date.into();
        }
        let text = |rendered: &mut Value, names: [&str; 2], text: &FormattedText| {
            if !text.text.is_empty() {
                rendered[names[0]] = text.text.as_str().into();
            }
            if !text.entities.is_empty() {
                rendered[names[1]] = json!(text.entities);
            }
        };
        match &message.content {
            Content::Text(body) => text(&mut rendered, ["text", "entities"], body),
            Content::Document { file, caption } => {
                rendered["document"] = file.document();
                text(&mut rendered, ["caption", "caption_entities"], caption);
            }
            Content::Photo { file, caption } => {
                rendered["photo"] = file.photo();
                text(&mut rendered, ["caption", "caption_entities"], caption);
            }
            Content::Clip { file, caption } => {
                let (field, clip) = file.clip();
                rendered[field] = clip;
                text(&mut rendered, ["caption", "caption_entities"], caption);
            }
            Content::MigratedTo(chat) => rendered["migrate_to_chat_id"] = (*chat).into(),
            Content::MigratedFrom(chat) => rendered["migrate_from_chat_id"] = (*chat).into(),
            Content::Invoice(bill) => rendered["invoice"] = bill.invoice(),
            Content::Paid(receipt) => rendered["successful_payment"] = receipt.payment(),
            Content::Refunded(receipt) => rendered["refunded_payment"] = receipt.payment(),
        }
        if let Some(album) = &message.album {
            rendered["media_group_id"] = album.as_str().into();
        }
        if let Some(rows) = message.markup.as_ref().and_then(|markup| markup.inline_rows()) {
            rendered["reply_markup"] = json!({ "inline_keyboard": rows });
        }
        rendered
    }

    /// The message as the people's side shows it.
    pub(crate) fn entry(&self, bot: &BotIdentity, message: &Message) -> Value {
        let mut entry = self.message_alone(bot, message);
        let Some(fields) = entry.as_object_mut() else {
            return entry;
        };
        fields.insert("chat".to_owned(), self.id.into());
        let from = match &message.author {
            Author::Bot => "bot",
            Author::Person(person) => {
                fields.insert("person".to_owned(), person.id.into());
                "person"
            }
        };
        fields.insert("from".to_owned(), from.into());
        if fields.remove("edit_date").is_some() {
            fields.insert("edited".to_owned(), true.into());
        }
        if let Some(id) = message.reply_to {
            fields.insert("reply_to_message_id".to_owned(), id.into());
        }
        if let Some(markup) = fields.remove("reply_markup") {
            fields.insert("inline_keyboard".to_owned(), markup["inline_keyboard"].clone());
        }
        match &message.markup {
            Some(Markup::Reply(keyboard)) => {
                fields.insert("reply_keyboard".to_owned(), keyboard.clone());
            }
            Some(Markup::Remove) => {
                fields.insert("reply_keyboard".to_owned(), json!({"remove_keyboard": true}));
            }
            Some(Markup::ForceReply) => {
                fields.insert("reply_keyboard".to_owned(), json!({"force_reply": true}));
            }
            Some(Markup::Inline(_)) | None => {}
        }
        match &message.content {
            // A service message shows the other id as it is.
            Content::Text(_)
            | Content::MigratedTo(_)
            | Content::MigratedFrom(_)
            | Content::Invoice(_)
            | Content::Paid(_)
            | Content::Refunded(_) => {}
            Content::Document { file, .. } => {
                fields.insert("document".to_owned(), shown_file(bot.id, file, file.document()));
            }
            Content::Clip { file, .. } => {
                let (field, clip) = file.clip();
                fields.insert(field.to_owned(), shown_file(bot.id, file, clip));
            }
            Content::Photo { file, .. } => {
                let mut photo = file.photo()[0].take();
                photo["file_name"] = file.name.as_str().into();
                photo["mime_type"] = file.mime_type.as_str().into();
                fields.insert("photo".to_owned(), shown_file(bot.id, file, photo));
            }
        }
        entry
    }
}

fn shown_file(bot: i64, file: &StoredFile, mut shown: Value) -> Value {
    shown["url"] = format!("/sim/files/{bot}/{}", file.path).into();
    shown
}
