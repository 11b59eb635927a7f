//! Labels: what was bought.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{LabelId, ShipmentId};
use crate::money::Money;

/// How far a label has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelStatus {
    /// Bought; the file is still being made.
    Processing,
    /// Bought, and ready to be downloaded.
    Completed,
    /// The carrier failed to make it: nothing was bought.
    Error,
    /// Was bought and given back.
    Voided,
}

impl LabelStatus {
    /// Whether money was spent on a label that can still be used.
    pub const fn is_bought(self) -> bool {
        matches!(self, Self::Processing | Self::Completed)
    }
}

/// A label as the API knows it. Small enough to be kept in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The label's id.
    pub label_id: LabelId,
    /// How far it has come.
    pub status: LabelStatus,
    /// The shipment that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The carrier's tracking number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// A page that shows where the parcel is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    /// The carrier's code, such as `ups`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
    /// The service's code, such as `ups_ground`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_code: Option<String>,
    /// What was charged, shipping and insurance, where the API says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Whether it is a test label, for which nothing was charged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// Where the PDF is; absent while the label is in the making.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdf: Option<Url>,
}

/// The carrier's answer to a request to take a label back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voiding {
    /// Whether the label is void now and its price comes back.
    pub approved: bool,
    /// The carrier's words, in English.
    pub message: String,
    /// Why it was refused, as the API's word, such as `label_already_used`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
