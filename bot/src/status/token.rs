//! The token that opens the dashboard.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The token that opens the dashboard and its data. Never shown.
#[derive(Clone)]
pub struct StatusToken(SecretString);

/// The text can't be a token. It isn't repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStatusToken {
    /// It can be guessed, or is no token at all.
    #[error("it has {0} characters, and not {min} to {max}", min = StatusToken::MIN_LENGTH, max = StatusToken::MAX_LENGTH)]
    Length(usize),
    /// A character that a header can't carry.
    #[error("it has a character other than those of ASCII that are printed, or a space")]
    Character,
}

impl StatusToken {
    /// The shortest that it may be, in characters: it must not be found by trying.
    pub const MIN_LENGTH: usize = 16;
    /// The longest that it may be, in characters.
    pub const MAX_LENGTH: usize = 256;

    /// Takes a token that somebody chose. White space around it is left off.
    ///
    /// # Errors
    /// [`InvalidStatusToken`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidStatusToken> {
        let text = text.trim();
        let length = text.chars().count();
        if !(Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&length) {
            return Err(InvalidStatusToken::Length(length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidStatusToken::Character);
        }
        Ok(Self(text.into()))
    }

    /// Whether this is what a caller sent. Takes as long wherever the two differ, in length too.
    pub fn matches(&self, sent: &str) -> bool {
        is_same(self.expose(), sent)
    }

    /// The token itself, to derive keys from it.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Compares two secrets by their hashes, which are of one length.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.as_slice().ct_eq(other.as_slice()).into()
}

impl fmt::Debug for StatusToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatusToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = StatusToken::parse(" a-token-of-24-characters \n").unwrap();
        assert!(token.matches("a-token-of-24-characters"));
        for wrong in [
            "",
            "a-token-of-24-character",
            "a-token-of-24-characters2",
            "A-token-of-24-characters",
        ] {
            assert!(!token.matches(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn what_can_be_guessed_is_no_token() {
        for (wrong, reason) in [
            ("", InvalidStatusToken::Length(0)),
            ("fifteen-letters", InvalidStatusToken::Length(15)),
            ("sixteen letters!", InvalidStatusToken::Character),
            ("шестнадцать-букв", InvalidStatusToken::Character),
        ] {
            assert_eq!(StatusToken::parse(wrong).err(), Some(reason), "{wrong}");
        }
    }

    #[test]
    fn it_is_never_shown() {
        let token = StatusToken::parse("a-token-of-24-characters").unwrap();
        assert_eq!(format!("{token:?}"), "StatusToken(***)");
    }
}
