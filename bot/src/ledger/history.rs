//! What became of an account's money, newest first.

use serde::{Deserialize, Serialize};
use stepkeep_core::Timestamp;

use super::{Charge, Movement};

/// Something that happened on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEntry {
    /// Money came.
    Movement(Movement),
    /// Something was bought, or is being bought.
    Charge(Charge),
}

impl HistoryEntry {
    /// What tells it from others of its kind.
    pub fn id(&self) -> &str {
        match self {
            Self::Movement(movement) => &movement.id,
            Self::Charge(charge) => &charge.id,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Movement(movement) => movement.at,
            Self::Charge(charge) => charge.at,
        }
    }

    /// When it was over; `None` while it goes on.
    pub fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Movement(movement) => Some(movement.at),
            Self::Charge(charge) => charge.settled_at,
        }
    }
}

/// One page of what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// What happened, newest first.
    pub entries: Vec<HistoryEntry>,
    /// Which page it is; 0 is the newest.
    pub page: usize,
    /// Whether there are newer ones.
    pub has_newer: bool,
    /// Whether there are older ones that are kept one by one.
    pub has_older: bool,
    /// What is older than all that is kept one by one: on the last page.
    pub folded: Option<Folded>,
}

/// What is left of what happened long ago.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// How many movements and charges.
    pub entries: u64,
    /// What came to the account, in minor units.
    pub credited: i64,
    /// What was paid, in minor units.
    pub captured: i64,
    /// When the last of them was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
