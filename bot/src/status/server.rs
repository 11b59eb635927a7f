//! The server at the status address.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::assets;
use super::probe::Probe;
use super::{CensusResult, Status};
use crate::config::{StatusListen, StatusSettings};

/// How long answers under way may take when the server ends.
const CLOSING: Duration = Duration::from_secs(1);

/// The largest body that is read: a form with a token.
const BODY_LIMIT: usize = 4 * 1024;

/// Nothing but the program's own files, and no other site around them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// The address that somebody named can't be listened at.
#[derive(Debug, thiserror::Error)]
#[error("the status server can't listen at {address}")]
pub struct StatusServerError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

/// A server that answers until it is [stopped](Self::stop).
pub struct StatusServer {
    address: SocketAddr,
    access: Arc<Access>,
    close: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

impl StatusServer {
    /// Listens where the settings say, and begins to answer. `None` when it is off, or when the address that nobody chose is
    /// another program's, which is logged.
    ///
    /// # Errors
    /// [`StatusServerError`] when the address that somebody chose can't be listened at.
    pub async fn start(
        settings: &StatusSettings,
        status: &Status,
    ) -> Result<Option<Self>, StatusServerError> {
        let (address, listening) = match settings.listen {
            StatusListen::Off => return Ok(None),
            StatusListen::Default(address) | StatusListen::At(address) => (address, bind(address).await),
            StatusListen::OrAnotherPort(address) => match bind(address).await {
                Ok(listening) => (address, Ok(listening)),
                Err(_) => (address, bind(SocketAddr::new(address.ip(), 0)).await),
            },
        };
        let (listener, address) = match listening {
            Ok(listening) => listening,
            Err(error) if matches!(settings.listen, StatusListen::Default(_)) => {
                tracing::warn!(
                    %address, %error,
                    "there is no status server: name a free address in STEPKEEP_STATUS_LISTEN, or say off"
                );
                return Ok(None);
            }
            Err(source) => return Err(StatusServerError { address, source }),
        };
        let access = Arc::new(Access::new(
            settings.token.as_ref(),
            &status.shared.parts.bot,
            address,
        ));
        let close = CancellationToken::new();
        let desk = Desk {
            status: status.clone(),
            census: status.census(&access, &close),
            access: Arc::clone(&access),
        };
        let serving =
            axum::serve(listener, router(desk)).with_graceful_shutdown(close.clone().cancelled_owned());
        tell(address, &access);
        Ok(Some(Self {
            address,
            access,
            close,
            serving: tokio::spawn(serving.into_future()),
        }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A link that opens the dashboard once, if there is no token for it.
    pub fn link(&self) -> Option<String> {
        self.access.link()
    }

    /// Ends it; answers under way have a moment.
    pub async fn stop(mut self) {
        self.close.cancel();
        match tokio::time::timeout(CLOSING, &mut self.serving).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the status server ended with an error"),
            Ok(Err(error)) => tracing::warn!(%error, "the status server failed"),
            // A connection on which nobody asks or reads.
            Err(_) => self.serving.abort(),
        }
    }
}

/// Takes an address; answers it with the port that it came to be.
async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Logs where the dashboard is. A token is never logged; a link is there to be.
fn tell(address: SocketAddr, access: &Access) {
    tracing::info!(%address, "the status server answers");
    if let Some(link) = access.link() {
        tracing::info!(
            link,
            "this link opens the dashboard, once; set STEPKEEP_STATUS_TOKEN for a lasting one"
        );
    } else if access.is_closed() {
        tracing::warn!(
            "the dashboard is closed, since others can reach its address: set STEPKEEP_STATUS_TOKEN to open it"
        );
    }
}

/// What answers need.
#[derive(Clone)]
struct Desk {
    status: Status,
    access: Arc<Access>,
    census: Arc<Probe<Arc<CensusResult>>>,
}

impl Desk {
    fn admits(&self, headers: &HeaderMap) -> bool {
        self.access.admits(headers, self.status.shared.parts.clock.now())
    }

    fn sign_in(&self, token: &str, headers: &HeaderMap) -> Option<String> {
        let now = self.status.shared.parts.clock.now();
        let cookie = self.access.sign_in(token, headers, now)?;
        if let Some(link) = self.access.link() {
            tracing::info!(
                link,
                "somebody opened the dashboard; this link opens it the next time"
            );
        }
        Some(cookie)
    }
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/dashboard", get(|| async { to_the_page() }))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/assets/{name}", get(asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/telegram/status", get(telegram_status))
        .route("/api/dashboard", get(dashboard))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            problem(StatusCode::METHOD_NOT_ALLOWED, "not by this method")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::map_response(with_headers))
        .with_state(desk)
}

async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
}

/// The dashboard, or the form that leads there. A token in the address is taken out of it at once.
async fn page(
    State(desk): State<Desk>,
    Query(Token { token }): Query<Token>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if desk.access.is_closed() {
        return (StatusCode::FORBIDDEN, Html(assets::CLOSED)).into_response();
    }
    let is_in = desk.admits(&headers);
    match token {
        // A link must not be used up by who only wants to know whether there is something.
        Some(token) if method == Method::GET => match desk.sign_in(&token, &headers) {
            Some(cookie) => ([(header::SET_COOKIE, cookie)], to_the_page()).into_response(),
            None if is_in => to_the_page(),
            None => (StatusCode::UNAUTHORIZED, Html(assets::WRONG_TOKEN)).into_response(),
        },
        _ if is_in => Html(assets::DASHBOARD).into_response(),
        _ => (StatusCode::UNAUTHORIZED, Html(assets::SIGN_IN)).into_response(),
    }
}

async fn sign_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Form(Token { token }): Form<Token>,
) -> Response {
    match token.and_then(|token| desk.sign_in(&token, &headers)) {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], to_the_page()).into_response(),
        None => (StatusCode::UNAUTHORIZED, Html(assets::WRONG_TOKEN)).into_response(),
    }
}

async fn sign_out(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    (
        [(header::SET_COOKIE, desk.access.signed_out(&headers))],
        to_the_page(),
    )
        .into_response()
}

/// Relative, since a proxy may have the page elsewhere.
fn to_the_page() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "./")]).into_response()
}

async fn asset(Path(name): Path<String>) -> Response {
    match assets::find(&name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.kind)], asset.text).into_response(),
        None => problem(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

async fn ready(State(desk): State<Desk>) -> Response {
    let readiness = desk.status.readiness().await;
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

async fn metrics(State(desk): State<Desk>) -> Response {
    match &desk.status.shared.parts.metrics {
        Some(render) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], render()).into_response()
        }
        None => problem(
            StatusCode::NOT_FOUND,
            "this bot was built or set up without metrics",
        ),
    }
}

async fn telegram_status(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if !desk.admits(&headers) {
        return unknown();
    }
    Json(desk.status.telegram_status().await).into_response()
}

async fn dashboard(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    if !desk.admits(&headers) {
        return unknown();
    }
    Json(desk.status.dashboard(&desk.census)).into_response()
}

/// Whoever has no token.
fn unknown() -> Response {
    let mut response = problem(
        StatusCode::UNAUTHORIZED,
        "send the token of STEPKEEP_STATUS_TOKEN in the header Authorization: Bearer, or sign in at /",
    );
    let scheme = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

fn problem(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

impl fmt::Debug for StatusServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
