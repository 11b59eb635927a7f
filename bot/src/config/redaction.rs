//! What of a wrong value may be shown.

use super::setting::Setting;

/// The most characters of a value that a message repeats.
const LONGEST_SHOWN: usize = 80;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// A value as a message may repeat it: quoted, shortened, and without what looks like a secret, wherever it stands.
/// `None` if nothing of it may be shown.
pub(super) fn shown(setting: &Setting, value: &str) -> Option<String> {
    if setting.secret {
        return None;
    }
    let mut safe = without_secrets(value);
    if let Some((end, _)) = safe.char_indices().nth(LONGEST_SHOWN) {
        safe.truncate(end);
        safe.push('…');
    }
    Some(format!("{safe:?}"))
}

/// A text without the passwords of URLs, secrets in their queries, and bot tokens.
pub(crate) fn without_secrets(text: &str) -> String {
    without_tokens(&without_query_secrets(&without_user_info(text)))
}

/// `scheme://user:password@host` without the user and the password.
fn without_user_info(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // A password may have any character unescaped when people write it by hand: the last @ counts.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{HIDDEN}@{host}"),
        None => text.to_owned(),
    }
}

/// `?password=…&x=1` without the values whose names sound secret.
fn without_query_secrets(text: &str) -> String {
    let Some((before, query)) = text.split_once('?') else {
        return text.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if sounds_secret(name) => format!("{name}={HIDDEN}"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", pairs.join("&"))
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "auth"]
        .iter()
        .any(|word| name.contains(word))
}

/// A text without what has the shape of a bot token: digits, a colon and at least 20 letters, digits, `_` or `-`.
fn without_tokens(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (&rest[..colon], &rest[colon + 1..]);
        let id = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let secret = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(after.len());
        if id > 0 && secret >= 20 {
            safe.push_str(&before[..before.len() - id]);
            safe.push_str(HIDDEN);
            rest = &after[secret..];
        } else {
            safe.push_str(&rest[..=colon]);
            rest = after;
        }
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::setting::{STORE, TELEGRAM_TOKEN};
    use super::*;

    #[test]
    fn a_secret_setting_shows_nothing() {
        assert_eq!(shown(&TELEGRAM_TOKEN, "anything"), None);
    }

    #[test]
    fn what_is_wrong_stays_readable() {
        assert_eq!(
            shown(&STORE, "sqlite://a.sqlite?synchronous=fast"),
            Some(r#""sqlite://a.sqlite?synchronous=fast""#.to_owned())
        );
        assert_eq!(
            without_secrets("redis://bot:p@ss@db:6379/0?password=x&db=2"),
            "redis://***@db:6379/0?password=***&db=2"
        );
        assert_eq!(
            without_secrets("https://api.telegram.org/bot123456789:AAE-an-example-of-a-token-3fQ/getMe"),
            "https://api.telegram.org/bot***/getMe"
        );
    }

    #[test]
    fn a_long_value_is_shortened_between_characters() {
        let shown = shown(&STORE, &"ж".repeat(1000)).unwrap();
        assert_eq!(shown.chars().filter(|c| *c == 'ж').count(), LONGEST_SHOWN);
    }

    proptest! {
        #[test]
        fn no_token_gets_through(
            before in "[^0-9:]{0,20}",
            id in "[0-9]{1,12}",
            secret in "[A-Za-z0-9_-]{20,40}",
            after in "([^A-Za-z0-9_-].{0,20})?",
        ) {
            let text = format!("{before}{id}:{secret}{after}");
            prop_assert!(!without_secrets(&text).contains(&secret));
        }

        #[test]
        fn no_password_gets_through(password in "[a-zA-Z0-9@:/?]{12,40}") {
            let text = format!("redis://user:{password}@localhost/1");
            prop_assert!(!without_secrets(&text).contains(&password));
        }
    }
}
