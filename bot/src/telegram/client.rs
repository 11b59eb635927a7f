use std::{fmt, future::Future, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use stepkeep_core::BotId;
use teloxide_core::{requests::Payload, types::Message};
use url::Url;

use super::{
    document::NewDocument,
    error::{Failure, Method, TelegramError, TelegramErrorKind},
    token::BotToken,
};

/// Telegram's own server. Any other that speaks the Bot API will do.
pub const DEFAULT_API_URL: &str = "https://api.telegram.org";

/// How a [`TelegramClient`] reaches its server.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Where the Bot API is; everything in front of `/bot<token>/`.
    pub api_url: String,
    /// How long a connection may take to come about.
    pub connect_deadline: Duration,
    /// How long a call may take as a whole. Long polls get their waiting time on top.
    pub deadline: Duration,
    /// The same for calls that carry a file, either way.
    pub file_deadline: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            api_url: DEFAULT_API_URL.to_owned(),
            connect_deadline: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            file_deadline: Duration::from_mins(2),
        }
    }
}

/// A client can't be made of these settings.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address of the Bot API is none.
    #[error("the Telegram API address must be an http or https URL, such as {DEFAULT_API_URL}")]
    ApiUrl,
    /// The HTTP client could not be set up (TLS, for one).
    #[error("the HTTP client can't be set up")]
    Http(#[source] reqwest::Error),
}

/// A client of the Bot API: typed payloads in, typed results or a [`TelegramError`] out, and nothing more. It neither
/// waits nor repeats; that is up to [`Sender`](super::Sender) and [`Poller`](super::Poller).
///
/// Connections are pooled and shared by all clones.
#[derive(Clone)]
pub struct TelegramClient {
    http: reqwest::Client,
    shared: Arc<Shared>,
}

struct Shared {
    token: BotToken,
    base: Url,
    deadline: Duration,
    file_deadline: Duration,
}

/// How much longer than the waiting time of a long poll the answer may take.
const LONG_POLL_GRACE: Duration = Duration::from_secs(10);

impl TelegramClient {
    /// A client for the bot of `token`. Makes no call yet.
    ///
    /// # Errors
    /// [`ClientError`], when the address is none, or TLS can't be set up.
    pub fn new(token: BotToken, config: &ClientConfig) -> Result<Self, ClientError> {
        let base = Url::parse(&config.api_url).map_err(|_| ClientError::ApiUrl)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(ClientError::ApiUrl);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(config.connect_deadline)
            // The Bot API never redirects, and whoever does would be handed the token.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("stepkeep/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientError::Http)?;
        let shared = Shared {
            token,
            base,
            deadline: config.deadline,
            file_deadline: config.file_deadline,
        };
        Ok(Self {
            http,
            shared: Arc::new(shared),
        })
    }

    /// The bot's own user id, as the token tells it.
    pub fn bot_id(&self) -> BotId {
        self.shared.token.bot_id()
    }

    /// Makes one call with any of `teloxide_core`'s payloads. Files that Telegram has are named by their id; an upload
    /// goes through [`send_document`](Self::send_document).
    ///
    /// Cancel safe as far as this side goes: the call may have reached Telegram.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    pub fn call<P>(
        &self,
        payload: &P,
    ) -> impl Future<Output = Result<P::Output, TelegramError>> + Send + use<P>
    where
        P: Payload + Serialize,
        P::Output: DeserializeOwned,
    {
        let waiting = payload
            .timeout_hint()
            .map_or(Duration::ZERO, |time| time.saturating_add(LONG_POLL_GRACE));
        self.call_named(Method::new(P::NAME), payload, self.shared.deadline.max(waiting))
    }

    /// Makes one call whose arguments are any serialisable value, within `deadline`.
    pub(super) fn call_named<A, R>(
        &self,
        method: Method,
        arguments: &A,
        deadline: Duration,
    ) -> impl Future<Output = Result<R, TelegramError>> + Send + use<A, R>
    where
        A: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        // Put together here and now, so that the future holds nothing of the arguments.
        let request = serde_json::to_vec(arguments).map(|body| {
            self.request(method)
                .header(CONTENT_TYPE, "application/json")
                .body(body)
        });
        async move {
            let request = request.map_err(|error| unserialisable(method, &error))?;
            execute(method, request.timeout(deadline)).await
        }
    }

    /// Uploads a document to a chat.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    pub async fn send_document(&self, document: &NewDocument) -> Result<Message, TelegramError> {
        let method = Method::new("sendDocument");
        let form = document.form().map_err(|error| unserialisable(method, &error))?;
        execute(
            method,
            self.request(method)
                .multipart(form)
                .timeout(self.shared.file_deadline),
        )
        .await
    }

    /// Downloads a file whole. `path` is what `getFile` answered; the link is good for an hour.
    ///
    /// # Errors
    /// [`TelegramErrorKind::TooLarge`] past `limit` bytes, [`TelegramErrorKind::BadRequest`] when the link is no good
    /// (any more), else by kind.
    pub async fn download_file(&self, path: &str, limit: u64) -> Result<Bytes, TelegramError> {
        let method = Method::new("file download");
        let bot = format!("bot{}", self.shared.token.expose());
        let url = self.url(["file", &bot].into_iter().chain(path.split('/')));
        let transport = |error| TelegramError::transport(method, error);
        let too_large = || TelegramError::new(method, TelegramErrorKind::TooLarge(limit));

        let sent = self.http.get(url).timeout(self.shared.file_deadline).send().await;
        let mut response = sent.map_err(transport)?;
        if response.status() == StatusCode::NOT_FOUND {
            let kind = TelegramErrorKind::BadRequest("there is no such file".to_owned());
            return Err(TelegramError::new(method, kind));
        }
        if !response.status().is_success() {
            return Err(match read::<RawResult>(method, response).await {
                Err(error) => error,
                Ok(_) => TelegramError::new(method, TelegramErrorKind::Malformed("not a file".to_owned())),
            });
        }
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut content = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            content.extend_from_slice(&chunk);
            if u64::try_from(content.len()).unwrap_or(u64::MAX) > limit {
                return Err(too_large());
            }
        }
        Ok(content.freeze())
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let bot = format!("bot{}", self.shared.token.expose());
        self.http.post(self.url([bot.as_str(), &method.to_string()]))
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.shared.base.clone();
        // An http(s) URL, which `new` made sure of, always has path segments.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl fmt::Debug for TelegramClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramClient")
            .field("bot_id", &self.bot_id())
            .field("host", &self.shared.base.host_str())
            .finish_non_exhaustive()
    }
}

type RawResult = Box<RawValue>;

/// What every answer of the Bot API looks like.
#[derive(Deserialize)]
struct Answer<'a> {
    ok: bool,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error_code: Option<u16>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Parameters>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    #[serde(default)]
    retry_after: Option<u64>,
    #[serde(default)]
    migrate_to_chat_id: Option<i64>,
}

async fn execute<R: DeserializeOwned>(method: Method, request: RequestBuilder) -> Result<R, TelegramError> {
    let response = request
        .send()
        .await
        .map_err(|error| TelegramError::transport(method, error))?;
    read(method, response).await
}

async fn read<R: DeserializeOwned>(method: Method, response: Response) -> Result<R, TelegramError> {
    let status = response.status();
    let header = retry_after(response.headers());
    let body = response
        .bytes()
        .await
        .map_err(|error| TelegramError::transport(method, error))?;

    let answer = match serde_json::from_slice::<Answer<'_>>(&body) {
        Ok(answer) => answer,
        // A proxy in between answers errors in words of its own; the status still says what to do.
        Err(_) if !status.is_success() => {
            let description = status.canonical_reason().unwrap_or_default();
            let failure = Failure {
                code: status.as_u16(),
                description,
                retry_after: header,
                ..Failure::default()
            };
            return Err(TelegramError::new(method, failure.kind()));
        }
        Err(error) => return Err(TelegramError::unreadable(method, &error)),
    };
    if answer.ok {
        // `getWebhookInfo` and its like always have a result; should one be missing, null says so to the type.
        let result = answer.result.map_or("null", RawValue::get);
        return serde_json::from_str(result).map_err(|error| TelegramError::unreadable(method, &error));
    }
    let parameters = answer.parameters.unwrap_or_default();
    let failure = Failure {
        code: answer.error_code.unwrap_or(status.as_u16()),
        description: answer.description.as_deref().unwrap_or_default(),
        retry_after: parameters.retry_after.or(header),
        migrate_to_chat_id: parameters.migrate_to_chat_id,
    };
    Err(TelegramError::new(method, failure.kind()))
}

/// The `Retry-After` header in seconds. (Its other form, a date, is not Telegram's.)
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

fn unserialisable(method: Method, error: &serde_json::Error) -> TelegramError {
    let reason = format!(
        "the arguments can't be written as JSON ({:?} error)",
        error.classify()
    );
    TelegramError::new(method, TelegramErrorKind::BadRequest(reason))
}

#[cfg(test)]
mod tests;
