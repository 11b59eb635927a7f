//! Rates: what carriers ask for a shipment.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{RateId, ShipmentId};
use crate::money::Money;

/// One offer: a carrier's service, its price and its days. A label is bought by its id.
///
/// Small enough to be kept in a session: some 300 bytes each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// What the label is bought by.
    pub rate_id: RateId,
    /// The carrier's name for people, such as `UPS`.
    pub carrier: String,
    /// The carrier's code, such as `ups`.
    pub carrier_code: String,
    /// The service's name for people, such as `UPS Ground`.
    pub service: String,
    /// The service's code, such as `ups_ground`.
    pub service_code: String,
    /// The whole price: shipping, insurance, confirmation and what else the carrier adds.
    pub price: Money,
    /// Days until delivery, where the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The day of delivery, where the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<Date>,
    /// Whether the carrier guarantees the day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guaranteed: bool,
}

/// The answer to a request for rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The API's id of the shipment, where it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The offers, cheapest first; at least one, at most [`Quote::MOST_RATES`].
    pub rates: Vec<Rate>,
    /// What some carriers said while others offered rates: at most a handful of sentences, in English.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Quote {
    /// How many rates are kept at most, so that a quote fits into a session many times over.
    pub const MOST_RATES: usize = 20;
}
