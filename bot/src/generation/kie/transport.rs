//! HTTP: one call with its deadline and its repeats, and what its failure means.

use std::fmt;
use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{ClientBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use url::form_urlencoded;

use super::super::error::{by_code_of, by_status};
use super::super::{GenerationError, GenerationErrorKind, NewFile, Operation, ResultFile};
use super::config::{KieConfig, KieConfigError};
use super::failed::{report_repeat, request_id, unread, unsent, words_for};
use super::files::{self, Files};
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
    pub(super) payload: Payload<'a>,
    /// For one attempt.
    pub(super) deadline: Duration,
    pub(super) lane: Lane,
    pub(super) repeatable: Repeatable,
}

/// What a call brings.
pub(super) enum Payload<'a> {
    /// It only reads.
    Nothing,
    Json(Bytes),
    /// A file, under a name of its own, for the host that takes files.
    File {
        name: &'a str,
        file: &'a NewFile,
    },
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
    /// Never uses a connection twice: that one was closed meanwhile is noticed only after a request has gone out on it.
    http_once: reqwest::Client,
    files: Files,
    root: Url,
    upload_root: Url,
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
            upload_url,
            api_key,
            user_agent,
            deadlines,
            retry,
            pace,
            observers,
        } = config;
        let root = http::root(&base_url, "").map_err(|_| KieConfigError::Address)?;
        let upload_root = http::root(&upload_url, "").map_err(|_| KieConfigError::UploadAddress)?;
        let key = api_key.expose_secret().trim();
        if key.is_empty() {
            return Err(KieConfigError::Key);
        }
        let mut key_header =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| KieConfigError::Key)?;
        key_header.set_sensitive(true);
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(deadlines.connect)
                // A redirect followed by itself would carry the key to another host.
                .redirect(redirect::Policy::none())
                // What may be repeated is decided here alone.
                .retry(reqwest::retry::never())
                .user_agent(user_agent.clone())
        };
        let built = |builder: ClientBuilder| {
            let client = builder.build();
            client.map_err(|error| KieConfigError::Http(error.without_url()))
        };
        let http = built(builder())?;
        let http_once = built(builder().pool_max_idle_per_host(0))?;
        let files = Files::new(http_once.clone());
        Ok(Self {
            http,
            http_once,
            files,
            root,
            upload_root,
            key: api_key,
            key_header,
            retry,
            limiter: Limiter::new(pace),
            observers,
        })
    }

    /// Waits for the turn to create a task, which the next call that creates one then has.
    pub(super) async fn admit(&self) {
        self.limiter.admit().await;
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
        let sent = async {
            let answer = self.send(call).await;
            match call.repeatable {
                Repeatable::Always => answer,
                Repeatable::OnlyIfNotDone => answer.map_err(GenerationError::or_unclear),
            }
        };
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

    /// What stands at `address`, outside of the API, which is not told the key.
    pub(super) async fn get_file(
        &self,
        address: &Url,
        largest: u64,
        deadline: Duration,
    ) -> Result<ResultFile, GenerationError> {
        let outcome = |result: &Result<ResultFile, GenerationError>| match result {
            Ok(_) => ("ok", None),
            Err(error) => (error.kind().as_str(), error.status()),
        };
        let operation = Operation::Download;
        let attempt = || {
            let got = self.files.get(address, largest, deadline);
            self.observers
                .call(Api::Generation, operation, Duration::ZERO, outcome, got)
        };
        attempt
            .retry(self.retry.between_attempts())
            .when(|error| Repeatable::Always.allows(error.stage()))
            .adjust(|error, pause| self.retry.adjust(error, pause))
            .notify(report_repeat)
            .await
    }

    async fn send(&self, call: &Call<'_>) -> Result<Answer, GenerationError> {
        let operation = call.operation;
        let http = match call.repeatable {
            Repeatable::Always => &self.http,
            Repeatable::OnlyIfNotDone => &self.http_once,
        };
        let request = match &call.payload {
            // Without a body the type of it should not matter, but the API is said to ask for it.
            Payload::Nothing => http.get(url(&self.root, call)).header(CONTENT_TYPE, JSON),
            Payload::Json(body) => http
                .post(url(&self.root, call))
                .header(CONTENT_TYPE, JSON)
                .body(body.clone()),
            Payload::File { name, file } => http
                .post(url(&self.upload_root, call))
                .multipart(files::form(name, file)),
        };
        let request = request
            .timeout(call.deadline)
            .header(ACCEPT, JSON)
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
                let (kind, stage) = by_code_of(operation, code);
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
}

fn url(root: &Url, call: &Call<'_>) -> Url {
    let mut url = root.clone();
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
