//! Where the API calls when a task has ended.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::SecretString;
use stepkeep_core::Clock;
use tokio::net::TcpListener;

use super::TaskHints;
use super::callback::{Callback, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};

/// The largest callback that is read, in bytes: they repeat the whole input.
const LARGEST: usize = 256 * 1024;

/// A server that the generation API calls. What it is told is only a hint: whoever waits for the task looks at once.
#[derive(Debug)]
pub struct CallbackServer {
    listener: TcpListener,
    path: String,
    heard: Arc<Heard>,
}

#[derive(Debug)]
struct Heard {
    key: SecretString,
    hints: TaskHints,
    clock: Arc<dyn Clock>,
}

impl CallbackServer {
    /// Takes the address. Calls have to come to `path`, signed with `key`.
    ///
    /// # Errors
    /// The address can't be listened at: most likely another program has it.
    pub async fn bind(
        listen: SocketAddr,
        path: impl Into<String>,
        key: SecretString,
        hints: TaskHints,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(listen).await?,
            path: path.into(),
            heard: Arc::new(Heard { key, hints, clock }),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes calls until `stop` ends.
    ///
    /// # Errors
    /// Those of the listener. Trouble with a single connection is none.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let router = Router::new()
            .route(&self.path, post(answer))
            .layer(DefaultBodyLimit::max(LARGEST))
            .with_state(self.heard);
        axum::serve(self.listener, router)
            .with_graceful_shutdown(stop)
            .await
    }
}

async fn answer(State(heard): State<Arc<Heard>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let callback = match Callback::read(&body) {
        Ok(callback) => callback,
        Err(error) => {
            tracing::warn!(%error, "a callback isn't listened to");
            return StatusCode::BAD_REQUEST;
        }
    };
    let (timestamp, signature) = (header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER));
    if let Err(error) = verify(
        &heard.key,
        &callback.task,
        timestamp,
        signature,
        heard.clock.now(),
    ) {
        tracing::warn!(%error, "a callback isn't listened to");
        return StatusCode::UNAUTHORIZED;
    }
    heard.hints.tell(&callback.task);
    StatusCode::OK
}
