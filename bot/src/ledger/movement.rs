//! Movements: money that comes to an account.

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

/// Money that came to an account.
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
}

/// What became of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credited {
    /// Whether this call has moved the money; an earlier one with the same id did otherwise.
    pub is_new: bool,
    /// What the person can spend now.
    pub available: Money,
}
