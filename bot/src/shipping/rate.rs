//! Rates: what carriers ask for a shipment.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{RateId, ShipmentId};
use crate::money::Money;

/// One offer: a carrier's service, its price and its days. A label is bought by its id.
///
/// Small enough to be kept in a session: some 300 bytes each, with the service's names beside the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// What the label is bought by.
    pub rate_id: RateId,
    /// What is offered. Many offers are for the same few services, so they can share them.
    pub service: Arc<Service>,
    /// The whole price: shipping, insurance, confirmation and what else the carrier adds.
    pub price: Money,
    /// Days until delivery, where the carrier says.
    pub days: Option<u32>,
    /// The day of delivery, where the carrier says.
    pub estimated_delivery: Option<Date>,
    /// Whether the carrier guarantees the day.
    pub guaranteed: bool,
}

/// A way to send a parcel, by the carrier that offers it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Service {
    /// The carrier's name for people, such as `UPS`.
    pub carrier: Box<str>,
    /// The carrier's code, such as `ups`.
    pub carrier_code: Box<str>,
    /// The service's name for people, such as `UPS Ground`.
    pub name: Box<str>,
    /// The service's code, such as `ups_ground`.
    pub code: Box<str>,
}

/// A rate as sessions keep it.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Rate")]
struct StoredRate<'r> {
    rate_id: Cow<'r, RateId>,
    #[serde(borrow)]
    carrier: Cow<'r, str>,
    #[serde(borrow)]
    carrier_code: Cow<'r, str>,
    #[serde(borrow)]
    service: Cow<'r, str>,
    #[serde(borrow)]
    service_code: Cow<'r, str>,
    price: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    estimated_delivery: Option<Date>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    guaranteed: bool,
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Service {
            carrier,
            carrier_code,
            name,
            code,
        } = &*self.service;
        StoredRate {
            rate_id: Cow::Borrowed(&self.rate_id),
            carrier: (&**carrier).into(),
            carrier_code: (&**carrier_code).into(),
            service: (&**name).into(),
            service_code: (&**code).into(),
            price: self.price,
            days: self.days,
            estimated_delivery: self.estimated_delivery,
            guaranteed: self.guaranteed,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = StoredRate::deserialize(deserializer)?;
        Ok(Self {
            rate_id: stored.rate_id.into_owned(),
            service: Arc::new(Service {
                carrier: stored.carrier.into(),
                carrier_code: stored.carrier_code.into(),
                name: stored.service.into(),
                code: stored.service_code.into(),
            }),
            price: stored.price,
            days: stored.days,
            estimated_delivery: stored.estimated_delivery,
            guaranteed: stored.guaranteed,
        })
    }
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
