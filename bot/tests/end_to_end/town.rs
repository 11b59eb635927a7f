//! A sandbox with the people in it, and what each of them hears.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::bot_process::BotProcess;
use crate::person::Person;

/// The bot's token. It must never show in a log.
pub(crate) const TOKEN: &str = "7000001:the-secret-part-of-the-token";
pub(crate) const BOT: i64 = 7_000_001;
/// The key of the shipping API. It must never show in a log either.
pub(crate) const API_KEY: &str = "TEST_the-secret-shipping-key";

/// Longer than anything that is waited for: a purchase that a process died over is taken up after a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// What happened in a chat, and when.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) at: Instant,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

type Ears = Arc<Mutex<HashMap<i64, mpsc::UnboundedSender<Happening>>>>;

/// A sandbox, and a listener that tells every chat what happens in it.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) sandbox: SandboxHandle,
    http: Client,
    ears: Ears,
}

impl Town {
    pub(crate) async fn new() -> Arc<Self> {
        Self::of(Config::default()).await
    }

    /// A town whose Telegram calls webhooks again sooner than the real one does.
    pub(crate) async fn hasty() -> Arc<Self> {
        Self::of(Config {
            webhook_retry_scale: 0.02,
            ..Config::default()
        })
        .await
    }

    async fn of(config: Config) -> Arc<Self> {
        let sandbox = Sandbox::start(config).await.expect("a free port");
        let town = Arc::new(Self {
            sandbox,
            http: Client::builder().no_proxy().build().expect("a client"),
            ears: Ears::default(),
        });
        // A bot is known once it has called, and events are told of known bots only.
        let url = format!("{}/bot{TOKEN}/getMe", town.sandbox.url());
        town.http.get(url).send().await.expect("an answer");
        let url = format!("{}/sim/events?bot={BOT}", town.sandbox.url());
        let response = town.http.get(url).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        tokio::spawn(listen(response, Arc::clone(&town.ears)));
        town
    }

    /// A town with a bot in it.
    pub(crate) async fn with_bot() -> (Arc<Self>, BotProcess) {
        let town = Self::new().await;
        let bot = BotProcess::start(&town.sandbox.url()).await;
        (town, bot)
    }

    /// A person who speaks English.
    pub(crate) async fn person(self: &Arc<Self>, id: i64) -> Person {
        self.person_who_speaks(id, "en").await
    }

    pub(crate) async fn person_who_speaks(self: &Arc<Self>, id: i64, language: &str) -> Person {
        let new = json!({"id": id, "first_name": format!("Person {id}"), "language_code": language});
        self.post("/sim/people", new).await;
        Person::new(Arc::clone(self), id, id, self.ear(id))
    }

    /// A person in a group.
    pub(crate) async fn person_in_group(self: &Arc<Self>, id: i64, group: i64) -> Person {
        let new = json!({"id": id, "first_name": format!("Person {id}"), "language_code": "en"});
        self.post("/sim/people", new).await;
        Person::new(Arc::clone(self), id, group, self.ear(group))
    }

    fn ear(&self, chat: i64) -> mpsc::UnboundedReceiver<Happening> {
        let (tell, hear) = mpsc::unbounded_channel();
        self.ears.lock().insert(chat, tell);
        hear
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.sandbox.url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.sandbox.url())
        };
        let response = self.http.get(url).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.expect("a body").to_vec()
    }

    /// A person sends a file; answers what the sandbox says.
    pub(crate) async fn upload(&self, person: i64, kind: &str, name: &str, bytes: Vec<u8>) -> Value {
        let url = format!(
            "{}/sim/uploads?bot={BOT}&person={person}&kind={kind}",
            self.sandbox.url()
        );
        let file = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file);
        let response = self
            .http
            .post(url)
            .multipart(form)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        response.json().await.expect("JSON")
    }

    /// Puts an update into the bot's queue as it is.
    pub(crate) async fn raw_update(&self, update: Value) -> i64 {
        let queued = self
            .post("/sim/updates", json!({"bot": BOT, "update": update}))
            .await;
        queued["update_id"].as_i64().expect("an id")
    }

    /// What a chat shows.
    pub(crate) async fn transcript(&self, chat: i64) -> Vec<Value> {
        let shown = self.get(&format!("/sim/chats/{chat}/messages?bot={BOT}")).await;
        shown.as_array().expect("a list").clone()
    }

    /// All bought labels.
    pub(crate) async fn labels(&self) -> Vec<Value> {
        let labels = self.get("/shipping/sim/labels").await;
        labels.as_array().expect("a list").clone()
    }

    /// Waits until every update is confirmed: until the bot has nothing left to do.
    pub(crate) async fn is_quiet(&self) {
        let path = format!("/sim/pending?bot={BOT}");
        patiently(async {
            while self.get(&path).await["pending"] != 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// Waits for something, and fails when it never comes.
pub(crate) async fn patiently<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("what was waited for")
}

/// Reads the sandbox's stream of events, and hands each to its chat.
async fn listen(mut response: reqwest::Response, ears: Ears) {
    let mut buffer = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        buffer.extend_from_slice(&chunk);
        while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = buffer.drain(..end + 2).collect();
            let event = String::from_utf8(event).expect("UTF-8");
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            let (Some(kind), Some(data)) = (field("event:"), field("data:")) else {
                continue;
            };
            let data: Value = serde_json::from_str(data.trim()).expect("JSON");
            let Some(chat) = data["chat"].as_i64() else {
                continue;
            };
            if let Some(ear) = ears.lock().get(&chat) {
                // Who has left hears nothing more.
                let _ = ear.send(Happening {
                    at: Instant::now(),
                    kind: kind.trim().to_owned(),
                    data,
                });
            }
        }
    }
}
