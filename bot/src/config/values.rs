//! What the values of settings have to be. Each function reads one text, and answers what is wrong with it in words that
//! don't repeat it: whether it may be shown is decided elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::SecretString;
use stepkeep_core::UserId;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::sources::closest;
use crate::telegram::BotToken;

pub(super) fn parse_token(text: &str) -> Result<BotToken, String> {
    BotToken::parse(text).map_err(|error| error.to_string())
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("there is no such form".to_owned()),
        }
    }
}

/// What is logged: a level, or levels by module, in the syntax of [`EnvFilter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    const LEVELS: [&'static str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        for directive in text.split(',').map(str::trim) {
            let lower = directive.to_ascii_lowercase();
            // A lone word that is no level names a module, and a mistyped level would silence all others.
            if let Some(level) = closest(&lower, Self::LEVELS).filter(|level| *level != lower) {
                return Err(format!(
                    "did you mean `{level}`? A module is written with its level, such as `{directive}=trace`"
                ));
            }
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The filter, for a subscriber.
    pub fn to_filter(&self) -> EnvFilter {
        // The text was parsed when it was read; should it ever be refused here, the default level is what is left.
        EnvFilter::builder()
            .parse(&self.0)
            .unwrap_or_else(|_| EnvFilter::new("info"))
    }
}

/// The address of an API, with the slashes at its end removed, so that a path can be put behind it.
pub(super) fn parse_api_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text.trim()).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => "it doesn't begin with http:// or https://".to_owned(),
        other => other.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it doesn't begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user name or a password has no place in it".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("what follows the path (`?` or `#`) has no place in it".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// A path to put behind an address, without a slash at its end.
pub(super) fn parse_prefix(text: &str) -> Result<String, String> {
    let prefix = text.trim().trim_end_matches('/');
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return Err("it doesn't begin with a slash".to_owned());
    }
    if prefix.contains(['?', '#']) || prefix.contains(char::is_whitespace) {
        return Err("a path has no `?`, no `#` and no spaces".to_owned());
    }
    Ok(prefix.to_owned())
}

/// A key as it goes into a header of HTTP.
pub(super) fn parse_api_key(text: &str) -> Result<SecretString, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("it has a character that keys don't have, such as a space".to_owned());
    }
    Ok(key.into())
}

/// Ids of people, separated by commas. None at all is fine.
pub(super) fn parse_user_ids(text: &str) -> Result<BTreeSet<UserId>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| match part.parse::<i64>() {
            Ok(id) if id > 0 => Ok(UserId(id)),
            Ok(_) => Err("negative ids are those of groups; only people can be admins".to_owned()),
            Err(_) if part.starts_with('@') => {
                Err("names change hands: it takes the number, which @userinfobot tells".to_owned())
            }
            Err(_) => Err("not all of it are whole numbers".to_owned()),
        })
        .collect()
}

pub(super) fn parse_cleanup_interval(text: &str) -> Result<Duration, String> {
    parse_duration(text, Duration::from_secs(1), Duration::from_hours(24))
}

pub(super) fn parse_cleanup_idle(text: &str) -> Result<Duration, String> {
    parse_duration(text, Duration::from_mins(1), Duration::from_hours(10 * 365 * 24))
}

/// A duration, or `off`.
pub(super) fn parse_idle(text: &str) -> Result<Option<Duration>, String> {
    if text.trim() == "off" {
        return Ok(None);
    }
    parse_duration(text, Duration::from_mins(1), Duration::from_hours(365 * 24)).map(Some)
}

fn parse_duration(text: &str, shortest: Duration, longest: Duration) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text.trim())
        .map_err(|_| "a duration is a number with a unit, such as 90s, 10m or 24h".to_owned())?;
    if duration < shortest {
        return Err(format!(
            "it is shorter than {}",
            humantime::format_duration(shortest)
        ));
    }
    if duration > longest {
        return Err(format!(
            "it is longer than {}",
            humantime::format_duration(longest)
        ));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_takes_a_path_but_nothing_behind_it() {
        let read = |text| parse_api_url(text).map(String::from);
        assert_eq!(read("http://127.0.0.1:8081").unwrap(), "http://127.0.0.1:8081/");
        assert_eq!(
            read("https://example.org/tg//").unwrap(),
            "https://example.org/tg"
        );
        for wrong in [
            "api.telegram.org",
            "localhost:8081",
            "ftp://example.org",
            "http://user:word@example.org",
            "http://example.org?x=1",
            "http://",
            "",
        ] {
            assert!(read(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn a_prefix_may_be_empty() {
        assert_eq!(parse_prefix("/v2/"), Ok("/v2".to_owned()));
        assert_eq!(parse_prefix(""), Ok(String::new()));
        assert_eq!(parse_prefix("/"), Ok(String::new()));
        assert!(parse_prefix("v2").is_err());
        assert!(parse_prefix("/v2?x").is_err());
    }

    #[test]
    fn admins_are_people() {
        assert_eq!(parse_user_ids(" 22, 11,22,"), Ok([UserId(11), UserId(22)].into()));
        assert_eq!(parse_user_ids(""), Ok(BTreeSet::new()));
        assert!(parse_user_ids("@someone").unwrap_err().contains("the number"));
        assert!(parse_user_ids("-100123").unwrap_err().contains("groups"));
        assert!(parse_user_ids("11;22").is_err());
    }

    #[test]
    fn durations_have_bounds() {
        assert_eq!(parse_cleanup_interval("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(parse_cleanup_idle("1day 2h"), Ok(Duration::from_hours(26)));
        assert_eq!(
            parse_cleanup_interval("0s"),
            Err("it is shorter than 1s".to_owned())
        );
        assert_eq!(
            parse_cleanup_interval("2days"),
            Err("it is longer than 1day".to_owned())
        );
        assert!(parse_cleanup_idle("600").unwrap_err().contains("unit"));
    }

    #[test]
    fn a_mistyped_level_is_not_taken_for_a_module() {
        assert_eq!(
            LogFilter::parse("inof"),
            Err("did you mean `info`? A module is written with its level, such as `inof=trace`".to_owned())
        );
        assert!(LogFilter::parse("info,stepkeep=loud").is_err());
        for good in [
            "info",
            "WARN",
            "off",
            "warn,stepkeep=debug",
            "stepkeep[turn]=trace",
            "hyper",
        ] {
            assert!(LogFilter::parse(good).is_ok(), "{good} was refused");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,60}") {
            let _ = parse_api_url(&text);
            let _ = parse_prefix(&text);
            let _ = parse_api_key(&text);
            let _ = parse_user_ids(&text);
            let _ = parse_cleanup_idle(&text);
            let _ = LogFilter::parse(&text);
        }
    }
}
