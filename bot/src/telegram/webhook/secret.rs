use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::super::token::BotToken;

/// What is signed with the token to get the secret of who says nothing. A new version of it would be a new secret.
const PURPOSE: &[u8] = b"stepkeep/webhook-secret/1";

/// The secret that Telegram sends with every call, so that nobody else can bring updates. Never shown.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

/// The text can't be a secret of a webhook. It isn't repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// It is empty or too long.
    #[error("it has {0} characters, and not 1 to {max}", max = WebhookSecret::MAX_LENGTH)]
    Length(usize),
    /// A character that Telegram doesn't take.
    #[error("it has a character other than A-Z, a-z, 0-9, `_` and `-`")]
    Character,
}

impl WebhookSecret {
    /// The longest that it may be, in characters.
    pub const MAX_LENGTH: usize = 256;

    /// Takes a secret that somebody chose. White space around it is left off.
    ///
    /// # Errors
    /// [`InvalidSecret`] when Telegram wouldn't take it.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > Self::MAX_LENGTH {
            return Err(InvalidSecret::Length(text.chars().count()));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        {
            return Err(InvalidSecret::Character);
        }
        Ok(Self(text.into()))
    }

    /// The secret of a bot for which nobody chose one: the same in every process that knows the token, and of no use to
    /// find the token (HMAC-SHA-256 with the token as its key).
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HMAC takes keys of any length: a long one is hashed first"
    )]
    pub fn derived_from(token: &BotToken) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(token.expose().as_bytes()).expect("a key of any length");
        mac.update(PURPOSE);
        let mut text = String::with_capacity(64);
        for byte in mac.finalize().into_bytes() {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text.into())
    }

    /// Whether this is what a caller sent. Takes as long wherever the two differ; only the length may be guessed by it.
    pub fn matches(&self, sent: &[u8]) -> bool {
        self.expose().as_bytes().ct_eq(sent).into()
    }

    /// The secret itself, for the call that tells Telegram.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(token: &str) -> WebhookSecret {
        WebhookSecret::derived_from(&BotToken::parse(token).unwrap())
    }

    #[test]
    fn what_telegram_takes_is_taken_and_nothing_else() {
        for good in ["a", "A-Z_a-z-0_9", &"x".repeat(256), " padded\n"] {
            assert!(WebhookSecret::parse(good).is_ok(), "{good:?}");
        }
        for (wrong, reason) in [
            ("", InvalidSecret::Length(0)),
            (" ", InvalidSecret::Length(0)),
            (&"x".repeat(257), InvalidSecret::Length(257)),
            ("a b", InvalidSecret::Character),
            ("a/b", InvalidSecret::Character),
            ("ä", InvalidSecret::Character),
        ] {
            assert_eq!(WebhookSecret::parse(wrong).err(), Some(reason), "{wrong:?}");
        }
    }

    #[test]
    fn all_processes_of_a_bot_derive_the_same_secret_and_those_of_another_bot_do_not() {
        let secret = derived("123:AAE-secret");
        // Computed elsewhere: a secret that changed would make the processes of a rolling upgrade disagree.
        assert_eq!(
            secret.expose(),
            "3a76e45be9e720ffd36380e58d105772ee7d54f3d8e1fa1b645520fab6eecef3"
        );
        assert_eq!(derived("123:AAE-secret").expose(), secret.expose());
        assert_ne!(derived("123:AAE-Secret").expose(), secret.expose());
        assert!(WebhookSecret::parse(secret.expose()).is_ok(), "Telegram takes it");
    }

    #[test]
    fn only_the_whole_secret_matches() {
        let secret = WebhookSecret::parse("open-sesame").unwrap();
        assert!(secret.matches(b"open-sesame"));
        for wrong in ["", "open-sesam", "open-sesame2", "Open-sesame", "xxxxxxxxxxx"] {
            assert!(!secret.matches(wrong.as_bytes()), "{wrong:?}");
        }
    }

    #[test]
    fn it_is_never_shown() {
        let shown = format!("{:?}", WebhookSecret::parse("open-sesame").unwrap());
        assert_eq!(shown, "WebhookSecret(***)");
    }
}
