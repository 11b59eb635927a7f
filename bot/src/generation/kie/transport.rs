//! HTTP: one call with its deadline and its repeats, and what its failure means.

use std::fmt;
use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use url::form_urlencoded;

use super::super::error::{by_code, by_status};
use super::super::{GenerationError, GenerationErrorKind, Operation};
use super::client::{KieConfig, KieConfigError};
use super::pace::{Lane, Limiter};
use super::retry::RetryPolicy;
use super::wire::{self, Envelope};
use crate::http::{self, BodyError, Repeatable, Stage};
use crate::observation::{Api, Observers};

/// The largest answer that is read, in bytes. The list of all models is some 200 KiB, a model's document some 50.
const LARGEST_ANSWER: usize = 4 << 20;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One call to the API.
pub(super) struct Call<'a> {
    pub(super) operation: Operation,
    /// The segments of the path.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
    /// For one attempt.
    pub(super) deadline: Duration,
    pub(super) lane: Lane,
    pub(super) repeatable: Repeatable,
}

/// What a successful answer holds.
pub(super) struct Answer {
    operation: Operation,
    status: StatusCode,
    request_id: Option<String>,
    data: Box<RawValue>,
}

impl Answer {
    /// The answer as `T`.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, GenerationError> {
        serde_json::from_str(self.data.get()).map_err(|error| {
            GenerationError::at(
                GenerationErrorKind::Malformed,
                self.operation,
                Stage::Garbled,
                "unexpected JSON",
            )
            .with_status(self.status.as_u16())
            .with_request_id(self.request_id.clone())
            .with_source(error)
        })
    }
}

/// The way to the API.
pub(super) struct Transport {
    http: reqwest::Client,
    root: Url,
    key: SecretString,
    key_header: HeaderValue,
    retry: RetryPolicy,
    limiter: Limiter,
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
    pub(super) fn new(config: KieConfig) -> Result<Self, KieConfigError> {
        let KieConfig {
            base_url,
            api_key,
            user_agent,
            deadlines,
            retry,
            pace,
            observers,
        } = config;
        let root = http::root(&base_url, "").map_err(|_| KieConfigError::Address)?;
        let key = api_key.expose_secret().trim();
        if key.is_empty() {
            return Err(KieConfigError::Key);
        }
        let mut key_header =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| KieConfigError::Key)?;
        key_header.set_sensitive(true);
        let http = reqwest::Client::builder()
            .connect_timeout(deadlines.connect)
            // A redirect followed by itself would carry the key to another host.
            .redirect(redirect::Policy::none())
            // What may be repeated is decided here alone.
            .retry(reqwest::retry::never())
            .user_agent(user_agent)
            .build()
            .map_err(|error| KieConfigError::Http(error.without_url()))?;
        Ok(Self {
            http,
            root,
            key: api_key,
            key_header,
            retry,
            limiter: Limiter::new(pace),
            observers,
        })
    }

    /// Makes the call, again where that is safe, until it answers or the attempts are spent.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, GenerationError> {
        (|| self.attempt(call))
            .retry(self.retry.between_attempts())
            .when(|error| call.repeatable.allows(error.stage()))
            .adjust(|error, pause| self.retry.adjust(error, pause))
            .notify(report_repeat)
            .await
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, GenerationError> {
        let longest = self.retry.longest_retry_after.max(self.retry.limit_window);
        if let Err(left) = self.limiter.turn(call.lane, longest).await {
            let kind = GenerationErrorKind::RateLimited;
            let message = "the API asked for a pause that is not over";
            return Err(GenerationError::at(kind, call.operation, Stage::Limited, message)
                .with_retry_after(Some(left)));
        }
        let outcome = |result: &Result<Answer, GenerationError>| match result {
            Ok(_) => ("ok", None),
            Err(error) => (error.kind().as_str(), error.status()),
        };
        let sent = self.send(call);
        let answer = self
            .observers
            .call(Api::Generation, call.operation, Duration::ZERO, outcome, sent)
            .await;
        if let Err(error) = &answer
            && let Some(pause) = self.retry.hold(error)
        {
            self.limiter.hold(call.lane, pause);
        }
        answer
    }

    async fn send(&self, call: &Call<'_>) -> Result<Answer, GenerationError> {
        let operation = call.operation;
        let request = self
            .http
            .get(self.url(call))
            .timeout(call.deadline)
            .header(ACCEPT, JSON)
            // Without a body it should not matter, but the API is said to ask for it.
            .header(CONTENT_TYPE, JSON)
            .header(AUTHORIZATION, self.key_header.clone());
        let response = request.send().await.map_err(|error| unsent(operation, error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = http::read_body(response, LARGEST_ANSWER).await;
        self.understand(operation, status, &headers, body)
            .map_err(|error| {
                error
                    .with_status(status.as_u16())
                    .with_request_id(request_id(&headers))
                    .with_retry_after(http::retry_after(&headers))
            })
    }

    /// What an answer means: by the code in its body, and only without one by its status.
    fn understand(
        &self,
        operation: Operation,
        status: StatusCode,
        headers: &HeaderMap,
        body: Result<Bytes, BodyError>,
    ) -> Result<Answer, GenerationError> {
        let body = match body {
            Ok(body) => body,
            // The status alone says enough when the words of an error are lost.
            Err(_) if !status.is_success() => Bytes::new(),
            Err(error) => return Err(unread(operation, error)),
        };
        match serde_json::from_slice::<Envelope<'_>>(&body) {
            Ok(envelope) if envelope.code == wire::OK => Ok(Answer {
                operation,
                status,
                request_id: request_id(headers),
                data: envelope.data.unwrap_or(RawValue::NULL).to_owned(),
            }),
            Ok(envelope) => {
                let code = envelope.code;
                let (kind, stage) = by_code(code);
                let message = self.without_key(&envelope.message());
                Err(GenerationError::at(kind, operation, stage, message).with_code(Some(code)))
            }
            Err(error) if status.is_success() => {
                let kind = GenerationErrorKind::Malformed;
                let message = "the answer is not in the API's envelope";
                Err(GenerationError::at(kind, operation, Stage::Garbled, message).with_source(error))
            }
            Err(_) => {
                let (kind, stage) = by_status(status.as_u16());
                Err(GenerationError::at(kind, operation, stage, words_for(status)))
            }
        }
    }

    /// `text` with the key blotted out, in case that the API repeats it.
    fn without_key(&self, text: &str) -> String {
        text.replace(self.key.expose_secret().trim(), "[API key]")
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.root.clone();
        // `http::root` refuses addresses that have no path to extend.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(call.path);
        }
        if !call.query.is_empty() {
            let encoded = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(call.query)
                .finish();
            // The API wants spaces percent-encoded. A plus sign of a value itself is encoded already.
            url.set_query(Some(&encoded.replace('+', "%20")));
        }
        url
    }
}

/// What a status without an envelope tells the operator.
fn words_for(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "the API redirects: its address is not the right one",
        403 => "not the API but something in front of it refuses this client",
        _ => "",
    }
}

fn report_repeat(error: &GenerationError, pause: Duration) {
    tracing::debug!(
        operation = error.operation().as_str(),
        kind = error.kind().as_str(),
        status = error.status(),
        code = error.code(),
        request_id = error.request_id(),
        pause_ms = pause.as_millis(),
        "generation API call failed; trying again"
    );
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let named = |name| headers.get(name)?.to_str().ok();
    let value = named("x-request-id").or_else(|| named("cf-ray"))?;
    (!value.is_empty() && value.len() <= 100).then(|| value.to_owned())
}

/// What it means that `send` failed.
fn unsent(operation: Operation, error: reqwest::Error) -> GenerationError {
    let stage = Stage::of_failed_send(&error);
    let (kind, message) = if error.is_timeout() {
        (GenerationErrorKind::Timeout, "")
    } else if stage == Stage::Unsent {
        (GenerationErrorKind::Unavailable, "no connection")
    } else {
        (GenerationErrorKind::Unavailable, "the connection was lost")
    };
    GenerationError::at(kind, operation, stage, message).with_source(error.without_url())
}

/// What it means that the body of a success wasn't read.
fn unread(operation: Operation, error: BodyError) -> GenerationError {
    match error {
        BodyError::BrokeOff(error) => {
            let kind = if error.is_timeout() {
                GenerationErrorKind::Timeout
            } else {
                GenerationErrorKind::Unavailable
            };
            GenerationError::at(kind, operation, Stage::Lost, "the answer broke off").with_source(error)
        }
        BodyError::TooLarge => GenerationError::at(
            GenerationErrorKind::Malformed,
            operation,
            Stage::Garbled,
            "the answer is too large",
        ),
    }
}
