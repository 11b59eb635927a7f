//! Movements: money that comes to an account, or goes without anything being bought.

use serde::{Deserialize, Serialize};
use stepkeep_core::Timestamp;

use crate::money::Money;

/// Which of a person's two purses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purse {
    /// Buys labels and generations.
    General,
    /// Buys generations only, and is used first for them: money that was bought with Telegram's Stars, which may pay for
    /// digital goods only.
    AiOnly,
}

/// Money that came to an account, or went back to where it was from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What tells it from every other movement of the account.
    pub id: String,
    /// What it is.
    pub kind: MovementKind,
    /// How much.
    pub amount: Money,
    /// Where it came to; of a refund, where most of it came from.
    pub purse: Purse,
    /// Why, in words that history shows.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The invoice that it was paid by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
}

impl Movement {
    /// Whether it took money away.
    pub fn is_debit(&self) -> bool {
        self.kind == MovementKind::StarsReturned
    }
}

/// What a movement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// What every account begins with.
    Welcome,
    /// Somebody paid in.
    Credit,
    /// A captured charge was given back.
    Refund,
    /// The person paid with Telegram's Stars.
    Stars,
    /// Stars were given back to the person, and with them went what they had brought.
    StarsReturned,
}

/// What a person paid with Telegram's Stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarsCredit {
    /// The movement's id.
    pub id: String,
    /// The invoice that was paid.
    pub invoice: String,
    /// What it brings, to [`Purse::AiOnly`].
    pub amount: Money,
    /// Why, in words that history shows.
    pub reason: String,
}

/// What became of a debit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debited {
    /// The money went.
    Done {
        /// Whether this call has moved it; an earlier one with the same id did otherwise.
        is_new: bool,
        /// What the person can spend now.
        available: Money,
    },
    /// There is not enough of it left, and nothing went.
    Short {
        /// How much is missing.
        missing: Money,
    },
}

/// What became of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credited {
    /// Whether this call has moved the money; an earlier one with the same id did otherwise.
    pub is_new: bool,
    /// What the person can spend now.
    pub available: Money,
}
