use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use stepkeep_core::BotId;

/// The token of a bot: the bot's number, a colon, and a secret. Only the number is ever shown.
#[derive(Clone)]
pub struct BotToken {
    bot: BotId,
    whole: SecretString,
}

/// The text is not a bot's token. It isn't repeated here, since it may be one that was only mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is a part of a URL rather than a token.
    #[error("the word `bot` before the number belongs to Telegram's URLs, not to the token")]
    Prefix,
    /// It has only one part.
    #[error("it has no colon between the bot's number and the secret")]
    NoColon,
    /// The first part is not a number above zero.
    #[error("what stands before the colon is not the bot's number")]
    Number,
    /// The second part is missing.
    #[error("nothing follows the colon")]
    NoSecret,
    /// The second part would bend a URL.
    #[error("after the colon come only letters, digits, `_` and `-`")]
    Secret,
}

impl BotToken {
    /// Takes a token as `BotFather` gives it out. White space around it is left off.
    ///
    /// Only the shape is checked. Telegram's own tokens are longer than this asks for, but others speak the Bot API too.
    ///
    /// # Errors
    /// [`InvalidToken`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("bot")) {
            return Err(InvalidToken::Prefix);
        }
        let (number, secret) = text.split_once(':').ok_or(InvalidToken::NoColon)?;
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidToken::Number);
        }
        let bot = match number.parse() {
            Ok(bot) if bot > 0 => BotId(bot),
            _ => return Err(InvalidToken::Number),
        };
        if secret.is_empty() {
            return Err(InvalidToken::NoSecret);
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        {
            return Err(InvalidToken::Secret);
        }
        Ok(Self {
            bot,
            whole: text.into(),
        })
    }

    /// The bot: the number in front of the colon is its user id.
    pub fn bot_id(&self) -> BotId {
        self.bot
    }

    /// The whole token, for the one place that builds URLs.
    pub(crate) fn expose(&self) -> &str {
        self.whole.expose_secret()
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BotToken({}:***)", self.bot.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_the_bot_and_hides_the_rest() {
        let token = BotToken::parse(" 123456789:AAF-secret_part\n").unwrap();
        assert_eq!(token.bot_id(), BotId(123_456_789));
        assert_eq!(token.expose(), "123456789:AAF-secret_part");
        assert_eq!(format!("{token:?}"), "BotToken(123456789:***)");
    }

    #[test]
    fn a_text_that_is_none_is_refused_with_the_reason() {
        use InvalidToken::{NoColon, NoSecret, Number, Prefix, Secret};
        for (text, reason) in [
            ("", NoColon),
            ("12", NoColon),
            ("AAE-secret", NoColon),
            ("bot123:AAE", Prefix),
            ("Bot 123:AAE", Prefix),
            (":abc", Number),
            ("x:abc", Number),
            ("-12:abc", Number),
            ("+1:abc", Number),
            ("0:abc", Number),
            ("99999999999999999999:abc", Number),
            ("12:", NoSecret),
            ("12:a/b", Secret),
            ("12:a?b", Secret),
            ("12:a b", Secret),
            ("12:ä", Secret),
        ] {
            assert_eq!(BotToken::parse(text).err(), Some(reason), "{text:?}");
        }
    }
}
