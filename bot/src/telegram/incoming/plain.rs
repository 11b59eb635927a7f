//! Reading the updates that nearly all are: a text in a private chat, and a press of a button.
//!
//! `teloxide_core` reads everything that an update may be, and tries one kind of message after another: a twentieth of all
//! that the bot does for an answer. Here it is looked only for what an input is made of; an update that has anything else
//! about it is left to the whole reader, and so is one that is not as it should be, which says what is wrong.

use serde::Deserialize;
use serde::de::IgnoredAny;
use stepkeep_core::{BotId, ChatId, InputId, InputKind, SessionKey, Tap, Timestamp, UserId};
use teloxide_core::types::CallbackQueryId;

use super::{Incoming, Reader, text_kind};

/// An update with no member but these (Bot API, "Update").
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update<'a> {
    #[serde(rename = "update_id")]
    id: u32,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    callback_query: Option<Press<'a>>,
}

/// A message with no member but these (Bot API, "Message").
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message<'a> {
    #[serde(rename = "message_id")]
    _id: i32,
    #[serde(rename = "date")]
    _date: i64,
    from: Person,
    #[serde(borrow)]
    chat: Chat<'a>,
    text: String,
    #[serde(rename = "entities")]
    _entities: Option<IgnoredAny>,
}

/// A press of a button below a message (Bot API, "`CallbackQuery`").
#[derive(Deserialize)]
struct Press<'a> {
    id: String,
    from: Person,
    #[serde(borrow)]
    message: Pressed<'a>,
    data: String,
}

/// The message whose button was pressed.
#[derive(Deserialize)]
struct Pressed<'a> {
    message_id: i32,
    #[serde(borrow)]
    chat: Chat<'a>,
    message_thread_id: Option<IgnoredAny>,
    business_connection_id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Person {
    id: i64,
    is_bot: bool,
    language_code: Option<String>,
}

#[derive(Deserialize)]
struct Chat<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: &'a str,
}

/// What an update is to the bot, if it is one of these.
pub(super) fn read(update: &str, bot: BotId, bot_name: &str, now: Timestamp) -> Option<Incoming> {
    let update: Update<'_> = serde_json::from_str(update).ok()?;
    let reader = Reader {
        bot,
        bot_name,
        now,
        id: InputId::Update(i64::from(update.id)),
    };
    match (update.message, update.callback_query) {
        (Some(message), None) => reader.plain_text(message),
        (None, Some(press)) => reader.plain_press(press),
        _ => None,
    }
}

impl Reader<'_> {
    fn plain_text(&self, message: Message<'_>) -> Option<Incoming> {
        let Message { from, chat, text, .. } = message;
        if from.is_bot || chat.kind != "private" {
            return None;
        }
        let key = SessionKey::new(self.bot, ChatId(chat.id), UserId(from.id));
        let kind = match text_kind(&text, self.bot_name) {
            InputKind::Command { name, .. } if name.is_empty() => return None,
            kind => kind,
        };
        Some(self.conversation(key, from.language_code, kind, None, false))
    }

    fn plain_press(&self, press: Press<'_>) -> Option<Incoming> {
        let Press {
            id,
            from,
            message,
            data,
        } = press;
        let is_in_a_part = message.message_thread_id.is_some() || message.business_connection_id.is_some();
        if is_in_a_part || message.chat.kind != "private" {
            return None;
        }
        let key = SessionKey::new(self.bot, ChatId(message.chat.id), UserId(from.id));
        let kind = InputKind::Tap(Tap {
            message: i64::from(message.message_id),
            data,
        });
        Some(self.conversation(key, from.language_code, kind, Some(CallbackQueryId(id)), false))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::telegram::incoming::ConversationInput;
    use stepkeep_core::Input;

    const BOT: BotId = BotId(7);
    const NOW: Timestamp = Timestamp::from_millis(5);

    fn plainly(update: &Value) -> Option<Incoming> {
        read(&update.to_string(), BOT, "KeepBot", NOW)
    }

    fn wholly(update: &Value) -> Incoming {
        super::super::read(
            &serde_json::from_str(&update.to_string()).unwrap(),
            BOT,
            "KeepBot",
            NOW,
        )
    }

    fn parts(incoming: Incoming) -> (SessionKey, Input, Option<CallbackQueryId>, bool, bool) {
        let Incoming::Conversation(input) = incoming else {
            panic!("an input is expected, and there is {incoming:?}");
        };
        let ConversationInput {
            key,
            input,
            query,
            is_group_remark,
            payment,
        } = *input;
        (key, input, query, is_group_remark, payment.is_some())
    }

    /// An object with some of these members.
    fn with(mut object: Value, members: Vec<(&'static str, Value)>) -> Value {
        for (name, value) in members {
            object[name] = value;
        }
        object
    }

    fn person() -> impl Strategy<Value = Value> {
        let languages = prop_oneof![Just(json!("en")), Just(json!("ru")), Just(Value::Null)];
        (1_i64..1 << 52, any::<bool>(), languages).prop_map(|(id, is_bot, language)| {
            let mut person =
                json!({"id": id, "is_bot": is_bot, "first_name": "Ann \"A\"", "is_premium": true});
            if !language.is_null() {
                person["language_code"] = language;
            }
            person
        })
    }

    fn chat() -> impl Strategy<Value = Value> {
        prop_oneof![
            4 => (1_i64..1 << 52).prop_map(|id| json!({"id": id, "type": "private", "first_name": "Ann"})),
            1 => Just(json!({"id": -5, "type": "group", "title": "G"})),
            1 => Just(json!({"id": -1_000_000_000_005_i64, "type": "supergroup", "title": "G", "is_forum": true})),
        ]
    }

    /// What a message has beside a text, and mostly hasn't.
    fn more() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        let member = prop_oneof![
            Just(("entities", json!([{"type": "bold", "offset": 0, "length": 1}]))),
            Just(("edit_date", json!(6))),
            Just(("business_connection_id", json!("b/1"))),
            Just((
                "reply_markup",
                json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "a:1"}]]})
            )),
        ];
        prop::collection::vec(member, 0..3)
    }

    fn in_a_topic() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        prop_oneof![
            4 => Just(vec![]),
            1 => Just(vec![("message_thread_id", json!(8)), ("is_topic_message", json!(true))]),
        ]
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![".{1,20}", "/[a-z]{1,5}(@(KeepBot|other))?( .{0,5})?"]
    }

    fn message() -> impl Strategy<Value = Value> {
        (person(), chat(), text(), more(), in_a_topic()).prop_map(|(from, chat, text, more, topic)| {
            let message = json!({"message_id": 3, "date": 1, "from": from, "chat": chat, "text": text});
            with(with(message, more), topic)
        })
    }

    fn update() -> impl Strategy<Value = Value> {
        let press = (person(), message(), prop::option::of(".{0,8}")).prop_map(|(from, message, data)| {
            let press = json!({"id": "q\u{e9}", "from": from, "message": message, "chat_instance": "c"});
            with(
                press,
                data.map(|data| ("data", json!(data))).into_iter().collect(),
            )
        });
        prop_oneof![
            message().prop_map(|message| json!({"update_id": 9, "message": message})),
            press.prop_map(|press| json!({"update_id": 9, "callback_query": press})),
        ]
    }

    proptest! {
        #[test]
        fn what_is_read_plainly_is_what_is_read_wholly(update in update()) {
            if let Some(plain) = plainly(&update) {
                prop_assert_eq!(parts(plain), parts(wholly(&update)));
            }
        }
    }

    #[test]
    fn texts_and_presses_in_private_chats_are_read_plainly() {
        let ann = json!({"id": 42, "is_bot": false, "first_name": "Ann", "language_code": "en"});
        let chat = json!({"id": 42, "type": "private", "first_name": "Ann"});
        let message = json!({"message_id": 3, "date": 1, "from": ann, "chat": chat, "text": "Austin"});
        let update = json!({"update_id": 9, "message": message});
        assert!(matches!(plainly(&update), Some(Incoming::Conversation(_))));
        let press = json!({"id": "q", "from": ann, "message": message, "chat_instance": "c", "data": "a:1"});
        let update = json!({"update_id": 9, "callback_query": press});
        assert!(matches!(plainly(&update), Some(Incoming::Conversation(_))));
    }

    #[test]
    fn whatever_else_there_is_about_an_update_is_left_to_the_whole_reader() {
        let ann = json!({"id": 42, "is_bot": false, "first_name": "Ann"});
        let chat = json!({"id": 42, "type": "private", "first_name": "Ann"});
        let message = json!({"message_id": 3, "date": 1, "from": ann, "chat": chat, "text": "Austin"});
        for (name, value) in [
            ("business_connection_id", json!("b")),
            ("successful_payment", json!({})),
            ("message_thread_id", json!(8)),
            ("message_id", json!("x")),
            ("novelty", json!(1)),
        ] {
            let message = with(message.clone(), vec![(name, value)]);
            assert!(
                plainly(&json!({"update_id": 9, "message": message})).is_none(),
                "{name}"
            );
        }
        let edited = json!({"update_id": 9, "edited_message": message});
        assert!(plainly(&edited).is_none());
    }
}
