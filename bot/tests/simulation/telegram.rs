//! Telegram, in this process: the queue of updates, the chats, and all that fails on the way there and back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use stepkeep::telegram::{Answer, Arguments, Call, Method, TelegramError, TelegramErrorKind, Transport};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use crate::chat::{Chat, buttons};
use crate::weather::{Life, Weather};

/// The bot's id.
pub(crate) const BOT: i64 = 7;

/// Telegram. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Telegram {
    state: Arc<Mutex<State>>,
    /// Rung when an update comes in, and when another process asks for updates.
    news: Arc<Notify>,
    weather: Weather,
    /// Whether two processes may ask for updates at once, as webhooks would reach both.
    pub(crate) serves_rivals: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What no process has confirmed.
    pub(crate) queue: BTreeMap<i64, Value>,
    /// What people did, by the id of the update.
    pub(crate) sent: BTreeMap<i64, Sent>,
    pub(crate) chats: BTreeMap<i64, Chat>,
    /// How often each tap was answered, or tried to be.
    pub(crate) taps: BTreeMap<String, u64>,
    /// How often updates were handed out that had been handed out before.
    pub(crate) repeated: u64,
    handed_out: i64,
    polls: u64,
}

/// What a person did.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) person: i64,
    pub(crate) deed: Deed,
}

/// What it was.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Text(String),
    Tap {
        message: i64,
        data: String,
        query: String,
    },
}

/// A process's way to Telegram.
#[derive(Debug)]
pub(crate) struct TelegramLink {
    pub(crate) telegram: Telegram,
    pub(crate) life: Life,
}

impl Telegram {
    pub(crate) fn new(weather: Weather, serves_rivals: bool) -> Self {
        Self {
            state: Arc::default(),
            news: Arc::default(),
            weather,
            serves_rivals,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// A person does something.
    pub(crate) fn receive(&self, person: i64, deed: Deed) {
        let mut state = self.state();
        let id = i64::try_from(state.sent.len()).expect("few updates") + 1_000;
        let from = json!({"id": person, "is_bot": false, "first_name": "Ann", "language_code": "en"});
        let update = match &deed {
            Deed::Text(text) => {
                self.weather
                    .trace
                    .note(format_args!("u{id}: {person} writes {text:?}"));
                let message_id = state.chats.entry(person).or_default().next_id();
                json!({"update_id": id, "message": {"message_id": message_id, "date": 0, "chat": chat(person),
                    "from": from, "text": text}})
            }
            Deed::Tap { message, data, query } => {
                let button = data.split_once(':').map_or("?", |(_, index)| index);
                self.weather.trace.note(format_args!(
                    "u{id}: {person} presses button {button} of message {message}"
                ));
                json!({"update_id": id, "callback_query": {"id": query, "from": from, "chat_instance": "c",
                    "data": data, "message": message_of_bot(person, *message, "…")}})
            }
        };
        let at = Instant::now();
        state.queue.insert(id, update);
        state.sent.insert(id, Sent { at, person, deed });
        drop(state);
        self.news.notify_waiters();
    }

    /// What a call does, and what it answers: a result, or a code and a description.
    pub(crate) fn carry_out(&self, method: &str, arguments: &Value) -> Result<Value, (u16, &'static str)> {
        let mut state = self.state();
        let chat_id = arguments["chat_id"].as_i64().unwrap_or_default();
        let text = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
        let chat = state.chats.entry(chat_id).or_default();
        let message_id = arguments["message_id"].as_i64().unwrap_or_default();
        match method {
            "sendMessage" | "sendDocument" => {
                let text = text(if method == "sendMessage" {
                    "text"
                } else {
                    "caption"
                });
                let id = chat.take(text.clone(), buttons(&arguments["reply_markup"]));
                Ok(message_of_bot(chat_id, id, &text))
            }
            "editMessageText" | "editMessageReplyMarkup" => {
                let new_buttons = buttons(&arguments["reply_markup"]);
                let new_text = text("text");
                if method == "editMessageText" {
                    chat.told.push(new_text.clone());
                }
                let Some(message) = chat.message(message_id) else {
                    return Err((400, "Bad Request: message to edit not found"));
                };
                let is_text_same = method == "editMessageReplyMarkup" || message.text == new_text;
                if is_text_same && message.buttons == new_buttons {
                    return Err((400, "Bad Request: message is not modified"));
                }
                if method == "editMessageText" {
                    message.text = new_text;
                }
                message.buttons = new_buttons;
                Ok(message_of_bot(chat_id, message_id, "…"))
            }
            "answerCallbackQuery" | "sendChatAction" => Ok(true.into()),
            _ => Err((404, "Not Found: method not found")),
        }
    }

    /// Confirms what is below the offset, and answers what is there from it on, at once or when something comes.
    async fn updates(&self, arguments: &Value) -> Result<Value, (u16, &'static str)> {
        let number = |name: &str| arguments[name].as_i64().unwrap_or_default();
        let offset = number("offset");
        let give_up_at = Instant::now() + Duration::from_secs(number("timeout").unsigned_abs());
        let poll = {
            let mut state = self.state();
            state.queue.retain(|id, _| *id >= offset);
            state.polls += 1;
            state.polls
        };
        if !self.serves_rivals {
            self.news.notify_waiters();
        }
        loop {
            let news = self.news.notified();
            {
                let mut state = self.state();
                if !self.serves_rivals && state.polls != poll {
                    return Err((409, "Conflict: terminated by other getUpdates request"));
                }
                let limit = usize::try_from(number("limit")).unwrap_or(1);
                let page: Vec<_> = state
                    .queue
                    .iter()
                    .take(limit)
                    .map(|(id, update)| (*id, update.clone()))
                    .collect();
                if let Some((last, _)) = page.last() {
                    if page[0].0 <= state.handed_out {
                        state.repeated += 1;
                    }
                    state.handed_out = state.handed_out.max(*last);
                    return Ok(page.into_iter().map(|(_, update)| update).collect());
                }
            }
            if timeout_at(give_up_at, news).await.is_err() {
                return Ok(json!([]));
            }
        }
    }
}

impl TelegramLink {
    fn note(&self, method: &str, arguments: &Value, end: &str) {
        if method == "getUpdates" {
            let offset = &arguments["offset"];
            self.telegram.weather.trace.note(format_args!(
                "p{} getUpdates from {offset}: {end}",
                self.life.name
            ));
            return;
        }
        let text = arguments.get("text").unwrap_or(&arguments["caption"]);
        let start: String = text.as_str().unwrap_or_default().chars().take(32).collect();
        let chat = &arguments["chat_id"];
        self.telegram.weather.trace.note(format_args!(
            "p{} {method} to {chat} {start:?}: {end}",
            self.life.name
        ));
    }
}

#[async_trait]
impl Transport for TelegramLink {
    async fn call(&self, call: Call) -> Result<Answer, TelegramError> {
        let Call {
            method,
            arguments,
            deadline,
        } = call;
        let weather = &self.telegram.weather;
        let failed = |kind| Err(TelegramError::new(method, kind));
        let arguments = match arguments {
            Arguments::Json(body) => serde_json::from_slice(&body),
            Arguments::Document(document) => serde_json::to_value(&*document),
        };
        let arguments: Value = arguments.expect("arguments in JSON");
        let name = method.to_string();
        if let Some(query) = arguments["callback_query_id"].as_str() {
            *self.telegram.state().taps.entry(query.to_owned()).or_default() += 1;
        }
        self.life.goes_on().await;
        weather.pass(5, 80, 2_000).await;
        if self.life.is_over() && weather.chance.happens(500) {
            self.life.goes_on().await;
        }
        let trouble = weather.strikes().then(|| weather.chance.below(6));
        match trouble {
            Some(0) => {
                self.note(&name, &arguments, "429");
                let seconds = u64::try_from(weather.chance.below(4)).unwrap_or(0) + 1;
                return Ok(refusal(429, "Too Many Requests", Some(seconds)));
            }
            Some(1) => {
                self.note(&name, &arguments, "502");
                return Ok(refusal(502, "Bad Gateway", None));
            }
            Some(2) => {
                self.note(&name, &arguments, "lost");
                sleep(deadline).await;
                self.life.goes_on().await;
                return failed(TelegramErrorKind::Timeout);
            }
            _ => {}
        }
        let result = if name == "getUpdates" {
            self.telegram.updates(&arguments).await
        } else {
            self.telegram.carry_out(&name, &arguments)
        };
        weather.pass(0, 20, 1_000).await;
        if matches!(trouble, Some(3..)) {
            self.note(&name, &arguments, "unanswered");
            self.life.goes_on().await;
            return failed(TelegramErrorKind::Network);
        }
        let answer = match result {
            Ok(result) => {
                self.note(&name, &arguments, "ok");
                Answer {
                    status: 200,
                    retry_after: None,
                    body: json!({"ok": true, "result": result}).to_string().into(),
                }
            }
            Err((code, description)) => {
                self.note(&name, &arguments, description);
                refusal(code, description, None)
            }
        };
        self.life.goes_on().await;
        Ok(answer)
    }

    async fn download(&self, _: &str, _: u64, _: Duration) -> Result<Answer, TelegramError> {
        let kind = TelegramErrorKind::BadRequest("nobody sends files here".to_owned());
        Err(TelegramError::new(Method::new("file download"), kind))
    }
}

fn refusal(code: u16, description: &str, retry_after: Option<u64>) -> Answer {
    let mut body = json!({"ok": false, "error_code": code, "description": description});
    if let Some(seconds) = retry_after {
        body["parameters"] = json!({"retry_after": seconds});
    }
    Answer {
        status: code,
        retry_after: None,
        body: body.to_string().into(),
    }
}

fn chat(person: i64) -> Value {
    json!({"id": person, "type": "private", "first_name": "Ann"})
}

fn message_of_bot(person: i64, id: i64, text: &str) -> Value {
    let bot = json!({"id": BOT, "is_bot": true, "first_name": "Keep", "username": "KeepBot"});
    json!({"message_id": id, "date": 0, "chat": chat(person), "from": bot, "text": text})
}
