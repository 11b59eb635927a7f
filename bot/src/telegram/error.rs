use std::{fmt, time::Duration};

/// A call to Telegram that failed: which method, what it means, and what was underneath.
///
/// Neither its texts nor its sources carry the token or an URL.
#[derive(Debug, thiserror::Error)]
#[error("{method}: {kind}")]
pub struct TelegramError {
    method: Method,
    kind: TelegramErrorKind,
    source: Option<reqwest::Error>,
}

/// The name of a Bot API method; shown as Telegram writes it, such as `sendMessage`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method(&'static str);

/// What a failed call means for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelegramErrorKind {
    /// 429: nothing was done; the same call may be made again after this long, which is a second at least.
    #[error("too many requests: retry after {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// The chat can't be written to any more: the person blocked the bot or is gone, the bot was removed, or there is no
    /// such chat. Carries Telegram's description.
    #[error("the chat is gone: {0}")]
    ChatGone(String),
    /// The group became a supergroup, and lives on under this chat id.
    #[error("the chat moved to {0}")]
    MigratedTo(i64),
    /// An edit that would change nothing: the message already is as wanted. Callers treat it as success.
    #[error("the message already looks so")]
    NotModified,
    /// A tap was answered too late, or twice. Nothing to be done about it.
    #[error("the query is too old")]
    QueryTooOld,
    /// The message to edit or to delete doesn't exist (any more), or can't be changed: send a new one.
    #[error("the message is gone: {0}")]
    MessageGone(String),
    /// The token is dead, or never was one. The bot can't go on.
    #[error("Telegram doesn't know this token")]
    Unauthorized,
    /// Somebody else takes this bot's updates.
    #[error("conflict: {0}")]
    Conflict(ConflictCause),
    /// Telegram refuses the call as it is; a repeat would be refused again. Carries Telegram's description.
    #[error("refused: {0}")]
    BadRequest(String),
    /// A 5xx answer: the call may or may not have been carried out.
    #[error("server error {0}")]
    Server(u16),
    /// The connection failed: the call may or may not have been carried out.
    #[error("network error")]
    Network,
    /// No whole answer within the deadline: the call may or may not have been carried out.
    #[error("no answer in time")]
    Timeout,
    /// The answer is not what the Bot API promises. Says where, never what it contained.
    #[error("malformed answer: {0}")]
    Malformed(String),
    /// The download is larger than the caller allows, in bytes.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
}

/// Who else takes the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictCause {
    /// A webhook is set, so Telegram refuses polling until it is deleted.
    Webhook,
    /// Another process polls with the same token.
    OtherPoller,
}

impl TelegramErrorKind {
    /// A stable word for it: for metrics and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::RetryAfter(_) => "retry_after",
            Self::ChatGone(_) => "chat_gone",
            Self::MigratedTo(_) => "migrated",
            Self::NotModified => "not_modified",
            Self::QueryTooOld => "query_too_old",
            Self::MessageGone(_) => "message_gone",
            Self::Unauthorized => "unauthorized",
            Self::Conflict(_) => "conflict",
            Self::BadRequest(_) => "bad_request",
            Self::Server(_) => "server_error",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Malformed(_) => "malformed",
            Self::TooLarge(_) => "too_large",
        }
    }
}

impl Method {
    /// Takes a name with a large or a small first letter: payload types are named `SendMessage`.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as it was given, with a large or a small first letter.
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = self.0.chars();
        if let Some(first) = letters.next() {
            write!(f, "{}{}", first.to_ascii_lowercase(), letters.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConflictCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webhook => "a webhook is set for this bot",
            Self::OtherPoller => "another instance polls this bot's updates",
        })
    }
}

impl TelegramError {
    /// An error of `method` with nothing underneath.
    pub fn new(method: Method, kind: TelegramErrorKind) -> Self {
        Self {
            method,
            kind,
            source: None,
        }
    }

    /// What went wrong on the way. The URL is stripped, because the token is in it.
    pub(super) fn transport(method: Method, error: reqwest::Error) -> Self {
        let kind = if error.is_timeout() {
            TelegramErrorKind::Timeout
        } else {
            TelegramErrorKind::Network
        };
        Self {
            method,
            kind,
            source: Some(error.without_url()),
        }
    }

    /// Arguments that can't be put into a request.
    pub(super) fn unserialisable(method: Method, error: &serde_json::Error) -> Self {
        let reason = format!(
            "the arguments can't be written as JSON ({:?} error)",
            error.classify()
        );
        Self::new(method, TelegramErrorKind::BadRequest(reason))
    }

    /// An answer that can't be parsed. Only the place is kept: the text of a parser's error quotes the input.
    pub(super) fn unreadable(method: Method, error: &serde_json::Error) -> Self {
        let place = format!("line {} column {}", error.line(), error.column());
        Self::new(method, TelegramErrorKind::Malformed(place))
    }

    /// The method that was called.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What the error means.
    pub fn kind(&self) -> &TelegramErrorKind {
        &self.kind
    }

    /// Whether the trouble was on the way or on Telegram's side, so that the same call may work later. The call may have
    /// been carried out already.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            TelegramErrorKind::Server(_) | TelegramErrorKind::Network | TelegramErrorKind::Timeout
        )
    }

    /// Whether the call surely never reached Telegram, since there was no connection.
    pub fn never_left(&self) -> bool {
        self.source.as_ref().is_some_and(reqwest::Error::is_connect)
    }
}

/// The parts of a failed answer that decide what it means.
#[derive(Debug, Default)]
pub(super) struct Failure<'a> {
    /// `error_code` of the answer, else the HTTP status.
    pub(super) code: u16,
    pub(super) description: &'a str,
    /// `parameters.retry_after`, else the `Retry-After` header, in seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) migrate_to_chat_id: Option<i64>,
}

impl Failure<'_> {
    /// What the failure means. Descriptions are matched by how they begin, whatever the case, because Telegram adds to
    /// their ends now and then.
    pub(super) fn kind(&self) -> TelegramErrorKind {
        if let Some(chat) = self.migrate_to_chat_id {
            return TelegramErrorKind::MigratedTo(chat);
        }
        match self.code {
            400 => self.bad_request(),
            403 => TelegramErrorKind::ChatGone(self.description.to_owned()),
            404 if self.reason().starts_with("method not found") => self.refused(),
            401 | 404 => TelegramErrorKind::Unauthorized,
            409 => TelegramErrorKind::Conflict(self.conflict()),
            429 => TelegramErrorKind::RetryAfter(Duration::from_secs(
                self.retry_after.unwrap_or_default().max(1),
            )),
            code @ 500.. => TelegramErrorKind::Server(code),
            _ => self.refused(),
        }
    }

    fn bad_request(&self) -> TelegramErrorKind {
        const NOT_MODIFIED: &[&str] = &["message is not modified"];
        const QUERY_TOO_OLD: &[&str] = &["query is too old", "query_id_invalid"];
        const CHAT_GONE: &[&str] = &["chat not found", "user not found", "peer_id_invalid"];
        const MESSAGE_GONE: &[&str] = &[
            "message to edit not found",
            "message can't be edited",
            "message to delete not found",
            "message can't be deleted",
            "message_id_invalid",
        ];

        let reason = self.reason();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| reason.starts_with(prefix));
        if begins(NOT_MODIFIED) {
            TelegramErrorKind::NotModified
        } else if begins(QUERY_TOO_OLD) {
            TelegramErrorKind::QueryTooOld
        } else if begins(CHAT_GONE) {
            TelegramErrorKind::ChatGone(self.description.to_owned())
        } else if begins(MESSAGE_GONE) {
            TelegramErrorKind::MessageGone(self.description.to_owned())
        } else {
            self.refused()
        }
    }

    fn conflict(&self) -> ConflictCause {
        let reason = self.reason();
        let webhook = [
            "can't use getupdates method while webhook",
            "terminated by setwebhook",
        ];
        if webhook.iter().any(|prefix| reason.starts_with(prefix)) {
            ConflictCause::Webhook
        } else {
            ConflictCause::OtherPoller
        }
    }

    fn refused(&self) -> TelegramErrorKind {
        TelegramErrorKind::BadRequest(self.description.to_owned())
    }

    /// The description in lower case, without the words for the status in front (`Bad Request: `).
    fn reason(&self) -> String {
        let whole = self.description.to_lowercase();
        ["bad request: ", "conflict: ", "not found: "]
            .iter()
            .find_map(|prefix| whole.strip_prefix(prefix))
            .map_or_else(|| whole.clone(), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: u16, description: &str) -> TelegramErrorKind {
        Failure {
            code,
            description,
            ..Failure::default()
        }
        .kind()
    }

    #[test]
    fn every_known_description_has_its_meaning() {
        use TelegramErrorKind as Kind;
        let gone = |text: &str| Kind::ChatGone(text.to_owned());
        let refused = |text: &str| Kind::BadRequest(text.to_owned());
        let message_gone = |text: &str| Kind::MessageGone(text.to_owned());
        let webhook = Kind::Conflict(ConflictCause::Webhook);
        let cases = [
            (
                400,
                "Bad Request: message is not modified: specified new message content and",
                Kind::NotModified,
            ),
            (400, "bad request: MESSAGE IS NOT MODIFIED", Kind::NotModified),
            (
                400,
                "Bad Request: query is too old and response timeout expired",
                Kind::QueryTooOld,
            ),
            (
                400,
                "Bad Request: chat not found",
                gone("Bad Request: chat not found"),
            ),
            (
                400,
                "Bad Request: message to edit not found",
                message_gone("Bad Request: message to edit not found"),
            ),
            (
                400,
                "Bad Request: message can't be edited",
                message_gone("Bad Request: message can't be edited"),
            ),
            (
                400,
                "Bad Request: message to delete not found",
                message_gone("Bad Request: message to delete not found"),
            ),
            (
                400,
                "Bad Request: message can't be deleted for everyone",
                message_gone("Bad Request: message can't be deleted for everyone"),
            ),
            (
                400,
                "Bad Request: message text is empty",
                refused("Bad Request: message text is empty"),
            ),
            (
                400,
                "Bad Request: BUTTON_DATA_INVALID",
                refused("Bad Request: BUTTON_DATA_INVALID"),
            ),
            (401, "Unauthorized", Kind::Unauthorized),
            (
                403,
                "Forbidden: bot was blocked by the user",
                gone("Forbidden: bot was blocked by the user"),
            ),
            (
                403,
                "Forbidden: user is deactivated",
                gone("Forbidden: user is deactivated"),
            ),
            (
                403,
                "Forbidden: bot was kicked from the group chat",
                gone("Forbidden: bot was kicked from the group chat"),
            ),
            (404, "Not Found", Kind::Unauthorized),
            (
                404,
                "Not Found: method not found",
                refused("Not Found: method not found"),
            ),
            (
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook",
                webhook.clone(),
            ),
            (409, "Conflict: terminated by setWebhook request", webhook),
            (
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                Kind::Conflict(ConflictCause::OtherPoller),
            ),
            (
                413,
                "Request Entity Too Large",
                refused("Request Entity Too Large"),
            ),
            (500, "Internal Server Error", Kind::Server(500)),
            (502, "", Kind::Server(502)),
        ];
        for (code, description, expected) in cases {
            assert_eq!(kind(code, description), expected, "{code} {description}");
        }
    }

    #[test]
    fn a_429_says_how_long_to_wait_or_waits_a_second() {
        let said = Failure {
            code: 429,
            retry_after: Some(7),
            ..Failure::default()
        };
        assert_eq!(said.kind(), TelegramErrorKind::RetryAfter(Duration::from_secs(7)));
        assert_eq!(
            kind(429, "Too Many Requests"),
            TelegramErrorKind::RetryAfter(Duration::from_secs(1))
        );
        let at_once = Failure {
            code: 429,
            retry_after: Some(0),
            ..Failure::default()
        };
        assert_eq!(
            at_once.kind(),
            TelegramErrorKind::RetryAfter(Duration::from_secs(1)),
            "never a busy loop"
        );
    }

    #[test]
    fn a_group_that_moved_tells_where_to() {
        let moved = Failure {
            code: 400,
            description: "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id: Some(-100_123),
            ..Failure::default()
        };
        assert_eq!(moved.kind(), TelegramErrorKind::MigratedTo(-100_123));
    }

    #[test]
    fn only_what_may_work_later_is_transient() {
        use TelegramErrorKind as Kind;
        let transient = |kind| TelegramError::new(Method::new("sendMessage"), kind).is_transient();
        assert!(transient(Kind::Server(502)) && transient(Kind::Network) && transient(Kind::Timeout));
        assert!(!transient(Kind::RetryAfter(Duration::ZERO)) && !transient(Kind::Unauthorized));
        assert!(!transient(Kind::Malformed(String::new())));
    }
}
