//! What of the outside world the sandbox stands in for.

use std::{fmt, str::FromStr};

/// One stand-in. All run behind the same listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The Telegram Bot API, the people's side (`/sim`) and the web chat.
    Telegram,
    /// The shipping API.
    Shipping,
    /// The generation API.
    Generation,
}

impl Part {
    /// Every part there is.
    pub const ALL: [Self; 3] = [Self::Telegram, Self::Shipping, Self::Generation];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Shipping => "shipping",
            Self::Generation => "generation",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no part of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no part \"{0}\"; there are: telegram, shipping, generation")]
pub struct UnknownPart(String);

impl FromStr for Part {
    type Err = UnknownPart;

    fn from_str(name: &str) -> Result<Self, UnknownPart> {
        let found = Self::ALL
            .into_iter()
            .find(|part| part.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| UnknownPart(name.to_owned()))
    }
}
