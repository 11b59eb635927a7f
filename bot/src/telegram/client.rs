use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use stepkeep_core::BotId;
use teloxide_core::{requests::Payload, types::Message};

use super::{
    answers,
    document::NewDocument,
    error::{Method, TelegramError, TelegramErrorKind},
    token::BotToken,
    transport::{Answer, Arguments, Call, HttpTransport, Transport},
};
use crate::observation::{Api, Observers, OperationName};

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
    /// Who is told of every call.
    pub observers: Observers,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            api_url: DEFAULT_API_URL.to_owned(),
            connect_deadline: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            file_deadline: Duration::from_mins(2),
            observers: Observers::default(),
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
#[derive(Clone, Debug)]
pub struct TelegramClient {
    transport: Arc<dyn Transport>,
    bot_id: BotId,
    deadline: Duration,
    file_deadline: Duration,
    observers: Observers,
}

/// How much longer than the waiting time of a long poll the answer may take.
const LONG_POLL_GRACE: Duration = Duration::from_secs(10);

impl TelegramClient {
    /// A client for the bot of `token`, over HTTP. Makes no call yet.
    ///
    /// # Errors
    /// [`ClientError`], when the address is none, or TLS can't be set up.
    pub fn new(token: BotToken, config: &ClientConfig) -> Result<Self, ClientError> {
        let bot_id = token.bot_id();
        let transport = HttpTransport::new(token, config)?;
        Ok(Self::over(Arc::new(transport), bot_id, config))
    }

    /// A client for this bot over any transport. Of `config` only the deadlines of calls are used.
    pub fn over(transport: Arc<dyn Transport>, bot_id: BotId, config: &ClientConfig) -> Self {
        Self {
            transport,
            bot_id,
            deadline: config.deadline,
            file_deadline: config.file_deadline,
            observers: config.observers.clone(),
        }
    }

    /// Who is told of every call.
    pub(super) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// The bot's own user id, as the token tells it.
    pub fn bot_id(&self) -> BotId {
        self.bot_id
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
        self.call_for(payload, answers::read::<P::Output>)
    }

    /// The same, and of the answer only what is wanted is read.
    pub(super) fn call_for<P, R>(
        &self,
        payload: &P,
        read: fn(Method, &Answer) -> Result<R, TelegramError>,
    ) -> impl Future<Output = Result<R, TelegramError>> + Send + use<P, R>
    where
        P: Payload + Serialize,
    {
        let held_back = payload.timeout_hint().unwrap_or_default();
        let waiting = payload
            .timeout_hint()
            .map_or(Duration::ZERO, |time| time.saturating_add(LONG_POLL_GRACE));
        self.call_and_read(
            Method::new(P::NAME),
            payload,
            self.deadline.max(waiting),
            held_back,
            read,
        )
    }

    /// Makes one call whose arguments are any serialisable value, and within `deadline`, of which Telegram
    /// may hold the answer back for `held_back` because we asked it to.
    pub(super) fn call_named<A, R>(
        &self,
        method: Method,
        arguments: &A,
        deadline: Duration,
        held_back: Duration,
    ) -> impl Future<Output = Result<R, TelegramError>> + Send + use<A, R>
    where
        A: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        self.call_and_read(method, arguments, deadline, held_back, answers::read::<R>)
    }

    fn call_and_read<A, R>(
        &self,
        method: Method,
        arguments: &A,
        deadline: Duration,
        held_back: Duration,
        read: fn(Method, &Answer) -> Result<R, TelegramError>,
    ) -> impl Future<Output = Result<R, TelegramError>> + Send + use<A, R>
    where
        A: Serialize + ?Sized,
    {
        // Put together here and now, so that the future holds nothing of the arguments.
        let body = serde_json::to_vec(arguments);
        let transport = Arc::clone(&self.transport);
        let observers = self.observers.clone();
        async move {
            let body = body.map_err(|error| TelegramError::unserialisable(method, &error))?;
            let call = async {
                let call = Call {
                    method,
                    arguments: Arguments::Json(body),
                    deadline,
                };
                read(method, &transport.call(call).await?)
            };
            observers
                .call(Api::Telegram, method, held_back, outcome, call)
                .await
        }
    }

    /// Makes one call of whose answer nothing is wanted but that it went well.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    pub fn tell<P>(&self, payload: &P) -> impl Future<Output = Result<(), TelegramError>> + Send + use<P>
    where
        P: Payload + Serialize,
    {
        self.call_for(payload, answers::read_done)
    }

    /// Uploads a file to a chat.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    pub async fn send_document(&self, document: &NewDocument) -> Result<Message, TelegramError> {
        let method = Method::new(document.method());
        let call = Call {
            method,
            arguments: Arguments::Document(Box::new(document.clone())),
            deadline: self.file_deadline,
        };
        let call = async { answers::read(method, &self.transport.call(call).await?) };
        self.observers
            .call(Api::Telegram, method, Duration::ZERO, outcome, call)
            .await
    }

    /// Downloads a file whole. `path` is what `getFile` answered; the link is good for an hour.
    ///
    /// # Errors
    /// [`TelegramErrorKind::TooLarge`] past `limit` bytes, [`TelegramErrorKind::BadRequest`] when the link is no good
    /// (any more), else by kind.
    pub async fn download_file(&self, path: &str, limit: u64) -> Result<Bytes, TelegramError> {
        const OPERATION: OperationName = OperationName::new("downloadFile");
        let download = self.download(path, limit);
        self.observers
            .call(Api::Telegram, OPERATION, Duration::ZERO, outcome, download)
            .await
    }

    async fn download(&self, path: &str, limit: u64) -> Result<Bytes, TelegramError> {
        let method = Method::new("file download");
        let answer = self.transport.download(path, limit, self.file_deadline).await?;
        if answer.is_success() {
            return Ok(answer.body);
        }
        if answer.status == StatusCode::NOT_FOUND.as_u16() {
            let kind = TelegramErrorKind::BadRequest("there is no such file".to_owned());
            return Err(TelegramError::new(method, kind));
        }
        Err(match answers::read_done(method, &answer) {
            Err(error) => error,
            Ok(()) => TelegramError::new(method, TelegramErrorKind::Malformed("not a file".to_owned())),
        })
    }
}

/// How a call ended, for those who watch.
fn outcome<T>(result: &Result<T, TelegramError>) -> (&'static str, Option<u16>) {
    let Err(error) = result else {
        return ("ok", None);
    };
    let status = match error.kind() {
        TelegramErrorKind::Server(status) => Some(*status),
        _ => None,
    };
    (error.kind().as_str(), status)
}

#[cfg(test)]
mod tests;
