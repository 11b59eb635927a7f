//! Shipping: what a person sends, what carriers ask for it, and the client that buys the label.
//!
//! [`ShippingApi`] is what flows' effects use; [`ShippingClient`] implements it over HTTP for ShipStation's API,
//! version 2. Two rules shape it:
//!
//! - **A label is never bought twice.** A purchase is sent again only when it surely wasn't looked at. After anything
//!   unclear the label is looked up by its rate; when that doesn't tell either, the error is
//!   [`ShippingErrorKind::Unclear`], and the caller asks [`ShippingApi::find_label`] later.
//! - **Prices are exact.** They are read digit by digit into [`Money`](crate::money::Money).

mod api;
mod carrier;
mod carrier_list;
mod client;
mod error;
mod ids;
mod label;
pub mod parcel;
mod rate;
mod retry;
mod shipment;
mod transport;
mod wire;

pub use api::ShippingApi;
pub use carrier::{Carrier, CarrierService};
pub use carrier_list::CarrierList;
pub use client::{Deadlines, ShippingClient, ShippingConfig, ShippingConfigError};
pub use error::{Operation, Retry, ShippingError, ShippingErrorKind, ShippingErrorSummary};
pub use ids::{
    CarrierId, CarrierKind, Id, InvalidId, LabelId, LabelKind, RateId, RateKind, ShipmentId, ShipmentKind,
};
pub use label::{Label, LabelStatus, Voiding};
pub use parcel::{Dimensions, LengthUnit, Weight, WeightUnit};
pub use rate::{Quote, Rate, Service};
pub use retry::RetryPolicy;
pub use shipment::{Address, Shipment};
pub use wire::AddressValidation;
