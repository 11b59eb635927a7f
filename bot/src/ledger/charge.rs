//! Charges: what costs money, from the reservation of its price to the end.

use serde::{Deserialize, Serialize};
use stepkeep_core::Timestamp;

use crate::money::Money;

/// What is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// A shipping label.
    Label,
    /// An AI generation.
    Generation,
}

/// A charge that is to be reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// What tells it from every other charge of the person: the same for every try of the same purchase.
    pub id: String,
    /// What it is for.
    pub kind: ChargeKind,
    /// The price; more than nothing, or nothing.
    pub amount: Money,
    /// What is bought, in a word that history shows: a model's id, a service's name. No personal data.
    pub subject: String,
    /// What is asked for, where the same request twice in a minute is a mistake.
    pub fingerprint: Option<String>,
}

/// A charge of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// What tells it from every other charge of the person.
    pub id: String,
    /// What it is for.
    pub kind: ChargeKind,
    /// What is reserved; once it is captured, what was taken.
    pub amount: Money,
    /// What is bought.
    pub subject: String,
    /// How far it has come.
    pub state: ChargeState,
    /// Who pays.
    pub paid_by: PaidBy,
    /// When it was reserved.
    pub at: Timestamp,
    /// When it was captured or released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// When it is looked into, if it is still open then.
    pub look_at: Timestamp,
    /// How often it was looked into without a result.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub looks: u32,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What came of it, as its API names it: a label's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Whether what was captured was given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refunded: bool,
    /// The part of the amount that comes out of [`Purse::AiOnly`](super::Purse::AiOnly), in minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(super) ai_only: i64,
}

impl Charge {
    /// Whether no money moves, since the operator said so.
    pub fn is_dry_run(&self) -> bool {
        self.paid_by == PaidBy::DryRun
    }

    /// Whether it is neither captured nor released.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ChargeState::Open(_))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it by reference")]
fn is_nothing(minor: &i64) -> bool {
    *minor == 0
}

/// Who pays a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaidBy {
    /// The person, out of the balance.
    Balance,
    /// The operator: an admin spends from a limit for each day.
    DailyLimit,
    /// Nobody: the operator tries the bot out.
    DryRun,
}

/// How far a charge has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeState {
    /// The amount is reserved, and what it is for is under way.
    Open(ChargeStage),
    /// It is there and paid.
    Captured,
    /// It won't be, and nothing was paid.
    Released(ReleaseReason),
}

/// How far what an open charge is for has come. It only goes forward, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum ChargeStage {
    /// Nothing was ordered yet.
    Reserved,
    /// It is being ordered.
    Submitting,
    /// It is not known whether it was ordered.
    Unclear,
    /// It was ordered.
    Submitted {
        /// What the API calls it.
        task: String,
    },
}

impl ChargeStage {
    /// Its place in the order.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Reserved => 0,
            Self::Submitting => 1,
            Self::Unclear => 2,
            Self::Submitted { .. } => 3,
        }
    }
}

/// Why nothing was paid in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// It failed; a stable word says how.
    Failed(String),
    /// It was called off before it was ordered.
    Cancelled,
    /// It was unclear for long; looking into it has shown that it was never ordered.
    NotOrdered,
    /// An operator decided it.
    Operator,
}

/// What is noted when a charge is captured. The default takes the whole amount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptureNote {
    /// What is taken, if it is less than what is reserved: the rest is free again. More is never taken.
    pub amount: Option<Money>,
    /// What came of it, as its API names it.
    pub outcome: Option<String>,
}

/// The answer to a wish to reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// The amount is reserved.
    Reserved(Charge),
    /// There is a charge with this id, in whatever state. One that is open counts as taken up anew: it is looked into as if it
    /// were reserved now.
    Existing(Charge),
    /// There is not enough money.
    Short {
        /// How much more it takes.
        missing: Money,
        /// How much there is for a charge of this kind.
        available: Money,
    },
    /// Too many of the person's charges of this kind are open.
    TooManyOpen {
        /// How many may be.
        most: usize,
    },
    /// The same was asked for less than a minute ago.
    Duplicate(Charge),
}

/// What became of the wish to call a charge off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// Nothing was ordered, and nothing will be.
    Stopped,
    /// It is ordered already, or settled.
    TooLate,
}

/// What became of the wish to move a charge to a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// This call has moved it there.
    Moved(Charge),
    /// It was there, beyond it, or settled already: somebody else is, or was, at it.
    Already(Charge),
}

impl Noted {
    /// The charge as it is now.
    pub fn charge(&self) -> &Charge {
        match self {
            Self::Moved(charge) | Self::Already(charge) => charge,
        }
    }
}
