//! The calls about unclear charges, as they are stored in the session.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{EffectRequest, FlowError, UserId};

use crate::ledger::{Charge, Finding};

/// Looks which charges are unclear. Payload: nothing; outcome: [`UnclearOutcome`].
pub const FETCH_UNCLEAR: &str = "fetch_unclear_charges";
/// Settles an unclear charge. Payload: [`SettleRequest`]; outcome: [`SettleOutcome`].
pub const SETTLE_CHARGE: &str = "settle_charge";

/// How long a process has for either. The ledger's own patience ends well before.
const LEASE: Duration = Duration::from_secs(30);

/// The unclear charges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnclearOutcome {
    /// These, the oldest first, and how many more there are.
    Found {
        /// Whose they are, and what.
        charges: Vec<(UserId, Charge)>,
        /// How many are left out.
        more: usize,
    },
    /// They can't be read now.
    Unavailable,
}

/// What an admin found out about a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRequest {
    /// Whose charge.
    pub user: UserId,
    /// Its id.
    pub charge: String,
    /// What was found out.
    pub finding: Finding,
    /// Which admin.
    pub by: UserId,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleOutcome {
    /// It is settled so.
    Settled,
    /// It was settled before.
    Already,
    /// It is under way, and settles by itself.
    UnderWay,
    /// That can't be said of a charge of its kind.
    NotOfThisKind,
    /// There is no such charge, or it was settled long ago.
    Unknown,
    /// It failed; the log says why.
    Unavailable,
}

/// The answer comes wherever the admin is by then.
pub(super) fn request<T: Serialize>(name: &str, payload: &T) -> Result<EffectRequest, FlowError> {
    crate::flows::parts::request(name, payload, LEASE, true)
}
