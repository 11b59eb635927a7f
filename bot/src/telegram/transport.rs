//! What carries calls to the Bot API, and brings the answers back.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use parking_lot::RwLock;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use url::Url;

use super::{
    client::{ClientConfig, ClientError},
    document::NewDocument,
    error::{Method, TelegramError, TelegramErrorKind},
    token::BotToken,
};

/// Carries calls to a Bot API server. There is one that speaks HTTP, [`HttpTransport`]; tests may bring the server into
/// their own process.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Makes one call, and answers whatever the server did, refusals included.
    ///
    /// When dropped, the call may have reached the server.
    ///
    /// # Errors
    /// [`TelegramErrorKind::Timeout`] when there was no whole answer within the call's deadline,
    /// [`TelegramErrorKind::Network`] when the connection failed, [`TelegramErrorKind::BadRequest`] when the arguments
    /// can't be put into a request.
    async fn call(&self, call: Call) -> Result<Answer, TelegramError>;

    /// Downloads a file whole, within `deadline`. `path` is what `getFile` answered.
    ///
    /// # Errors
    /// [`TelegramErrorKind::TooLarge`] past `limit` bytes; else as for [`call`](Self::call).
    async fn download(&self, path: &str, limit: u64, deadline: Duration) -> Result<Answer, TelegramError>;
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Its arguments.
    pub arguments: Arguments,
    /// How long it may take as a whole.
    pub deadline: Duration,
}

/// The arguments of a call. `Debug` shows none of what people wrote.
pub enum Arguments {
    /// A JSON object.
    Json(Vec<u8>),
    /// A document to upload.
    Document(Box<NewDocument>),
}

/// What the server answered. `Debug` shows none of what people wrote.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header in seconds.
    pub retry_after: Option<u64>,
    /// The body: JSON, or the file that was asked for.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status says that all went well.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(body) => write!(f, "{} bytes of JSON", body.len()),
            Self::Document(document) => write!(f, "a document of {} bytes", document.file.bytes.len()),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("retry_after", &self.retry_after)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Speaks HTTP. Connections are pooled. Neither its `Debug` nor its errors carry the token or a URL.
pub struct HttpTransport {
    http: reqwest::Client,
    token: BotToken,
    base: Url,
    /// The addresses of the methods that were called: there are a few, and making one takes longer than sending it.
    methods: RwLock<HashMap<Method, Url>>,
}

impl HttpTransport {
    /// A transport for the bot of `token`. Makes no connection yet.
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
        Ok(Self {
            http,
            token,
            base,
            methods: RwLock::default(),
        })
    }

    fn bot(&self) -> String {
        format!("bot{}", self.token.expose())
    }

    fn url_of(&self, method: Method) -> Url {
        if let Some(url) = self.methods.read().get(&method) {
            return url.clone();
        }
        let url = self.url([self.bot().as_str(), &method.to_string()]);
        self.methods.write().insert(method, url.clone());
        url
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        // An http(s) URL, which `new` made sure of, always has path segments.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn call(&self, call: Call) -> Result<Answer, TelegramError> {
        let Call {
            method,
            arguments,
            deadline,
        } = call;
        let request = self.http.post(self.url_of(method)).timeout(deadline);
        let request = match arguments {
            Arguments::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            Arguments::Document(document) => {
                let form = document.form();
                request.multipart(form.map_err(|error| TelegramError::unserialisable(method, &error))?)
            }
        };
        let sent = request.send().await;
        read(
            sent.map_err(|error| TelegramError::transport(method, error))?,
            method,
        )
        .await
    }

    async fn download(&self, path: &str, limit: u64, deadline: Duration) -> Result<Answer, TelegramError> {
        let method = Method::new("file download");
        let transport = |error| TelegramError::transport(method, error);
        let too_large = || TelegramError::new(method, TelegramErrorKind::TooLarge(limit));

        let bot = self.bot();
        let url = self.url(["file", &bot].into_iter().chain(path.split('/')));
        let sent = self.http.get(url).timeout(deadline).send().await;
        let mut response = sent.map_err(transport)?;
        if !response.status().is_success() {
            return read(response, method).await;
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
        Ok(Answer {
            status: StatusCode::OK.as_u16(),
            retry_after: None,
            body: content.freeze(),
        })
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("host", &self.base.host_str())
            .finish_non_exhaustive()
    }
}

async fn read(response: Response, method: Method) -> Result<Answer, TelegramError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let body = response
        .bytes()
        .await
        .map_err(|error| TelegramError::transport(method, error))?;
    Ok(Answer {
        status,
        retry_after,
        body,
    })
}

/// The `Retry-After` header in seconds. (Its other form, a date, is not Telegram's.)
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
