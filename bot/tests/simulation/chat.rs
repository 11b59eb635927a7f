//! What a person sees of the bot.

use serde_json::Value;

/// A private chat with the bot.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    pub(crate) messages: Vec<Message>,
    /// Every text that Telegram took for this chat, edits and captions too.
    pub(crate) told: Vec<String>,
    last_id: i64,
}

/// A message of the bot.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) text: String,
    /// What the buttons say, and what they carry.
    pub(crate) buttons: Vec<(String, String)>,
}

impl Chat {
    /// The id of the next message, whoever writes it.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn take(&mut self, text: String, buttons: Vec<(String, String)>) -> i64 {
        let id = self.next_id();
        self.told.push(text.clone());
        self.messages.push(Message { id, text, buttons });
        id
    }

    pub(crate) fn message(&mut self, id: i64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }
}

/// The buttons in a call's `reply_markup`.
pub(crate) fn buttons(markup: &Value) -> Vec<(String, String)> {
    let rows = markup["inline_keyboard"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.filter_map(Value::as_array)
        .flatten()
        .map(|button| (text(&button["text"]), text(&button["callback_data"])))
        .collect()
}
