//! The calls about balances, as they are stored in the session: whoever makes them and the home agree on these types.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{EffectRequest, FlowError, Timestamp, UserId};

use crate::ledger::{AccountSummary, HistoryPage};
use crate::money::Money;

/// Looks at a balance or its history. Payload: [`BalanceRequest`]; outcome: [`BalanceOutcome`].
pub const FETCH_BALANCE: &str = "fetch_balance";
/// Brings money to an account. Payload: [`CreditRequest`]; outcome: [`CreditOutcome`].
pub const CREDIT_ACCOUNT: &str = "credit_account";
/// Looks at what an admin wants to know of a person. Payload: [`PersonRequest`]; outcome: [`PersonOutcome`].
pub const LOOK_UP_PERSON: &str = "look_up_person";

/// Gives the Stars of a payment back. Payload: [`RefundRequest`]; outcome: [`RefundOutcome`].
pub const REFUND_STARS: &str = "refund_stars";
/// What a conversation is told of a payment by ([`InputKind::Happened`](stepkeep_core::InputKind::Happened)). Details:
/// [`PaymentOutcome`](crate::stars::PaymentOutcome).
pub const PAYMENT: &str = "payment";

/// How long a process has for any of them but giving Stars back. The ledger's own patience ends well before.
const LEASE: Duration = Duration::from_secs(30);

/// Whose balance is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRequest {
    /// Whose.
    pub user: UserId,
    /// A page of the history; without one, the balance itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// The message whose place the answer takes; a message of its own without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<i64>,
}

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceOutcome {
    /// The balance.
    Balance(AccountSummary),
    /// A page of the history.
    History(HistoryPage),
    /// It can't be read now.
    Unavailable,
}

/// Money that an admin brings to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditRequest {
    /// The movement's id.
    pub id: String,
    /// Whose account.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Which admin.
    pub by: UserId,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditOutcome {
    /// It is there.
    Done {
        /// What the person can spend now.
        available: Money,
    },
    /// It failed; the log says why.
    Failed,
}

/// A person whom an admin asks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRequest {
    /// Who.
    pub user: UserId,
}

/// What there is to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonOutcome {
    /// It.
    Found {
        /// The account.
        account: Box<AccountSummary>,
        /// The flow and the step that the person is in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// When something last changed for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen_at: Option<Timestamp>,
    },
    /// It can't be read now.
    Unavailable,
}

/// Stars that an admin gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// Who had paid.
    pub user: UserId,
    /// What Telegram knows the payment by.
    pub charge: String,
    /// Whether also when what they brought was spent, or is not known.
    #[serde(default)]
    pub is_forced: bool,
    /// Which admin.
    pub by: UserId,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOutcome {
    /// The person has the Stars, and what they had brought is gone from the account.
    Done,
    /// What they brought was spent; nothing happened.
    Spent {
        /// How much of it is missing.
        missing: Money,
    },
    /// The account knows no such payment; nothing happened.
    NoPayment,
    /// Telegram does not give them back; the account is as it was.
    Refused {
        /// Telegram's reason.
        reason: String,
    },
    /// It is not known whether they went back. What they had brought is gone from the account; asked again, it is tried again.
    Unclear,
}

/// The answer comes wherever the person is by then.
pub(super) fn request<T: Serialize>(name: &str, payload: &T) -> Result<EffectRequest, FlowError> {
    crate::flows::parts::request(name, payload, LEASE, true)
}
