//! A small load balancer in front of the bot's webhooks: each request goes to the next process that answers.
//!
//! It can also hand the same request to two processes at once, as a network that repeats itself does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// The largest update, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a process may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// How long one may take to answer; Telegram itself waits no longer.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A balancer that runs until it is dropped.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Shared {
    backends: Vec<SocketAddr>,
    next: AtomicUsize,
    /// Every so many-th request is handed to two processes; 0 for none.
    doubled_every: usize,
    requests: AtomicUsize,
    doubled: AtomicUsize,
    http: reqwest::Client,
}

impl Balancer {
    /// Listens on a free port of this computer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(backends: Vec<SocketAddr>, doubled_every: usize) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            backends,
            next: AtomicUsize::new(0),
            doubled_every,
            requests: AtomicUsize::new(0),
            doubled: AtomicUsize::new(0),
            http: reqwest::Client::builder()
                .no_proxy()
                .connect_timeout(CONNECT_WITHIN)
                .timeout(ANSWER_WITHIN)
                .build()?,
        });
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&shared));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            // A listener that fails shows as deliveries that fail.
            let _ = axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await;
        });
        Ok(Self {
            address,
            shared,
            stop,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests were handed to two processes at once.
    pub fn doubled(&self) -> usize {
        self.shared.doubled.load(Ordering::Relaxed)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, request: Request) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, HeaderMap::new(), Bytes::new());
    };
    let call = Call {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
    };
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    if shared.doubled_every > 0 && number.is_multiple_of(shared.doubled_every) {
        shared.doubled.fetch_add(1, Ordering::Relaxed);
        let (one, other) = tokio::join!(shared.pass(&call), shared.pass(&call));
        // Telegram forgets what one of them took.
        return if one.0.is_success() { one } else { other };
    }
    shared.pass(&call).await
}

struct Call {
    method: axum::http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Shared {
    /// Hands a call to the next process that takes a connection.
    async fn pass(&self, call: &Call) -> (StatusCode, HeaderMap, Bytes) {
        for _ in 0..self.backends.len() {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.backends.len();
            let path = call.uri.path_and_query().map_or("/", |path| path.as_str());
            let mut headers = call.headers.clone();
            for own in ["host", "content-length", "connection", "transfer-encoding"] {
                headers.remove(own);
            }
            let sent = self
                .http
                .request(
                    call.method.clone(),
                    format!("http://{}{path}", self.backends[turn]),
                )
                .headers(headers)
                .body(call.body.clone())
                .send()
                .await;
            match sent {
                Ok(response) => {
                    let status = response.status();
                    let retry_after = response.headers().get("retry-after").cloned();
                    let mut headers = HeaderMap::new();
                    if let Some(seconds) = retry_after {
                        headers.insert("retry-after", seconds);
                    }
                    return match response.bytes().await {
                        Ok(body) => (status, headers, body),
                        Err(_) => (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new()),
                    };
                }
                Err(error) if error.is_connect() => {}
                Err(_) => return (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new()),
            }
        }
        (StatusCode::BAD_GATEWAY, HeaderMap::new(), Bytes::new())
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;

    use super::*;

    /// A process that counts what it gets, and answers with its name.
    async fn backend(name: &'static str, count: &Arc<AtomicUsize>) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::clone(count);
        let answer = move |headers: HeaderMap, body: Bytes| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { format!("{name} {:?} {}", headers.get("secret"), body.len()) }
        };
        let router = Router::new().route("/hook", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn deliver(balancer: &Balancer) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("{}/hook", balancer.url()));
        let response = request.header("secret", "s").body("12345").send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn requests_go_round_and_pass_over_who_is_dead() {
        let count = Arc::default();
        let one = backend("one", &count).await;
        let other = backend("other", &count).await;
        let dead = {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            listener.local_addr().unwrap()
        };
        let balancer = Balancer::start(vec![one, dead, other], 0).await.unwrap();
        let mut answers = Vec::new();
        for _ in 0..4 {
            let (status, answer) = deliver(&balancer).await;
            assert_eq!(status, 200);
            answers.push(answer);
        }
        assert_eq!(answers[0], "one Some(\"s\") 5");
        assert_eq!(
            answers.iter().filter(|answer| answer.starts_with("one")).count(),
            2
        );
        assert_eq!(
            answers
                .iter()
                .filter(|answer| answer.starts_with("other"))
                .count(),
            2
        );
    }

    #[tokio::test]
    async fn when_all_are_dead_the_delivery_fails() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let dead = listener.local_addr().unwrap();
        drop(listener);
        let balancer = Balancer::start(vec![dead], 0).await.unwrap();
        assert_eq!(deliver(&balancer).await.0, 502);
    }

    #[tokio::test]
    async fn a_doubled_request_reaches_two_at_once() {
        let count: Arc<AtomicUsize> = Arc::default();
        let one = backend("one", &count).await;
        let other = backend("other", &count).await;
        let balancer = Balancer::start(vec![one, other], 2).await.unwrap();
        deliver(&balancer).await;
        assert_eq!(count.load(Ordering::SeqCst), 1);
        deliver(&balancer).await;
        assert_eq!(count.load(Ordering::SeqCst), 3);
        assert_eq!(balancer.doubled(), 1);
    }
}
