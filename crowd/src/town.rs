//! The sandbox that the crowd lives in, from the people's side.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use axum::http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use axum::response::Response;
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::audit::BoughtLabel;

/// The bot's token: any of its shape is good for the sandbox.
pub const TOKEN: &str = "7000001:crowd-token";
/// The bot's id.
pub const BOT: i64 = 7_000_001;
/// The key of the sandbox's shipping API, which gives test labels.
pub const API_KEY: &str = "TEST_crowd";

/// What happened in a chat.
#[derive(Debug)]
pub struct Happening {
    /// When it was heard, since the crowd began.
    pub at: Duration,
    /// Whether it is an edit of an earlier message.
    pub is_edit: bool,
    /// The message as the sandbox shows it.
    pub message: Shown,
}

/// What of a message matters to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id in the chat.
    pub id: i64,
    /// The text, or the caption of a file.
    pub text: String,
    /// The buttons, row by row.
    pub buttons: Vec<ShownButton>,
    /// Where its file is to be had, if it has one.
    pub document: Option<String>,
}

/// A button below a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShownButton {
    /// What it says.
    pub text: String,
    /// What it carries.
    #[serde(rename = "callback_data", default)]
    pub data: String,
}

/// The sandbox's own form of a message.
#[derive(Deserialize)]
struct Entry {
    message_id: i64,
    from: String,
    text: Option<String>,
    caption: Option<String>,
    #[serde(default)]
    inline_keyboard: Vec<Vec<ShownButton>>,
    document: Option<EntryFile>,
}

#[derive(Deserialize)]
struct EntryFile {
    url: String,
}

/// A sandbox of one's own, and when the crowd began.
#[derive(Debug)]
pub struct Town {
    sandbox: SandboxHandle,
    /// The people's side goes without connections, so that what is measured is the bot.
    people: Router,
    began: Instant,
}

impl Town {
    /// Starts a sandbox.
    ///
    /// # Errors
    /// When it can't be started.
    pub async fn start() -> anyhow::Result<Self> {
        let config = Config {
            // A crowd has no minute to wait after a failed delivery.
            webhook_retry_scale: 0.1,
            // Nobody looks at them, and there are thousands a second.
            kept_calls: 0,
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await?;
        let town = Self {
            people: sandbox.router(),
            sandbox,
            began: Instant::now(),
        };
        // A bot is known once it has called, and events are told of known bots only.
        town.call(Method::GET, &format!("/bot{TOKEN}/getMe"), None)
            .await?;
        Ok(town)
    }

    /// The root of everything that the sandbox serves.
    pub fn url(&self) -> String {
        self.sandbox.url()
    }

    /// How many calls to the Bot API the sandbox has answered.
    pub fn telegram_calls(&self) -> u64 {
        self.sandbox.telegram_calls()
    }

    /// How long ago the crowd began.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends the sandbox.
    pub async fn stop(self) {
        self.sandbox.stop().await;
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Response> {
        let request = Request::builder().method(method).uri(path);
        let request = match body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(serde_json::to_vec(body)?))?,
            None => request.body(Body::empty())?,
        };
        // A router's error has no values.
        let Ok(response) = self.people.clone().oneshot(request).await;
        Ok(response)
    }

    async fn respond(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let response = self.send(method, path, body).await?;
        let status = response.status();
        let body = whole(response).await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let (status, answer) = self.respond(method, path, body.as_ref()).await?;
        if !status.is_success() {
            bail!("the sandbox refuses {path}: {status} {answer}");
        }
        Ok(answer)
    }

    /// Posts something to the people's side.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A person moves in.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn person(&self, id: i64, language: &str) -> anyhow::Result<()> {
        let new = json!({"id": id, "first_name": format!("Person {id}"), "language_code": language});
        self.post("/sim/people", new).await.map(drop)
    }

    /// A person writes; answers the update's id.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn says(&self, person: i64, chat: i64, text: &str) -> anyhow::Result<Option<i64>> {
        let mut message = json!({"bot": BOT, "person": person, "text": text});
        if chat != person {
            message["chat"] = chat.into();
        }
        let sent = self.post("/sim/messages", message).await?;
        Ok(sent["update_id"].as_i64())
    }

    /// A person presses a button; answers the update's id.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn taps(
        &self,
        person: i64,
        chat: i64,
        message: i64,
        data: &str,
    ) -> anyhow::Result<Option<i64>> {
        let tap = json!({"bot": BOT, "person": person, "chat": chat, "message_id": message, "data": data});
        let tapped = self.post("/sim/taps", tap).await?;
        Ok(tapped["update_id"].as_i64())
    }

    /// An update is delivered once more; false when it was not delivered yet.
    ///
    /// # Errors
    /// When the sandbox refuses it for another reason.
    pub async fn redelivers(&self, update: i64) -> anyhow::Result<bool> {
        let wanted = json!({"bot": BOT, "update_id": update});
        let (status, answer) = self
            .respond(Method::POST, "/sim/redeliver", Some(&wanted))
            .await?;
        match status {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            status => bail!("the sandbox refuses to redeliver: {status} {answer}"),
        }
    }

    /// How many updates the bot has not confirmed.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub async fn pending(&self) -> anyhow::Result<u64> {
        let answer = self
            .call(Method::GET, &format!("/sim/pending?bot={BOT}"), None)
            .await?;
        answer["pending"].as_u64().context("no number is pending")
    }

    /// Ends all faults that are still to come.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub async fn end_faults(&self) -> anyhow::Result<()> {
        for path in ["/sim/faults", "/shipping/sim/faults"] {
            self.call(Method::DELETE, path, None).await?;
        }
        Ok(())
    }

    /// Everything that was bought.
    ///
    /// # Errors
    /// When the sandbox doesn't answer.
    pub async fn labels(&self) -> anyhow::Result<Vec<BoughtLabel>> {
        let labels = self.call(Method::GET, "/shipping/sim/labels", None).await?;
        serde_json::from_value(labels).context("the sandbox's labels can't be read")
    }

    /// Whether a file of a message is a PDF.
    ///
    /// # Errors
    /// When it can't be had.
    pub async fn is_pdf(&self, url: &str) -> anyhow::Result<bool> {
        let response = self.send(Method::GET, url, None).await?;
        if !response.status().is_success() {
            bail!("the sandbox refuses {url}: {}", response.status());
        }
        Ok(whole(response).await?.starts_with(b"%PDF"))
    }

    /// Listens to a chat from now on.
    ///
    /// # Errors
    /// When the sandbox refuses it.
    pub async fn listens(&self, chat: i64) -> anyhow::Result<mpsc::UnboundedReceiver<Happening>> {
        let path = format!("/sim/events?bot={BOT}&chat={chat}");
        let response = self.send(Method::GET, &path, None).await?;
        if !response.status().is_success() {
            bail!("the sandbox refuses {path}: {}", response.status());
        }
        let (tell, hear) = mpsc::unbounded_channel();
        tokio::spawn(listen(response.into_body().into_data_stream(), tell, self.began));
        Ok(hear)
    }
}

async fn whole(response: Response) -> anyhow::Result<Bytes> {
    to_bytes(response.into_body(), usize::MAX)
        .await
        .context("the sandbox breaks off its answer")
}

/// Reads a stream of server-sent events, until it ends or nobody listens any more.
async fn listen(mut events: BodyDataStream, tell: mpsc::UnboundedSender<Happening>, began: Instant) {
    let mut buffer = Vec::new();
    while let Some(Ok(chunk)) = events.next().await {
        let at = began.elapsed();
        buffer.extend_from_slice(&chunk);
        let mut read_to = 0;
        while let Some(end) = memchr::memmem::find(&buffer[read_to..], b"\n\n") {
            let event = &buffer[read_to..read_to + end];
            read_to += end + 2;
            let Some(happening) = read(event, at) else {
                continue;
            };
            if tell.send(happening).is_err() {
                return;
            }
        }
        buffer.drain(..read_to);
    }
}

/// A message of the bot or an edit of one; nothing else matters here.
fn read(event: &[u8], at: Duration) -> Option<Happening> {
    let event = std::str::from_utf8(event).ok()?;
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let is_edit = match field("event:")?.trim() {
        "message" => false,
        "edited" => true,
        _ => return None,
    };
    let entry: Entry = serde_json::from_str(field("data:")?.trim()).ok()?;
    if entry.from != "bot" {
        return None;
    }
    let message = Shown {
        id: entry.message_id,
        text: entry.text.or(entry.caption).unwrap_or_default(),
        buttons: entry.inline_keyboard.into_iter().flatten().collect(),
        document: entry.document.map(|file| file.url),
    };
    Some(Happening { at, is_edit, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_entry(event: &str, entry: &Value) -> Option<Happening> {
        let text = format!("event: {event}\ndata: {entry}");
        read(text.as_bytes(), Duration::from_secs(1))
    }

    #[test]
    fn a_message_of_the_bot_is_heard_with_its_buttons_and_its_file() {
        let entry = json!({
            "message_id": 5, "from": "bot", "chat": 7, "date": 1, "caption": "Your label",
            "document": {"url": "/sim/files/7/documents/file_1.pdf", "file_size": 3},
            "inline_keyboard": [[{"text": "a", "callback_data": "m:0"}], [{"text": "b", "url": "https://b.example"}]],
        });
        let heard = read_entry("message", &entry).unwrap();
        let button = |text: &str, data: &str| ShownButton {
            text: text.to_owned(),
            data: data.to_owned(),
        };
        let expected = Shown {
            id: 5,
            text: "Your label".to_owned(),
            buttons: vec![button("a", "m:0"), button("b", "")],
            document: Some("/sim/files/7/documents/file_1.pdf".to_owned()),
        };
        assert_eq!((heard.is_edit, heard.message), (false, expected));
        let edit =
            json!({"message_id": 5, "from": "bot", "chat": 7, "date": 1, "text": "Done", "edited": true});
        assert!(read_entry("edited", &edit).unwrap().is_edit);
    }

    #[test]
    fn what_people_say_and_do_is_not_heard() {
        let said =
            json!({"message_id": 5, "from": "person", "person": 7, "chat": 7, "date": 1, "text": "Hi"});
        assert!(read_entry("message", &said).is_none());
        assert!(read_entry("deleted", &json!({"chat": 7, "message_id": 5})).is_none());
        assert!(read(b": nothing happened", Duration::ZERO).is_none());
    }
}
