//! Whose conversation an update belongs to.

use ::teloxide::Bot;
use ::teloxide::types::{MaybeInaccessibleMessage, Message, MessageKind, Update, UpdateKind};

use super::view::DialoguePart;
use crate::key::{BotId, BusinessConnectionId, ChatId, Scope, SessionKey, ThreadId, UserId};

/// The bot that a teloxide bot is: the number before the colon of its token; `None` when there is no number.
pub fn bot_id(bot: &Bot) -> Option<BotId> {
    let (id, _) = bot.token().split_once(':')?;
    id.parse().ok().map(BotId)
}

/// What shares a dialogue.
///
/// In private chats all but the topics come to the same key, so a bot may turn from one to the other, and only the
/// dialogues in groups begin anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DialogueKeys {
    /// A chat, whoever writes in it: as teloxide has it.
    #[default]
    Chat,
    /// A person in a chat.
    User,
    /// A topic of a chat, whoever writes in it.
    Topic,
    /// A person in a topic of a chat.
    UserInTopic,
}

impl DialogueKeys {
    fn has_user(self) -> bool {
        matches!(self, Self::User | Self::UserInTopic)
    }

    fn has_topic(self) -> bool {
        matches!(self, Self::Topic | Self::UserInTopic)
    }

    /// Where in its chat an update belongs; `None` when it doesn't say.
    pub(super) fn part(self, update: &Update) -> Option<DialoguePart> {
        let mut part = DialoguePart::default();
        if self == Self::Chat {
            return Some(part);
        }
        let message = message(update);
        if self.has_user() {
            part.user = Some(user(update)?);
        }
        if self.has_topic() && !update.chat()?.is_private() {
            // An update without its message doesn't say in which topic it was; taking none for it would be a guess.
            message?;
        }
        if let Some(message) = message {
            part.thread = thread(message).filter(|_| self.has_topic());
            let business = business_connection(message).map(BusinessConnectionId::new);
            part.business = business.transpose().ok()?;
        }
        Some(part)
    }

    /// The key of an update's session; `None` when the update doesn't say.
    pub(super) fn session_key(self, bot: BotId, scope: &Scope, update: &Update) -> Option<SessionKey> {
        let chat = ChatId(update.chat()?.id.0);
        Some(self.part(update)?.key(bot, chat, scope))
    }
}

fn user(update: &Update) -> Option<UserId> {
    i64::try_from(update.from()?.id.0).ok().map(UserId)
}

/// The thread of a message, if it is a topic: replies have threads too, in groups without topics.
fn thread(message: &Message) -> Option<ThreadId> {
    let thread = message.thread_id.filter(|_| message.is_topic_message)?;
    Some(ThreadId(i64::from(thread.0.0)))
}

fn business_connection(message: &Message) -> Option<&str> {
    match &message.kind {
        MessageKind::Common(common) => common.business_connection_id.as_ref().map(|id| id.0.as_str()),
        _ => None,
    }
}

/// The message that an update is, or that it is about.
fn message(update: &Update) -> Option<&Message> {
    match &update.kind {
        UpdateKind::Message(message)
        | UpdateKind::EditedMessage(message)
        | UpdateKind::ChannelPost(message)
        | UpdateKind::EditedChannelPost(message)
        | UpdateKind::BusinessMessage(message)
        | UpdateKind::EditedBusinessMessage(message) => Some(message),
        UpdateKind::CallbackQuery(query) => query
            .message
            .as_ref()
            .and_then(MaybeInaccessibleMessage::regular_message),
        _ => None,
    }
}
