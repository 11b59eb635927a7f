//! What Telegram tells of payments, and what became of them.

use serde::{Deserialize, Serialize};
use stepkeep_core::UserId;

use crate::money::Money;

/// A question whether a payment may go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// What it is answered by.
    pub query: String,
    /// Who wants to pay.
    pub user: UserId,
    /// Their language, as their client tells it.
    pub language: Option<String>,
    /// The currency's code.
    pub currency: String,
    /// How much of it.
    pub amount: u32,
    /// The invoice's payload.
    pub payload: String,
}

/// Which way Stars went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// To the bot.
    Paid,
    /// Back to the person.
    Returned,
}

/// Stars that went from a person to the bot, or back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarsPayment {
    /// Which way.
    pub kind: PaymentKind,
    /// Whose Stars.
    pub user: UserId,
    /// What Telegram knows the payment by; the way back has the same.
    pub charge: String,
    /// The currency's code.
    pub currency: String,
    /// How much of it.
    pub amount: u32,
    /// The invoice's payload.
    pub payload: String,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// It is on the account.
    Credited {
        /// The Stars.
        stars: u32,
        /// What they brought.
        amount: Money,
        /// What the person can spend now.
        available: Money,
    },
    /// What it had brought is gone from the account again.
    Returned {
        /// The Stars.
        stars: u32,
        /// What they had brought.
        amount: Money,
        /// What the person can spend now.
        available: Money,
    },
    /// It was for no invoice that the bot knows, so that an operator has to look.
    Unknown,
    /// Stars of such a payment went back, so that there is nothing more to look at.
    UnknownReturned,
}

/// The id of the movement that a payment brings.
pub fn movement_id(charge: &str) -> String {
    format!("stars:{charge}")
}

/// The id of the movement that goes with Stars that are given back.
pub fn return_id(charge: &str) -> String {
    format!("stars-refund:{charge}")
}
