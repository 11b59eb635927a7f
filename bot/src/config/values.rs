//! What the values of settings have to be. Each function reads one text, and answers what is wrong with it in words that
//! don't repeat it: whether it may be shown is decided elsewhere.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::SecretString;
use stepkeep_core::UserId;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Targets;
use url::Url;

use super::sources::closest;
use crate::status::StatusToken;
use crate::telegram::BotToken;
use crate::telegram::webhook::WebhookSecret;

pub(super) fn parse_token(text: &str) -> Result<BotToken, String> {
    BotToken::parse(text).map_err(|error| error.to_string())
}

/// How updates come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The bot asks for them.
    Polling,
    /// Telegram calls the bot.
    Webhook,
}

impl Delivery {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "polling" => Ok(Self::Polling),
            "webhook" => Ok(Self::Webhook),
            _ => Err("there is no such way".to_owned()),
        }
    }
}

/// The ports that Telegram's own server calls.
const PORTS_OF_TELEGRAM: [u16; 4] = [443, 80, 88, 8443];

/// The address of a webhook. Telegram's own server, the one `of_telegram`, is more particular than one of somebody's own.
pub(super) fn parse_webhook_url(text: &str, of_telegram: bool) -> Result<Option<Url>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    // A slash at the end is a part of the path here.
    let path_ends_in_slash = text.trim().ends_with('/');
    let mut url = parse_api_url(text)?;
    if path_ends_in_slash && !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    if of_telegram && url.scheme() != "https" {
        return Err("Telegram calls https only; http is for Bot API servers of one's own".to_owned());
    }
    if of_telegram
        && url
            .port_or_known_default()
            .is_none_or(|port| !PORTS_OF_TELEGRAM.contains(&port))
    {
        return Err("Telegram calls the ports 443, 80, 88 and 8443 only".to_owned());
    }
    Ok(Some(url))
}

pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "it is no IP address with a port, such as 127.0.0.1:8080".to_owned())
}

/// Where the status server listens; `None` if nowhere.
pub(super) fn parse_status_listen(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.trim() == "off" {
        return Ok(None);
    }
    let address = text.trim().parse();
    address
        .map(Some)
        .map_err(|_| "it is no IP address with a port, such as 127.0.0.1:9464, and not off".to_owned())
}

/// The token of the dashboard; `None` if there is none.
pub(super) fn parse_status_token(text: &str) -> Result<Option<StatusToken>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    StatusToken::parse(text)
        .map(Some)
        .map_err(|error| error.to_string())
}

/// A secret for the webhook; `None` if it is to be derived.
pub(super) fn parse_webhook_secret(text: &str) -> Result<Option<WebhookSecret>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    WebhookSecret::parse(text)
        .map(Some)
        .map_err(|error| error.to_string())
}

pub(super) fn parse_max_connections(text: &str) -> Result<u8, String> {
    match text.trim().parse() {
        Ok(number @ 1..=100) => Ok(number),
        _ => Err("it is no whole number from 1 to 100".to_owned()),
    }
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

    /// The filter, when it goes by modules and levels alone: it decides once for each place in the program. `None` when it looks
    /// into spans, for which [`to_filter`](Self::to_filter) is called whenever anything enters or leaves one.
    pub fn to_targets(&self) -> Option<Targets> {
        if self.0.contains('[') {
            return None;
        }
        let directives = self.0.split(',');
        let directives: Vec<_> = directives.filter(|directive| !directive.is_empty()).collect();
        (!directives.is_empty())
            .then(|| directives.join(",").parse().ok())
            .flatten()
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

/// A key as [`parse_api_key`] takes it, or none.
pub(super) fn parse_optional_api_key(text: &str) -> Result<Option<SecretString>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    parse_api_key(text).map(Some)
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

/// How long something is kept.
pub(super) fn parse_time_to_live(text: &str) -> Result<Duration, String> {
    parse_duration(text, Duration::from_secs(1), Duration::from_hours(24))
}

/// A duration, or `off`.
pub(super) fn parse_idle(text: &str) -> Result<Option<Duration>, String> {
    if text.trim() == "off" {
        return Ok(None);
    }
    parse_duration(text, Duration::from_mins(1), Duration::from_hours(365 * 24)).map(Some)
}

/// Yes or no, as configuration files mostly say it.
pub(super) fn parse_yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("it is neither true nor false".to_owned()),
    }
}

pub(super) fn parse_open_generations(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(number @ 1..=20) => Ok(number),
        _ => Err("it is no whole number from 1 to 20".to_owned()),
    }
}

/// How fast a broadcast goes out: Telegram takes 30 messages a second from a bot in all.
pub(super) fn parse_broadcast_rate(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(number @ 1..=30) => Ok(number),
        _ => Err("it is no whole number from 1 to 30".to_owned()),
    }
}

/// How long a charge may be open: longer than any process is at it.
pub(super) fn parse_reservation_hold(text: &str) -> Result<Duration, String> {
    parse_duration(text, Duration::from_secs(30), Duration::from_hours(7 * 24))
}

pub(super) fn parse_keep_days(text: &str) -> Result<u16, String> {
    match text.trim().parse() {
        Ok(number @ 1..=3650) => Ok(number),
        _ => Err("it is no whole number from 1 to 3650".to_owned()),
    }
}

/// From how long on something is slow.
pub(super) fn parse_size(text: &str) -> Result<Option<ByteSize>, String> {
    let size: ByteSize = text
        .trim()
        .parse()
        .map_err(|_| "a size is a number with a unit, such as 500 MiB or 2 GiB".to_owned())?;
    Ok((size.as_u64() > 0).then_some(size))
}

pub(super) fn parse_slow(text: &str) -> Result<Duration, String> {
    parse_duration(text, Duration::from_millis(1), Duration::from_hours(1))
}

/// The address of a collector of traces; `None` if there is none.
pub(super) fn parse_otlp_endpoint(text: &str) -> Result<Option<Url>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if !cfg!(feature = "otlp") {
        return Err(
            "this program was built without traces: `cargo build --features otlp` brings them".to_owned(),
        );
    }
    parse_api_url(text).map(Some)
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
    fn a_size_has_a_unit_and_none_is_no_limit() {
        assert_eq!(parse_size("1 GiB"), Ok(Some(ByteSize::gib(1))));
        assert_eq!(parse_size(" 500MB "), Ok(Some(ByteSize::mb(500))));
        assert_eq!(parse_size("0"), Ok(None));
        for wrong in ["", "much", "-1 GiB", "1 parsec"] {
            assert!(parse_size(wrong).unwrap_err().contains("unit"), "{wrong}");
        }
    }

    #[test]
    fn a_broadcast_is_no_faster_than_telegram() {
        let read = |text| parse_broadcast_rate(text).ok();
        let read = ["0", "1", " 30 ", "31", "20.5", "fast"].map(read);
        assert_eq!(read, [None, Some(1), Some(30), None, None, None]);
    }

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
    fn telegram_itself_calls_https_on_four_ports_and_other_servers_call_anything() {
        let read = |text, of_telegram| {
            parse_webhook_url(text, of_telegram).map(|url| url.map(String::from).unwrap_or_default())
        };
        for good in [
            "https://bot.example.com/",
            "https://bot.example.com/telegram/",
            "https://bot.example.com:8443/a/b",
        ] {
            assert_eq!(read(good, true).unwrap(), good);
        }
        assert_eq!(
            read("https://bot.example.com", true).unwrap(),
            "https://bot.example.com/"
        );
        assert_eq!(read(" ", true).unwrap(), "", "none");
        for wrong in [
            "http://bot.example.com/hook",
            "https://bot.example.com:8080/hook",
            "https://bot.example.com/hook?key=1",
            "https://user:word@bot.example.com/hook",
            "bot.example.com/hook",
        ] {
            assert!(read(wrong, true).is_err(), "{wrong} was taken");
        }
        assert_eq!(
            read("http://127.0.0.1:9000/hook", false).unwrap(),
            "http://127.0.0.1:9000/hook"
        );
    }

    #[test]
    fn the_numbers_of_a_webhook_have_bounds() {
        assert_eq!(parse_max_connections(" 100 "), Ok(100));
        for wrong in ["0", "101", "-1", "forty", ""] {
            assert!(parse_max_connections(wrong).is_err(), "{wrong} was taken");
        }
        assert!(parse_listen("[::]:8080").is_ok());
        for wrong in ["8080", "localhost:8080", "127.0.0.1", ""] {
            assert!(parse_listen(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn the_status_server_is_somewhere_or_off() {
        assert_eq!(parse_status_listen(" off "), Ok(None));
        let anywhere = "[::]:9464".parse().unwrap();
        assert_eq!(parse_status_listen("[::]:9464"), Ok(Some(anywhere)));
        for wrong in ["", "9464", "localhost:9464", "none"] {
            assert!(parse_status_listen(wrong).is_err(), "{wrong} was taken");
        }
        assert!(parse_status_token("").unwrap().is_none());
        assert!(parse_status_token("short").unwrap_err().contains("16"));
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
    fn traces_go_to_an_address_or_nowhere() {
        assert_eq!(parse_otlp_endpoint(" "), Ok(None));
        let read = parse_otlp_endpoint("http://127.0.0.1:4318/");
        if cfg!(feature = "otlp") {
            assert_eq!(read.unwrap().unwrap().as_str(), "http://127.0.0.1:4318/");
            assert!(parse_otlp_endpoint("127.0.0.1:4318").is_err());
        } else {
            assert!(read.unwrap_err().contains("--features otlp"));
        }
    }

    #[test]
    fn a_filter_that_looks_into_no_span_goes_by_modules_alone_and_lets_the_same_through() {
        use tracing::Level;
        for text in ["info", "WARN", "off", "warn,stepkeep=debug", "hyper"] {
            let filter = LogFilter::parse(text).unwrap();
            let targets = filter.to_targets().unwrap();
            let loudest =
                <Targets as tracing_subscriber::Layer<tracing_subscriber::Registry>>::max_level_hint;
            assert_eq!(loudest(&targets), filter.to_filter().max_level_hint(), "{text}");
        }
        let of = |text| LogFilter::parse(text).unwrap().to_targets();
        let targets = of("warn,stepkeep=debug").unwrap();
        assert!(targets.would_enable("stepkeep::runner", &Level::DEBUG));
        assert!(!targets.would_enable("hyper", &Level::INFO));
        assert!(of("stepkeep[turn]=trace").is_none());
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
            let _ = parse_webhook_url(&text, true);
            let _ = parse_webhook_secret(&text);
            let _ = parse_listen(&text);
            let _ = parse_status_listen(&text);
            let _ = parse_status_token(&text);
            let _ = parse_api_key(&text);
            let _ = parse_optional_api_key(&text);
            let _ = parse_user_ids(&text);
            let _ = parse_cleanup_idle(&text);
            let _ = parse_slow(&text);
            let _ = parse_otlp_endpoint(&text);
            let _ = LogFilter::parse(&text);
        }
    }
}
