//! The sandbox that the crowd lives in, from the people's side.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use axum::response::Response;
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::audit::BoughtLabel;
use crate::happening::{Happening, listen};

/// The bot's token: any of its shape is good for the sandbox.
pub const TOKEN: &str = "7000001:crowd-token";
/// The bot's id.
pub const BOT: i64 = 7_000_001;
/// The key of the sandbox's shipping API, which gives test labels.
pub const API_KEY: &str = "TEST_crowd";

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
