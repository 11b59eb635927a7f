//! A simulated person: writes, presses buttons, and reads what the bot answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::town::{BOT, Happening, PATIENCE, Town, patiently};

/// A message of the bot, as the person saw it arrive.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) message_id: i64,
    /// The text, or the caption of a file.
    pub(crate) text: String,
    /// The inline buttons: what they say, and what they carry.
    pub(crate) buttons: Vec<(String, String)>,
    pub(crate) document: Option<Value>,
}

impl Heard {
    fn of(at: Instant, message: &Value) -> Self {
        let rows = message["inline_keyboard"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            at,
            message_id: message["message_id"].as_i64().expect("an id"),
            text: text(message.get("text").unwrap_or(&message["caption"])),
            buttons: rows
                .iter()
                .filter_map(Value::as_array)
                .flatten()
                .map(|button| (text(&button["text"]), text(&button["callback_data"])))
                .collect(),
            document: message.get("document").cloned(),
        }
    }

    /// What the first button carries whose label contains this.
    pub(crate) fn button(&self, label: &str) -> &str {
        let found = self.buttons.iter().find(|(text, _)| text.contains(label));
        let Some((_, data)) = found else {
            panic!("no button {label:?} on {self:?}");
        };
        data
    }
}

/// Somebody who writes to the bot.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) town: Arc<Town>,
    pub(crate) id: i64,
    pub(crate) chat: i64,
    ear: mpsc::UnboundedReceiver<Happening>,
    /// All messages of the bot so far, in the order in which they came.
    pub(crate) heard: Vec<Heard>,
    /// What replaced the text of messages, in order.
    pub(crate) edits: Vec<Heard>,
}

impl Person {
    pub(crate) fn new(town: Arc<Town>, id: i64, chat: i64, ear: mpsc::UnboundedReceiver<Happening>) -> Self {
        Self {
            town,
            id,
            chat,
            ear,
            heard: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// Writes; answers the ids of the update and of the message.
    pub(crate) async fn says(&self, text: &str) -> (i64, i64) {
        let mut message = json!({"bot": BOT, "person": self.id, "text": text});
        if self.chat != self.id {
            message["chat"] = self.chat.into();
        }
        let sent = self.town.post("/sim/messages", message).await;
        (
            sent["update_id"].as_i64().expect("an id"),
            sent["message_id"].as_i64().expect("an id"),
        )
    }

    /// Presses a button of a message; answers the ids of the update and of the query.
    pub(crate) async fn presses(&self, message_id: i64, data: &str) -> (i64, String) {
        let tap =
            json!({"bot": BOT, "person": self.id, "chat": self.chat, "message_id": message_id, "data": data});
        let tapped = self.town.post("/sim/taps", tap).await;
        (
            tapped["update_id"].as_i64().expect("an id"),
            tapped["callback_query_id"].as_str().expect("an id").to_owned(),
        )
    }

    /// Presses the button of a message that says this.
    pub(crate) async fn taps(&self, message: &Heard, label: &str) -> (i64, String) {
        self.presses(message.message_id, message.button(label)).await
    }

    /// The next message of the bot.
    pub(crate) async fn next(&mut self) -> Heard {
        self.next_within(PATIENCE).await
    }

    /// The next message of the bot, for which a person waits so long.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Heard {
        timeout(patience, self.next_or_wait()).await.unwrap_or_else(|_| {
            panic!(
                "person {} waits in vain; the last they heard: {:#?}",
                self.id,
                self.heard.last()
            )
        })
    }

    async fn next_or_wait(&mut self) -> Heard {
        loop {
            let happening = self.ear.recv().await.expect("a sandbox");
            if let Some(heard) = self.take(&happening) {
                return heard;
            }
        }
    }

    /// Notes what happened; answers a new message of the bot.
    fn take(&mut self, happening: &Happening) -> Option<Heard> {
        if happening.data["from"] != "bot" {
            return None;
        }
        let heard = Heard::of(happening.at, &happening.data);
        match happening.kind.as_str() {
            "message" => {
                self.heard.push(heard.clone());
                Some(heard)
            }
            "edited" => {
                self.edits.push(heard);
                None
            }
            _ => None,
        }
    }

    /// The next message of the bot, which must contain this.
    pub(crate) async fn hears(&mut self, part: &str) -> Heard {
        let heard = self.next().await;
        assert!(
            heard.text.contains(part),
            "expected {part:?}, but the bot said {heard:#?}"
        );
        heard
    }

    /// The next message of the bot that doesn't only say that something is under way, which depends on what is known.
    pub(crate) async fn hears_at_last(&mut self, part: &str) -> Heard {
        loop {
            let heard = self.next().await;
            if heard.text.contains(part) {
                return heard;
            }
            let is_notice = ["Asking the carrier", "Buying the label"]
                .iter()
                .any(|notice| heard.text.starts_with(notice));
            assert!(is_notice, "expected {part:?}, but the bot said {heard:#?}");
        }
    }

    /// Says something, and gets the answer.
    pub(crate) async fn asks(&mut self, text: &str, part: &str) -> Heard {
        self.says(text).await;
        self.hears(part).await
    }

    /// The next message whose text is replaced by one that contains this.
    pub(crate) async fn sees_edited(&mut self, part: &str) -> Heard {
        patiently(async {
            loop {
                let happening = self.ear.recv().await.expect("a sandbox");
                let edits = self.edits.len();
                self.take(&happening);
                if let Some(edited) = self.edits.get(edits).filter(|edited| edited.text.contains(part)) {
                    break edited.clone();
                }
            }
        })
        .await
    }

    /// Presses a button, and gets the answer.
    pub(crate) async fn chooses(&mut self, message: &Heard, label: &str, part: &str) -> Heard {
        self.taps(message, label).await;
        self.hears(part).await
    }

    /// Fails if the bot said something that was not asked for. Everything was answered before.
    pub(crate) async fn hears_nothing_more(&mut self) {
        self.town.is_quiet().await;
        while let Ok(happening) = self.ear.try_recv() {
            let heard = self.take(&happening);
            assert!(heard.is_none(), "nobody asked for {heard:#?}");
        }
    }

    /// The answer to a tap, once it is answered.
    pub(crate) async fn answer_of(&self, query: &str) -> Value {
        let path = format!("/sim/callbacks/{query}");
        patiently(async {
            loop {
                let answer = self.town.get(&path).await;
                if answer["answered"] == true {
                    break answer;
                }
            }
        })
        .await
    }

    /// Waits until a message has no buttons.
    pub(crate) async fn sees_buttons_go(&self, message_id: i64) {
        patiently(async {
            loop {
                let transcript = self.town.transcript(self.chat).await;
                let message = transcript
                    .iter()
                    .find(|message| message["message_id"] == message_id);
                let buttons = message.expect("the message").get("inline_keyboard");
                if buttons.and_then(Value::as_array).is_none_or(Vec::is_empty) {
                    break;
                }
            }
        })
        .await;
    }
}
