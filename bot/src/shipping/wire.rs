//! The shapes of the shipping API's JSON, and what they mean.
//!
//! Reading is tolerant: unknown fields are passed over, and what the documents don't promise is optional. Writing leaves
//! out what is empty, since the API refuses empty strings.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use url::Url;

use super::carrier::{Carrier, CarrierService};
use super::label::{Label, LabelStatus, Voiding};
use super::rate::{Rate, Service};
use super::shipment::{Address, Shipment};
use super::{CarrierId, Dimensions, LabelId, LengthUnit, RateId, ShipmentId, WeightUnit};
use crate::money::{Currency, JsonDecimal, Money, MoneyError};

/// The longest external id of a shipment; the API cuts off the rest, so we do.
const LONGEST_EXTERNAL_ID: usize = 50;

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

// --- Errors ---

#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub(super) request_id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) errors: Vec<WireError>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct WireError {
    #[serde(default)]
    pub(super) error_source: Option<String>,
    #[serde(default)]
    pub(super) error_type: Option<String>,
    #[serde(default)]
    pub(super) error_code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) carrier_code: Option<String>,
    #[serde(default)]
    pub(super) field_name: Option<String>,
}

impl WireError {
    /// Whether the field that it names belongs to an address.
    pub(super) fn names_an_address(&self) -> bool {
        self.field_name
            .as_deref()
            .is_some_and(|field| field.contains("ship_to") || field.contains("ship_from"))
    }
}

// --- Asking for rates ---

/// What the API does with an address before it asks the carriers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressValidation {
    /// Takes it as it is.
    NoValidation,
    /// Refuses one that doesn't exist.
    ValidateOnly,
    /// Refuses one that doesn't exist, and corrects its writing.
    ValidateAndClean,
}

#[derive(Debug, Serialize)]
pub(super) struct RatesRequest<'a> {
    rate_options: RateOptions<'a>,
    shipment: WireShipment<'a>,
}

#[derive(Debug, Serialize)]
struct RateOptions<'a> {
    carrier_ids: &'a [CarrierId],
}

#[derive(Debug, Serialize)]
struct WireShipment<'a> {
    validate_address: AddressValidation,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_shipment_id: Option<String>,
    ship_from: WireAddress<'a>,
    ship_to: WireAddress<'a>,
    packages: [WirePackage; 1],
}

#[derive(Debug, Serialize)]
struct WireAddress<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    address_line1: &'a str,
    city_locality: &'a str,
    state_province: &'a str,
    postal_code: &'a str,
    country_code: &'a str,
    address_residential_indicator: &'static str,
}

#[derive(Debug, Serialize)]
struct WirePackage {
    package_code: &'static str,
    weight: WireWeight,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<WireDimensions>,
}

#[derive(Debug, Serialize)]
struct WireWeight {
    value: JsonDecimal,
    unit: WeightUnit,
}

#[derive(Debug, Serialize)]
struct WireDimensions {
    unit: LengthUnit,
    length: JsonDecimal,
    width: JsonDecimal,
    height: JsonDecimal,
}

impl<'a> RatesRequest<'a> {
    pub(super) fn new(
        shipment: &'a Shipment,
        carrier_ids: &'a [CarrierId],
        validate_address: AddressValidation,
    ) -> Self {
        let external_shipment_id = shipment
            .external_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .map(|id| id.chars().take(LONGEST_EXTERNAL_ID).collect());
        Self {
            rate_options: RateOptions { carrier_ids },
            shipment: WireShipment {
                validate_address,
                external_shipment_id,
                ship_from: WireAddress::from(&shipment.from),
                ship_to: WireAddress::from(&shipment.to),
                packages: [WirePackage {
                    package_code: "package",
                    weight: WireWeight {
                        value: JsonDecimal(shipment.weight.value),
                        unit: shipment.weight.unit,
                    },
                    dimensions: shipment.dimensions.map(WireDimensions::from),
                }],
            },
        }
    }

    /// The same request under no id of ours.
    pub(super) fn without_external_id(mut self) -> Self {
        self.shipment.external_shipment_id = None;
        self
    }
}

impl<'a> From<&'a Address> for WireAddress<'a> {
    fn from(address: &'a Address) -> Self {
        let Address {
            name,
            phone,
            line1,
            city,
            state,
            postal_code,
            country,
        } = address;
        Self {
            name,
            phone: phone.as_deref().filter(|phone| !phone.is_empty()),
            address_line1: line1,
            city_locality: city,
            state_province: state,
            postal_code,
            country_code: country,
            address_residential_indicator: "unknown",
        }
    }
}

impl From<Dimensions> for WireDimensions {
    fn from(dimensions: Dimensions) -> Self {
        let Dimensions {
            length,
            width,
            height,
            unit,
        } = dimensions;
        Self {
            unit,
            length: JsonDecimal(length),
            width: JsonDecimal(width),
            height: JsonDecimal(height),
        }
    }
}

// --- The rates ---

#[derive(Debug, Deserialize)]
pub(super) struct RatesAnswer {
    #[serde(default)]
    pub(super) shipment_id: Option<ShipmentId>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) rate_response: RateResponse,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) errors: Vec<WireError>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RateResponse {
    // Raw, so that one rate that can't be understood doesn't cost the person the others.
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) rates: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) invalid_rates: Vec<Box<RawValue>>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) shipment_id: Option<ShipmentId>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) errors: Vec<WireError>,
}

#[derive(Debug, Deserialize)]
struct WireMoney {
    currency: String,
    amount: JsonDecimal,
}

impl WireMoney {
    fn money(&self) -> Result<Money, MoneyError> {
        Money::from_decimal(self.amount.0, Currency::new(&self.currency)?)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRate {
    rate_id: RateId,
    shipping_amount: WireMoney,
    #[serde(default)]
    insurance_amount: Option<WireMoney>,
    #[serde(default)]
    confirmation_amount: Option<WireMoney>,
    #[serde(default)]
    other_amount: Option<WireMoney>,
    #[serde(default)]
    delivery_days: Option<u32>,
    #[serde(default)]
    guaranteed_service: Option<bool>,
    #[serde(default)]
    estimated_delivery_date: Option<String>,
    #[serde(default)]
    service_type: Option<String>,
    service_code: String,
    carrier_code: String,
    #[serde(default)]
    carrier_friendly_name: Option<String>,
    #[serde(default)]
    validation_status: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    error_messages: Vec<String>,
}

impl WireRate {
    /// What stands against buying it, in the carrier's words; `None` when nothing does.
    pub(super) fn objection(&self) -> Option<&str> {
        match (self.error_messages.first(), self.validation_status.as_deref()) {
            (Some(message), _) => Some(message),
            (None, Some("invalid")) => Some(""),
            (None, _) => None,
        }
    }

    pub(super) fn into_rate(self) -> Result<Rate, MoneyError> {
        let mut price = self.shipping_amount.money()?;
        for part in [
            &self.insurance_amount,
            &self.confirmation_amount,
            &self.other_amount,
        ]
        .into_iter()
        .flatten()
        {
            let part = part.money()?;
            // A part of nothing may come in a currency of its own.
            if !part.is_zero() {
                price = price.checked_add(part)?;
            }
        }
        let name = self.service_type.filter(|name| !name.is_empty());
        let service = Service {
            carrier: carrier_name(&self.carrier_code, self.carrier_friendly_name.as_deref()).into(),
            name: name.unwrap_or_else(|| self.service_code.clone()).into(),
            carrier_code: self.carrier_code.into(),
            code: self.service_code.into(),
        };
        Ok(Rate {
            rate_id: self.rate_id,
            service: Arc::new(service),
            price,
            days: self.delivery_days,
            estimated_delivery: self.estimated_delivery_date.as_deref().and_then(date),
            guaranteed: self.guaranteed_service.unwrap_or_default(),
        })
    }
}

/// Only what says why a rate isn't offered.
#[derive(Debug, Deserialize)]
pub(super) struct InvalidRate {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) error_messages: Vec<String>,
}

/// The day of a date or of a date with time.
fn date(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// The name that people know the carrier by: the postal service is sold through a reseller, whose name means nothing to
/// them.
fn carrier_name(code: &str, friendly: Option<&str>) -> String {
    match (code, friendly) {
        ("stamps_com" | "usps" | "endicia", _) => "USPS".to_owned(),
        (_, Some(friendly)) if !friendly.is_empty() => friendly.to_owned(),
        _ => code.to_owned(),
    }
}

// --- Carriers ---

#[derive(Debug, Deserialize)]
pub(super) struct CarriersAnswer {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) carriers: Vec<WireCarrier>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) errors: Vec<WireError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireCarrier {
    carrier_id: CarrierId,
    #[serde(default, deserialize_with = "null_as_default")]
    carrier_code: String,
    #[serde(default)]
    nickname: Option<String>,
    #[serde(default)]
    friendly_name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    disabled_by_billing_plan: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    services: Vec<WireService>,
}

#[derive(Debug, Deserialize)]
struct WireService {
    service_code: String,
    #[serde(default)]
    name: Option<String>,
}

impl WireCarrier {
    /// The carrier, unless the account's plan doesn't include it.
    pub(super) fn into_carrier(self) -> Option<Carrier> {
        if self.disabled_by_billing_plan {
            return None;
        }
        Some(Carrier {
            name: carrier_name(&self.carrier_code, self.friendly_name.as_deref()),
            carrier_id: self.carrier_id,
            code: self.carrier_code,
            nickname: self.nickname,
            services: self
                .services
                .into_iter()
                .map(|service| CarrierService {
                    name: service.name.unwrap_or_else(|| service.service_code.clone()),
                    code: service.service_code,
                })
                .collect(),
        })
    }
}

// --- Labels ---

#[derive(Debug, Serialize)]
pub(super) struct BuyRequest {
    #[serde(rename = "label_format")]
    format: &'static str,
    #[serde(rename = "label_layout")]
    layout: &'static str,
    #[serde(rename = "label_download_type")]
    download: &'static str,
}

impl BuyRequest {
    pub(super) const PDF_4X6: Self = Self {
        format: "pdf",
        layout: "4x6",
        download: "url",
    };
}

#[derive(Debug, Deserialize)]
pub(super) struct WireLabel {
    label_id: LabelId,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    voided: Option<bool>,
    #[serde(default)]
    pub(super) rate_id: Option<String>,
    #[serde(default)]
    pub(super) shipment_id: Option<ShipmentId>,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    #[serde(default)]
    shipment_cost: Option<WireMoney>,
    #[serde(default)]
    insurance_cost: Option<WireMoney>,
    #[serde(default)]
    tracking_number: Option<String>,
    #[serde(default)]
    tracking_url: Option<String>,
    #[serde(default)]
    carrier_code: Option<String>,
    #[serde(default)]
    service_code: Option<String>,
    #[serde(default)]
    test_label: Option<bool>,
    #[serde(default)]
    label_download: Option<WireDownload>,
}

#[derive(Debug, Deserialize)]
struct WireDownload {
    #[serde(default)]
    pdf: Option<String>,
    #[serde(default)]
    href: Option<String>,
}

impl WireLabel {
    pub(super) fn into_label(self) -> Label {
        let status = match self.status.as_deref() {
            _ if self.voided == Some(true) => LabelStatus::Voided,
            Some("completed") => LabelStatus::Completed,
            Some("error") => LabelStatus::Error,
            Some("voided") => LabelStatus::Voided,
            // A word of tomorrow, or none: it was bought, and whether it is ready is to be asked again.
            _ => LabelStatus::Processing,
        };
        let pdf = self
            .label_download
            .and_then(|download| download.pdf.or(download.href))
            .and_then(|url| Url::parse(&url).ok());
        Label {
            label_id: self.label_id,
            status,
            shipment_id: self.shipment_id,
            tracking_number: self.tracking_number.filter(|number| !number.is_empty()),
            tracking_url: self.tracking_url.filter(|url| !url.is_empty()),
            carrier_code: self.carrier_code,
            service_code: self.service_code,
            cost: total(self.shipment_cost.as_ref(), self.insurance_cost.as_ref()),
            test: self.test_label.unwrap_or_default(),
            pdf,
        }
    }
}

/// The sum of a label's costs, where it can be told. A label that was paid for isn't thrown away over a price that
/// can't be read.
fn total(shipment: Option<&WireMoney>, insurance: Option<&WireMoney>) -> Option<Money> {
    let shipment = shipment?.money().ok()?;
    match insurance.map(WireMoney::money) {
        None => Some(shipment),
        Some(Ok(insurance)) if insurance.is_zero() => Some(shipment),
        Some(insurance) => shipment.checked_add(insurance.ok()?).ok(),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct LabelsAnswer {
    // Not raw: a label that can't be understood must not be taken for none.
    pub(super) labels: Vec<WireLabel>,
}

#[derive(Debug, Deserialize)]
pub(super) struct VoidAnswer {
    approved: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    message: String,
    #[serde(default)]
    reason_code: Option<String>,
}

impl From<VoidAnswer> for Voiding {
    fn from(answer: VoidAnswer) -> Self {
        Self {
            approved: answer.approved,
            message: answer.message,
            reason: answer.reason_code,
        }
    }
}
