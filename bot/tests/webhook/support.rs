//! A server whose updates the test takes, and callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::json;
use stepkeep::telegram::Delivery;
use stepkeep::telegram::webhook::{
    PutAside, PutAsideError, SECRET_HEADER, WebhookCounts, WebhookSecret, WebhookServer, WebhookServerConfig,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) const SECRET: &str = "open-sesame";
pub(crate) const PATH: &str = "/telegram/hook";

/// Far longer than anything here takes; what doesn't come within it doesn't come.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was put aside: the text, and why.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    pub(crate) kept: Mutex<Vec<(String, String)>>,
    pub(crate) is_broken: Mutex<bool>,
}

#[async_trait]
impl PutAside for Aside {
    async fn put_aside(&self, raw: &str, reason: &str) -> Result<(), PutAsideError> {
        if *self.is_broken.lock() {
            return Err("there is no room".into());
        }
        self.kept.lock().push((raw.to_owned(), reason.to_owned()));
        Ok(())
    }
}

/// A server, and the updates that it hands out.
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) counts: Arc<WebhookCounts>,
    pub(crate) aside: Arc<Aside>,
    pub(crate) stopping: CancellationToken,
    pub(crate) close: CancellationToken,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
    /// Whether updates are handed out, or wait as they do in front of a queue that is full.
    pub(crate) has_room: watch::Sender<bool>,
    /// How many updates have come so far as to wait for that.
    pub(crate) waiting: Arc<AtomicU32>,
    handed_out: mpsc::UnboundedReceiver<Delivery>,
}

impl Hook {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut WebhookServerConfig)) -> Self {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        let mut config = WebhookServerConfig::new(([127, 0, 0, 1], 0).into(), PATH, secret);
        change(&mut config);
        let server = WebhookServer::bind(config).await.unwrap();
        let root = format!("http://{}", server.address());
        let counts = server.counts();
        let aside = Arc::new(Aside::default());
        let (stopping, close) = (CancellationToken::new(), CancellationToken::new());
        let (hand_out, handed_out) = mpsc::unbounded_channel();
        let (has_room, has_room_now) = watch::channel(true);
        let waiting = Arc::new(AtomicU32::new(0));
        let hand_out = {
            let waiting = Arc::clone(&waiting);
            move |delivery| {
                let (hand_out, mut has_room, waiting) =
                    (hand_out.clone(), has_room_now.clone(), Arc::clone(&waiting));
                async move {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    has_room.wait_for(|has_room| *has_room).await.expect("a test");
                    hand_out.send(delivery).expect("a test that listens");
                }
            }
        };
        let put_aside = Arc::<Aside>::clone(&aside);
        let serving = tokio::spawn(server.serve(hand_out, put_aside, stopping.clone(), close.clone()));
        Self {
            url: format!("{root}{PATH}"),
            http: Client::builder().no_proxy().build().unwrap(),
            counts,
            aside,
            stopping,
            close,
            serving,
            has_room,
            waiting,
            handed_out,
        }
    }

    /// A call as Telegram makes it, with any body.
    pub(crate) fn post(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.http
            .post(&self.url)
            .header("content-type", "application/json")
            .header(SECRET_HEADER, SECRET)
            .body(body)
    }

    /// A call with an update, under way.
    pub(crate) fn bring(&self, update: i64) -> JoinHandle<Answered> {
        let request = self.post(json!({"update_id": update, "message": {}}).to_string());
        tokio::spawn(async move { Answered::of(&request.send().await.expect("an answer")) })
    }

    /// The next update that was handed out.
    pub(crate) async fn next(&mut self) -> Delivery {
        in_time(self.handed_out.recv()).await.expect("a server")
    }

    /// Fails if anything was handed out that nobody took.
    pub(crate) fn handed_out_nothing(&mut self) {
        assert!(self.handed_out.try_recv().is_err(), "an update was handed out");
    }
}

/// What a caller gets to see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u32>,
    pub(crate) closes: bool,
}

impl Answered {
    pub(crate) fn of(response: &Response) -> Self {
        let header = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        Self {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER).map(|seconds| seconds.parse().unwrap()),
            closes: header(reqwest::header::CONNECTION).as_deref() == Some("close"),
        }
    }
}

pub(crate) async fn in_time<T>(wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.expect("what was waited for")
}

/// Waits until a condition holds.
pub(crate) async fn until(condition: impl Fn() -> bool + Send + Sync) {
    in_time(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
