//! HTTP: one call with its deadline and its repeats, and what its failure means.

use std::fmt;
use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::client::ShippingConfigError;
use super::error::Stage;
use super::retry::RetryPolicy;
use super::wire::{ErrorBody, WireError};
use super::{Operation, ShippingError, ShippingErrorKind};
use crate::http::{self, BodyError, Repeatable};
use crate::observation::{Api, Observers};

/// The largest JSON answer that is read, in bytes. A list of carriers with all services is some 100 KiB.
const LARGEST_ANSWER: usize = 8 << 20;
/// The largest file that is read, in bytes. Labels are some 100 KiB.
const LARGEST_FILE: usize = 10 << 20;
/// How many redirects a file may take.
const MOST_REDIRECTS: usize = 5;

const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// One call to the API.
pub(super) struct Call<'a> {
    pub(super) operation: Operation,
    pub(super) method: Method,
    /// The segments of the path after the prefix.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    /// JSON.
    pub(super) body: Option<Vec<u8>>,
    /// For one attempt.
    pub(super) deadline: Duration,
    pub(super) repeatable: Repeatable,
}

/// A successful answer.
pub(super) struct Answer {
    operation: Operation,
    pub(super) status: StatusCode,
    request_id: Option<String>,
    body: Bytes,
}

impl Answer {
    /// The answer as `T`.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ShippingError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ShippingError::at(
                ShippingErrorKind::Malformed,
                self.operation,
                Stage::Garbled,
                "unexpected JSON",
            )
            .with_status(self.status.as_u16())
            .with_request_id(self.request_id.clone())
            .with_source(error)
        })
    }

    /// The errors that a successful answer may hold all the same.
    pub(super) fn errors(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn request_id(&self) -> Option<String> {
        self.request_id.clone().or_else(|| self.errors().request_id)
    }
}

/// The way to the API.
pub(super) struct Transport {
    http: reqwest::Client,
    root: Url,
    key: SecretString,
    key_header: HeaderValue,
    retry: RetryPolicy,
    observers: Observers,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("root", &self.root.as_str())
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(
        base_url: &Url,
        prefix: &str,
        key: SecretString,
        connect_deadline: Duration,
        retry: RetryPolicy,
    ) -> Result<Self, ShippingConfigError> {
        let root = http::root(base_url, prefix).map_err(|_| ShippingConfigError::Address)?;
        let mut key_header =
            HeaderValue::from_str(key.expose_secret().trim()).map_err(|_| ShippingConfigError::Key)?;
        if key_header.is_empty() {
            return Err(ShippingConfigError::Key);
        }
        key_header.set_sensitive(true);
        let http = reqwest::Client::builder()
            .connect_timeout(connect_deadline)
            // A redirect followed by itself would repeat a purchase, and carry the key to another host.
            .redirect(redirect::Policy::none())
            // What may be repeated is decided here alone.
            .retry(reqwest::retry::never())
            .user_agent(concat!("stepkeep/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ShippingConfigError::Http(error.without_url()))?;
        Ok(Self {
            http,
            root,
            key,
            key_header,
            retry,
            observers: Observers::default(),
        })
    }

    /// The same, and these are told of every request.
    pub(super) fn observed_by(self, observers: Observers) -> Self {
        Self { observers, ..self }
    }

    /// Makes the call, again where that is safe, until it answers or the attempts are spent.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, ShippingError> {
        (|| self.observed(call.operation, self.attempt(call)))
            .retry(self.retry.between_attempts())
            .when(|error| call.repeatable.allows(error.stage()))
            .adjust(|error, pause| self.retry.adjust(error, pause))
            .notify(report_repeat)
            .await
    }

    /// One attempt, told to those who watch.
    async fn observed<T: Send>(
        &self,
        operation: Operation,
        attempt: impl Future<Output = Result<T, ShippingError>> + Send,
    ) -> Result<T, ShippingError> {
        let outcome = |result: &Result<T, ShippingError>| match result {
            Ok(_) => ("ok", None),
            Err(error) => (error.kind().as_str(), error.status()),
        };
        self.observers
            .call(Api::Shipping, operation, Duration::ZERO, outcome, attempt)
            .await
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, ShippingError> {
        let operation = call.operation;
        let mut request = self
            .http
            .request(call.method.clone(), self.url(call))
            .timeout(call.deadline)
            .header(ACCEPT, "application/json")
            .header(API_KEY, self.key_header.clone());
        if let Some(body) = &call.body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        let response = request.send().await.map_err(|error| unsent(operation, error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = read_body(response, operation, LARGEST_ANSWER).await;
        if status.is_success() {
            return Ok(Answer {
                operation,
                status,
                request_id: request_id(&headers),
                body: body?,
            });
        }
        // The status alone says enough when the words are lost.
        Err(self.failure(operation, status, &headers, &body.unwrap_or_default()))
    }

    fn failure(
        &self,
        operation: Operation,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ShippingError {
        let stage = match status.as_u16() {
            429 => Stage::Limited,
            408 => Stage::Lost,
            400..=499 => Stage::Refused,
            // A redirect says nothing about what was done before it.
            300..=399 => Stage::Garbled,
            _ => Stage::Lost,
        };
        let body: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
        let request_id = body.request_id.or_else(|| request_id(headers));
        if status.is_redirection() {
            let message = "the API redirects: its address or prefix is not the right one";
            return ShippingError::at(ShippingErrorKind::Malformed, operation, stage, message)
                .with_status(status.as_u16())
                .with_request_id(request_id);
        }
        let error = body.errors.into_iter().next().unwrap_or_default();
        self.described(operation, stage, status, error)
            .with_request_id(request_id)
            .with_retry_after(http::retry_after(headers))
    }

    /// The error that the API described, without the key, in case that the API repeats it.
    pub(super) fn described(
        &self,
        operation: Operation,
        stage: Stage,
        status: StatusCode,
        mut error: WireError,
    ) -> ShippingError {
        error.message = error.message.map(|message| self.without_key(&message));
        ShippingError::described(operation, stage, status.as_u16(), error)
    }

    /// `text` with the key blotted out.
    pub(super) fn without_key(&self, text: &str) -> String {
        text.replace(self.key.expose_secret().trim(), "[API key]")
    }

    /// Fetches a file, again where that helps.
    pub(super) async fn download(&self, url: &Url, deadline: Duration) -> Result<Bytes, ShippingError> {
        (|| self.observed(Operation::Download, self.fetch(url, deadline)))
            .retry(self.retry.between_attempts())
            .when(|error| Repeatable::Always.allows(error.stage()))
            .adjust(|error, pause| self.retry.adjust(error, pause))
            .notify(report_repeat)
            .await
    }

    async fn fetch(&self, url: &Url, deadline: Duration) -> Result<Bytes, ShippingError> {
        let operation = Operation::Download;
        let garbled = |message: &str| {
            ShippingError::at(ShippingErrorKind::Malformed, operation, Stage::Garbled, message)
        };
        let mut url = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(garbled("the label's address is not one of the web"));
            }
            let mut request = self.http.get(url.clone()).timeout(deadline);
            if url.origin() == self.root.origin() {
                request = request.header(API_KEY, self.key_header.clone());
            }
            let response = request.send().await.map_err(|error| unsent(operation, error))?;
            let status = response.status();
            if status.is_redirection() {
                url = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|location| location.to_str().ok())
                    .and_then(|location| url.join(location).ok())
                    .ok_or_else(|| garbled("a redirect to nowhere"))?;
                continue;
            }
            let headers = response.headers().clone();
            let body = read_body(response, operation, LARGEST_FILE).await;
            if !status.is_success() {
                return Err(self.failure(operation, status, &headers, &body.unwrap_or_default()));
            }
            return body;
        }
        Err(garbled("too many redirects"))
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.root.clone();
        // `http::root` refuses addresses that have no path to extend, and ids hold nothing that would need escaping.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        url
    }
}

fn report_repeat(error: &ShippingError, pause: Duration) {
    tracing::debug!(
        operation = error.operation().as_str(),
        kind = error.kind().as_str(),
        status = error.status(),
        request_id = error.request_id(),
        pause_ms = pause.as_millis(),
        "shipping API call failed; trying again"
    );
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-request-id")?.to_str().ok()?;
    (!value.is_empty() && value.len() <= 100).then(|| value.to_owned())
}

/// What it means that `send` failed.
fn unsent(operation: Operation, error: reqwest::Error) -> ShippingError {
    let stage = Stage::of_failed_send(&error);
    let (kind, message) = if error.is_timeout() {
        (ShippingErrorKind::Timeout, "")
    } else if stage == Stage::Unsent {
        (ShippingErrorKind::Unavailable, "no connection")
    } else {
        (ShippingErrorKind::Unavailable, "the connection was lost")
    };
    ShippingError::at(kind, operation, stage, message).with_source(error.without_url())
}

async fn read_body(response: Response, operation: Operation, largest: usize) -> Result<Bytes, ShippingError> {
    http::read_body(response, largest)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => ShippingError::at(
                ShippingErrorKind::Malformed,
                operation,
                Stage::Garbled,
                "the answer is too large",
            ),
            BodyError::BrokeOff(error) => {
                let kind = if error.is_timeout() {
                    ShippingErrorKind::Timeout
                } else {
                    ShippingErrorKind::Unavailable
                };
                ShippingError::at(kind, operation, Stage::Lost, "the answer broke off").with_source(error)
            }
        })
}
