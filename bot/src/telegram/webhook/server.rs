use std::{fmt, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::Request,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    super::delivery::Delivery, counts::WebhookCounts, intake::Intake, put_aside::PutAside,
    secret::WebhookSecret,
};

/// How a [`WebhookServer`] goes about it.
#[derive(Debug, Clone)]
pub struct WebhookServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The path that Telegram calls, as the webhook's URL has it: it begins with a slash. Every other is answered 404.
    pub path: String,
    /// What every call has to bring.
    pub secret: WebhookSecret,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// After this long a call is answered 503, though its update is still under way. It has to be shorter than the minute
    /// after which Telegram gives a call up.
    pub deadline: Duration,
}

impl WebhookServerConfig {
    /// A server for this path and secret, with a limit of 1 MiB and a deadline of 50 seconds.
    pub fn new(listen: SocketAddr, path: impl Into<String>, secret: WebhookSecret) -> Self {
        Self {
            listen,
            path: path.into(),
            secret,
            body_limit: 1024 * 1024,
            deadline: Duration::from_secs(50),
        }
    }
}

/// A server that Telegram calls with updates. It has its address, and calls wait until [`serve`](Self::serve).
///
/// | what comes | what is answered |
/// |---|---|
/// | an update | 200 when it was acknowledged; 503 with `Retry-After` when it was given back, or the deadline passed |
/// | no update, though with the secret | 200 once it was put aside, else 503 |
/// | any call with the secret while the process stops | 503 with `Retry-After: 1` |
/// | a wrong secret, or none | 401, and nothing of the body is read |
/// | another path, method or content type, a body that is too large or broken off | 404, 405, 400, 413, 400 |
///
/// The same update may come twice at the same time; both are handed out, and their conversation has them one after the
/// other.
pub struct WebhookServer {
    listener: TcpListener,
    address: SocketAddr,
    config: WebhookServerConfig,
    counts: Arc<WebhookCounts>,
}

impl WebhookServer {
    /// Takes the address.
    ///
    /// # Errors
    /// The address can't be listened at: most likely another program has it.
    pub async fn bind(config: WebhookServerConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            config,
            counts: Arc::default(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was answered so far.
    pub fn counts(&self) -> Arc<WebhookCounts> {
        Arc::clone(&self.counts)
    }

    /// Takes calls, and hands each update out. `hand_out` is awaited in a task of its own, for many updates at once; it
    /// should hand the update to a queue, not handle it.
    ///
    /// From when `stopping` is cancelled no update is taken any more, and whoever brings one is sent away for a moment.
    /// The calls under way go on: they are answered when their receipts are settled. Once `close` is cancelled, no
    /// connection is taken any more either, and this returns when those that are open have been answered.
    ///
    /// Dropping the future cuts every connection; what was handed out goes on.
    ///
    /// # Errors
    /// Those of the listener. Trouble with a single connection is none.
    pub async fn serve<H, F>(
        self,
        hand_out: H,
        put_aside: Arc<dyn PutAside>,
        stopping: CancellationToken,
        close: CancellationToken,
    ) -> io::Result<()>
    where
        H: Fn(Delivery) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let WebhookServerConfig {
            listen: _,
            path,
            secret,
            body_limit,
            deadline,
        } = self.config;
        let under_way = TaskTracker::new();
        let intake = Intake {
            path,
            secret,
            body_limit,
            deadline,
            hand_out: Arc::new(move |delivery| hand_out(delivery).boxed()),
            put_aside,
            counts: self.counts,
            stopping,
            under_way: under_way.clone(),
        };
        let router = Router::new().fallback(answer).with_state(Arc::new(intake));
        axum::serve(self.listener, router)
            .with_graceful_shutdown(close.cancelled_owned())
            .await?;
        under_way.close();
        under_way.wait().await;
        Ok(())
    }
}

async fn answer(State(intake): State<Arc<Intake>>, request: Request<Body>) -> Response {
    intake.answer(request).await.into_response()
}

impl fmt::Debug for WebhookServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookServer")
            .field("address", &self.address)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
