use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A bot's token, `<bot id>:<secret>`. It is part of every URL of the Bot API, so it is checked once, here, and never
/// shown: neither by `Debug` nor by any error.
#[derive(Clone)]
pub struct BotToken {
    bot_id: i64,
    whole: SecretString,
}

/// The text is not a bot's token. It isn't repeated here, since it may be one that was only mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Telegram token looks like 123456789:AAF-letters, digits, - and _ (BotFather gives it out)")]
pub struct InvalidToken;

impl BotToken {
    /// Takes a token as `BotFather` gives it out. White space around it is left off.
    ///
    /// # Errors
    /// [`InvalidToken`] when it is not a number, a colon, and letters, digits, `-` or `_`.
    pub fn new(token: &SecretString) -> Result<Self, InvalidToken> {
        let text = token.expose_secret().trim();
        let (id, secret) = text.split_once(':').ok_or(InvalidToken)?;
        let well_formed = !secret.is_empty()
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && id.bytes().all(|byte| byte.is_ascii_digit());
        let bot_id = id.parse().ok().filter(|_| well_formed).ok_or(InvalidToken)?;
        Ok(Self {
            bot_id,
            whole: SecretString::from(text),
        })
    }

    /// The bot's own user id: the number in front of the colon.
    pub fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// The whole token, for the one place that builds URLs.
    pub(super) fn expose(&self) -> &str {
        self.whole.expose_secret()
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotToken")
            .field("bot_id", &self.bot_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_the_bot_and_hides_the_rest() {
        let token = BotToken::new(&SecretString::from(" 123456789:AAF-secret_part\n")).unwrap();
        assert_eq!(token.bot_id(), 123_456_789);
        assert_eq!(token.expose(), "123456789:AAF-secret_part");
        assert!(!format!("{token:?}").contains("secret_part"));
    }

    #[test]
    fn what_could_bend_the_url_is_refused() {
        for text in [
            "", "12", "12:", ":abc", "x:abc", "12:a/b", "12:a?b", "12:a b", "-12:abc", "+1:abc", "12:ä",
        ] {
            assert_eq!(
                BotToken::new(&SecretString::from(text)).err(),
                Some(InvalidToken),
                "{text:?}"
            );
        }
    }
}
