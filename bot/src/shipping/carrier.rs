//! Carriers: whose rates an account can ask for.

use serde::{Deserialize, Serialize};

use super::CarrierId;

/// A carrier account that is connected and may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    /// The account's id: rates are asked for by it.
    pub carrier_id: CarrierId,
    /// The carrier's code, such as `ups`.
    pub code: String,
    /// The carrier's name for people, such as `UPS`.
    pub name: String,
    /// The name that the account's owner gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The names of its services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<CarrierService>,
}

/// One of a carrier's services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierService {
    /// The service's code, such as `ups_ground`.
    pub code: String,
    /// The service's name for people.
    pub name: String,
}
