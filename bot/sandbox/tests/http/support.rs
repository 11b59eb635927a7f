//! A sandbox and a client for it.

use std::future::Future;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};

/// The bot that [`Room::bot`] calls as.
pub(crate) const BOT: i64 = 42;
pub(crate) const TOKEN: &str = "42:secret-token";
/// People who are there from the start.
pub(crate) const ANNA: i64 = 1001;
pub(crate) const BORIS: i64 = 1002;

/// A sandbox of one test.
pub(crate) struct Room {
    pub(crate) sandbox: SandboxHandle,
    pub(crate) http: Client,
}

impl Room {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.expect("a free port");
        Self {
            sandbox,
            http: Client::builder().no_proxy().build().expect("a client"),
        }
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    /// Calls a method of the Bot API with a JSON body; answers the whole envelope.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.call_as(TOKEN, method, params).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: &str, params: Value) -> Value {
        let response = self.response(token, method, params).await;
        let status = response.status().as_u16();
        let envelope: Value = response.json().await.expect("an envelope");
        let code = envelope["error_code"].as_u64().unwrap_or(200);
        assert_eq!(
            u64::from(status),
            code,
            "the status is the error code: {envelope}"
        );
        envelope
    }

    pub(crate) async fn response(&self, token: &str, method: &str, params: Value) -> Response {
        let url = self.address(&format!("/bot{token}/{method}"));
        self.http.post(url).json(&params).send().await.expect("an answer")
    }

    /// Calls a method that has to succeed; answers its result.
    pub(crate) async fn bot(&self, method: &str, params: Value) -> Value {
        let envelope = self.call(method, params).await;
        assert_eq!(envelope["ok"], true, "{method}: {envelope}");
        envelope["result"].clone()
    }

    /// Calls a method that has to fail; answers the code and the description.
    pub(crate) async fn refused(&self, method: &str, params: Value) -> String {
        let envelope = self.call(method, params).await;
        assert_eq!(envelope["ok"], false, "{method}: {envelope}");
        format!(
            "{} {}",
            envelope["error_code"],
            envelope["description"].as_str().expect("a description")
        )
    }

    /// Calls the people's side.
    pub(crate) async fn sim(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, self.address(&format!("/sim/{path}")));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let bytes = response.bytes().await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.sim(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.sim(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A person writes to the bot.
    pub(crate) async fn says(&self, person: i64, text: &str) -> Value {
        self.post("messages", json!({"bot": BOT, "person": person, "text": text}))
            .await
    }

    /// What a chat shows.
    pub(crate) async fn transcript(&self, chat: i64) -> Vec<Value> {
        let shown = self.get(&format!("chats/{chat}/messages?bot={BOT}")).await;
        shown.as_array().expect("a list").clone()
    }

    pub(crate) async fn taps(&self, person: i64, message_id: &Value, data: &str) -> Value {
        let tap = json!({"bot": BOT, "person": person, "message_id": message_id, "data": data});
        self.post("taps", tap).await
    }

    pub(crate) async fn updates(&self, params: Value) -> Vec<Value> {
        let updates = self.bot("getUpdates", params).await;
        updates.as_array().expect("a list").clone()
    }

    pub(crate) async fn pending(&self) -> u64 {
        self.get(&format!("pending?bot={BOT}")).await["pending"]
            .as_u64()
            .expect("a number")
    }
}

/// The ids of updates.
pub(crate) fn ids(updates: &[Value]) -> Vec<i64> {
    updates
        .iter()
        .map(|update| update["update_id"].as_i64().expect("an id"))
        .collect()
}

/// Waits until the condition holds; the runner's own time limit ends a wait in vain.
pub(crate) async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    while !holds().await {
        tokio::task::yield_now().await;
    }
}
