//! What the clients of outside APIs share: the address that their calls start from, how far a failed call came, and
//! answers of bounded size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use url::Url;

/// How far a request had come when it failed: what decides whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No connection: nothing was sent.
    Unsent,
    /// Turned away by a limiter before it was looked at.
    Limited,
    /// Looked at and refused: nothing was done, and nothing else will come of it.
    Refused,
    /// Sent, and no usable word about what became of it (5xx, lost connection, deadline).
    Lost,
    /// Answered with success in words that can't be understood.
    Garbled,
}

impl Stage {
    /// How far a request came for which `send` failed: without a connection nothing was sent, else anything may have
    /// happened.
    pub(crate) fn of_failed_send(error: &reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::Unsent
        } else {
            Self::Lost
        }
    }
}

/// What may be sent again without asking first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// Doing it twice is the same as once: reading, and asking for rates.
    Always,
    /// Doing it twice costs twice: only what was surely not looked at is sent again.
    OnlyIfNotDone,
}

impl Repeatable {
    pub(crate) fn allows(self, stage: Stage) -> bool {
        match stage {
            Stage::Unsent | Stage::Limited => true,
            Stage::Lost => self == Self::Always,
            Stage::Refused | Stage::Garbled => false,
        }
    }
}

/// An address that holds more, or less, than a place on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAPlainAddress;

/// The address that all paths start from: `base` and `prefix`, without a slash at the end.
pub(crate) fn root(base: &Url, prefix: &str) -> Result<Url, NotAPlainAddress> {
    let plain = matches!(base.scheme(), "http" | "https")
        && base.username().is_empty()
        && base.password().is_none()
        && base.query().is_none()
        && base.fragment().is_none();
    let mut root = base.clone();
    {
        let mut segments = root.path_segments_mut().map_err(|()| NotAPlainAddress)?;
        segments
            .pop_if_empty()
            .extend(prefix.split('/').filter(|part| !part.is_empty()));
    }
    if plain { Ok(root) } else { Err(NotAPlainAddress) }
}

/// How long the answer with these headers asks to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(parse_retry_after)
}

/// The value of a `Retry-After` header in its form of whole seconds. The form with a date is not used by these APIs, and
/// counts as absent.
fn parse_retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Why the body of an answer wasn't read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is larger than anything that is expected.
    TooLarge,
    /// It broke off. The error doesn't tell the address.
    BrokeOff(reqwest::Error),
}

/// The body of `response`, of at most `largest` bytes.
pub(crate) async fn read_body(mut response: Response, largest: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > largest as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > largest => return Err(BodyError::TooLarge),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(BodyError::BrokeOff(error.without_url())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, prefix: &str) -> Result<String, NotAPlainAddress> {
        root(&Url::parse(base).unwrap(), prefix).map(|url| url.to_string())
    }

    #[test]
    fn base_and_prefix_make_one_address_however_they_end() {
        assert_eq!(
            joined("https://api.shipstation.com", "/v2").unwrap(),
            "https://api.shipstation.com/v2"
        );
        assert_eq!(
            joined("http://127.0.0.1:8090/shipping/", "v2/").unwrap(),
            "http://127.0.0.1:8090/shipping/v2"
        );
        assert_eq!(
            joined("https://api.example.com/v1", "").unwrap(),
            "https://api.example.com/v1"
        );
    }

    #[test]
    fn an_address_that_holds_more_than_a_place_is_refused() {
        for base in [
            "ftp://api.example.com",
            "mailto:someone@example.com",
            "https://user:hunter2@api.example.com",
            "https://api.example.com/?key=1",
        ] {
            assert_eq!(joined(base, "/v2"), Err(NotAPlainAddress), "{base}");
        }
    }

    #[test]
    fn what_costs_twice_is_repeated_only_if_it_was_not_looked_at() {
        for (stage, always, not_done) in [
            (Stage::Unsent, true, true),
            (Stage::Limited, true, true),
            (Stage::Lost, true, false),
            (Stage::Refused, false, false),
            (Stage::Garbled, false, false),
        ] {
            assert_eq!(Repeatable::Always.allows(stage), always, "{stage:?}");
            assert_eq!(Repeatable::OnlyIfNotDone.allows(stage), not_done, "{stage:?}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        assert_eq!(parse_retry_after(" 12 "), Some(Duration::from_secs(12)));
        assert_eq!(parse_retry_after("soon"), None);
        assert_eq!(parse_retry_after("-1"), None);
        assert_eq!(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
