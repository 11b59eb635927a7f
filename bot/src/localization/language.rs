//! The languages of the bot.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language that the bot speaks. Stored as `en` or `ru`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// English, also for everybody whose language is none of ours.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
}

impl Language {
    /// Every language, in the order in which a choice shows them.
    pub const ALL: [Self; 2] = [Self::English, Self::Russian];

    /// The language for a person whose Telegram client reports `language_code` (an IETF tag such as `ru-RU`).
    ///
    /// Belarusian, Ukrainian and Kazakh clients get Russian, which most of their users read more easily than English;
    /// all others get English. Everybody can change it by `/language`.
    pub fn from_language_code(language_code: Option<&str>) -> Self {
        let primary = language_code
            .and_then(|code| code.trim().split(['-', '_']).next())
            .unwrap_or_default();
        let speaks_russian = ["ru", "be", "uk", "kk"]
            .iter()
            .any(|code| primary.eq_ignore_ascii_case(code));
        if speaks_russian {
            Self::Russian
        } else {
            Self::English
        }
    }

    /// The language of a code that [`Language::code`] gave.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The two-letter code, as Telegram's `setMyCommands` wants it too.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// The language's name in itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
        }
    }

    /// The mark between whole and decimal digits.
    pub(super) const fn decimal_mark(self) -> &'static str {
        match self {
            Self::English => ".",
            Self::Russian => ",",
        }
    }
}

/// The two-letter code.
impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_client() {
        for code in ["ru", "ru-RU", "RU", "be", "uk", "kk", "uk_UA"] {
            assert_eq!(
                Language::from_language_code(Some(code)),
                Language::Russian,
                "{code}"
            );
        }
        for code in ["en", "en-GB", "de", "", "rum", "🙂"] {
            assert_eq!(
                Language::from_language_code(Some(code)),
                Language::English,
                "{code}"
            );
        }
        assert_eq!(Language::from_language_code(None), Language::English);
    }

    #[test]
    fn a_language_is_stored_as_its_code() {
        for language in Language::ALL {
            let stored = serde_json::to_value(language).unwrap();
            assert_eq!(stored, language.code());
            assert_eq!(serde_json::from_value::<Language>(stored).unwrap(), language);
            assert_eq!(Language::from_code(language.code()), Some(language));
        }
    }
}
