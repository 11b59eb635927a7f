//! The outside calls that the order asks for, as they are stored in the session: whoever runs them and the flow agree
//! on these types. What buying costs whom is in [`payment`](super::payment).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{EffectRequest, FlowError};

use super::payment::{PurchaseRequest, VoidRequest, Voided};
use crate::catalogue::Offers;
use crate::flows::parts::request;
use crate::shipping::{Shipment, ShippingErrorSummary};

/// Asks for rates. Payload: [`RatesRequest`]; outcome: [`CallOutcome`] of [`Offers`].
pub const FETCH_RATES: &str = "fetch_rates";
/// Buys a label. Payload: [`PurchaseRequest`]; outcome: [`PurchaseOutcome`](super::payment::PurchaseOutcome).
pub const BUY_LABEL: &str = "buy_label";
/// Gives a label back. Payload: [`VoidRequest`]; outcome: [`CallOutcome`] of [`Voided`].
pub const VOID_LABEL: &str = "void_label";

/// How long a process has for a call that may be made twice. The client's own deadlines end it well before.
pub const READ_LEASE: Duration = Duration::from_secs(30);
/// How long a process has for a call that must not be made twice: longer than a request that was sent before the
/// process died can take to be carried out, so that looking it up afterwards finds it.
pub const WRITE_LEASE: Duration = Duration::from_mins(1);

/// What rates are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatesRequest {
    /// The parcel.
    #[serde(flatten)]
    pub shipment: Shipment,
    /// Whether the carriers have to be asked, whatever is known already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_fresh: bool,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome<T> {
    /// What was asked for.
    Done(T),
    /// Why not.
    Failed(ShippingErrorSummary),
}

/// What [`FETCH_RATES`] brings.
pub type RatesOutcome = CallOutcome<Offers>;
/// What [`VOID_LABEL`] brings.
pub type VoidingOutcome = CallOutcome<Voided>;

pub(super) fn fetch_rates(wanted: &RatesRequest) -> Result<EffectRequest, FlowError> {
    request(FETCH_RATES, wanted, READ_LEASE, false)
}

pub(super) fn buy_label(wanted: &PurchaseRequest) -> Result<EffectRequest, FlowError> {
    request(BUY_LABEL, wanted, WRITE_LEASE, true)
}

pub(super) fn void_label(wanted: &VoidRequest) -> Result<EffectRequest, FlowError> {
    request(VOID_LABEL, wanted, WRITE_LEASE, true)
}
