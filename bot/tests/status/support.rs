//! A bot with a status server, on a store that can fail.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use stepkeep::config::{Settings, Sources};
use stepkeep::run::run_on;
use stepkeep_core::{Faults, MemoryStorage, WithFaults};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};
use stepkeep_test_servers::free_port;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const BOT: i64 = 7_000_001;
pub(crate) const BOT_TOKEN: &str = "7000001:the-secret-part-of-the-token";
pub(crate) const API_KEY: &str = "TEST_the-secret-shipping-key";
pub(crate) const TOKEN: &str = "a-token-for-the-dashboard-4711";

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Bot {
    pub(crate) sandbox: SandboxHandle,
    pub(crate) faults: Faults,
    pub(crate) stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    url: String,
    http: Client,
}

impl Bot {
    /// A bot that takes updates, whose dashboard opens with [`TOKEN`].
    pub(crate) async fn start() -> Self {
        let bot = Self::begin(&[("STEPKEEP_STATUS_TOKEN", TOKEN)]).await;
        eventually(async || {
            bot.get("/readyz")
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        bot
    }

    /// The same with these settings, and without waiting until it is ready.
    pub(crate) async fn begin(further: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        let telegram = sandbox.url().trim_end_matches('/').to_owned();
        let listen = format!("127.0.0.1:{}", free_port());
        let shipping = format!("{telegram}/shipping");
        let environment = [
            ("STEPKEEP_TELEGRAM_TOKEN", BOT_TOKEN),
            ("STEPKEEP_TELEGRAM_API_URL", &telegram),
            ("STEPKEEP_SHIPPING_API_URL", &shipping),
            ("STEPKEEP_SHIPPING_API_KEY", API_KEY),
            ("STEPKEEP_WELCOME_CREDIT", "1000.00"),
            ("STEPKEEP_STORE", "memory:"),
            ("STEPKEEP_STATUS_LISTEN", &listen),
        ];
        let environment = environment.iter().chain(further);
        let environment = environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let settings = Settings::load(&Sources::new().with_environment(environment)).unwrap();
        let faults = Faults::default();
        let store = Arc::new(WithFaults::new(MemoryStorage::new(), &faults));
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { run_on(&settings, store, &stop).await }
        });
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none());
        Self {
            sandbox,
            faults,
            stop,
            running,
            url: format!("http://{listen}"),
            http: http.build().unwrap(),
        }
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.address(path))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// What who has the token is told.
    pub(crate) async fn told(&self, path: &str) -> Value {
        let answer = self.get(path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn readiness(&self) -> (u16, Value) {
        let answer = self.get("/readyz").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A person writes.
    pub(crate) async fn hears(&self, person: i64, text: &str) {
        let url = self.sandbox.url();
        let url = url.trim_end_matches('/');
        let new = json!({"id": person, "first_name": "Wilhelmina", "language_code": "en"});
        let message = json!({"bot": BOT, "person": person, "text": text});
        for (path, body) in [("people", new), ("messages", message)] {
            let sent = self.http.post(format!("{url}/sim/{path}")).json(&body).send();
            assert_eq!(sent.await.unwrap().status(), 200);
        }
    }

    /// A person asks for the menu, and presses the button for a new order.
    pub(crate) async fn begins_an_order(&self, person: i64) {
        self.hears(person, "/start").await;
        let url = self.sandbox.url();
        let url = url.trim_end_matches('/');
        let chat = format!("{url}/sim/chats/{person}/messages?bot={BOT}");
        let button = async || {
            let shown: Value = self.http.get(&chat).send().await.unwrap().json().await.unwrap();
            shown.as_array().unwrap().iter().rev().find_map(|message| {
                let rows = message["inline_keyboard"].as_array()?;
                let mut buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
                let button = buttons.find(|button| button["text"].as_str().unwrap().contains("New order"))?;
                Some((message["message_id"].clone(), button["callback_data"].clone()))
            })
        };
        eventually(async || button().await.is_some()).await;
        let (message, data) = button().await.unwrap();
        let tap = json!({"bot": BOT, "person": person, "chat": person, "message_id": message, "data": data});
        let tapped = self
            .http
            .post(format!("{url}/sim/taps"))
            .json(&tap)
            .send()
            .await
            .unwrap();
        assert_eq!(tapped.status(), 200);
    }

    /// Stops it, and waits for the end.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}

/// Waits until it is so.
#[expect(
    clippy::future_not_send,
    reason = "it is awaited by the test itself, and never spawned"
)]
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("what was waited for");
}

/// The header of an answer, or nothing.
pub(crate) fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name);
    value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}
