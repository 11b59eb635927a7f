//! What is to be sent, from where, and to whom.

use serde::{Deserialize, Serialize};

use super::{Dimensions, Weight};

/// A postal address with the person at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The person or company.
    pub name: String,
    /// A telephone number; some carriers insist on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Street and house.
    pub line1: String,
    /// The city.
    pub city: String,
    /// The state, as its two letters.
    pub state: String,
    /// The ZIP code, 5 or 5+4 digits, as text (they may start with 0).
    pub postal_code: String,
    /// The country, as its two letters.
    #[serde(default = "united_states")]
    pub country: String,
}

fn united_states() -> String {
    "US".to_owned()
}

/// One parcel on its way from one address to another: what rates are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The sender.
    pub from: Address,
    /// The recipient.
    pub to: Address,
    /// What the parcel weighs.
    pub weight: Weight,
    /// The parcel's size, if known. Without it carriers quote by weight alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
    /// The caller's own id of the order, to find it again in the carrier account. At most 50 characters; the rest is
    /// cut off by the API. It stays the same when rates are asked for the same order again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}
