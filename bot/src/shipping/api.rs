//! What the flows' effects ask of a shipping API, whoever implements it.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Carrier, Label, LabelId, Quote, RateId, Shipment, ShippingError, Voiding};

/// A shipping API: rates, labels, carriers.
///
/// Dropping a future before it ends leaves reads without a trace. After a dropped purchase or voiding it is not known
/// whether it happened: ask by [`find_label`](Self::find_label) or [`label`](Self::label).
#[async_trait]
pub trait ShippingApi: fmt::Debug + Send + Sync {
    /// The carrier accounts that may be used.
    ///
    /// # Errors
    ///
    /// Of every kind that a read can have: Unauthorized, `RateLimited`, Unavailable, Timeout, Malformed.
    async fn carriers(&self) -> Result<Vec<Carrier>, ShippingError>;

    /// What the carriers ask for `shipment`: at least one rate, cheapest first.
    ///
    /// # Errors
    ///
    /// `InvalidAddress` and `InvalidInput` say what is wrong with the shipment; `NoRates` when no carrier takes it;
    /// else as for [`carriers`](Self::carriers), and `CarrierUnavailable`.
    async fn rates(&self, shipment: &Shipment) -> Result<Quote, ShippingError>;

    /// Buys the label of a rate, at most once per call: what is unclear is looked up, never sent again.
    ///
    /// # Errors
    ///
    /// `Unclear` when it is not known whether it was bought: ask [`find_label`](Self::find_label) later, before anything
    /// else. After every other error no label was bought.
    async fn buy_label(&self, rate_id: &RateId) -> Result<Label, ShippingError>;

    /// Buys the label of a rate unless it was bought before, to go on after a crash.
    ///
    /// # Errors
    ///
    /// As for [`buy_label`](Self::buy_label); and as for [`find_label`](Self::find_label) when the look-up fails, in which
    /// case nothing was bought by this call.
    async fn buy_label_after_lookup(&self, rate_id: &RateId) -> Result<Label, ShippingError>;

    /// The label that was bought by a rate, if any; a failed or voided one doesn't count. It may still be in the making:
    /// see [`LabelStatus`](super::LabelStatus).
    ///
    /// # Errors
    ///
    /// As for [`carriers`](Self::carriers). `Ok(None)` is answered only when the API has positively said that there is none.
    async fn find_label(&self, rate_id: &RateId) -> Result<Option<Label>, ShippingError>;

    /// A label by its id.
    ///
    /// # Errors
    ///
    /// `NotFound`; else as for [`carriers`](Self::carriers).
    async fn label(&self, label_id: &LabelId) -> Result<Label, ShippingError>;

    /// Gives a label back. That the carrier doesn't agree is no error: see [`Voiding::approved`].
    ///
    /// # Errors
    ///
    /// `NotFound`; `Unclear` when it is not known whether it was done: [`label`](Self::label) tells.
    async fn void_label(&self, label_id: &LabelId) -> Result<Voiding, ShippingError>;

    /// The label's PDF, at most 10 MiB.
    ///
    /// # Errors
    ///
    /// `NotFound` when the label has no file; `Malformed` when it is no PDF or too large; else as for
    /// [`carriers`](Self::carriers).
    async fn download_label(&self, label: &Label) -> Result<Bytes, ShippingError>;
}
