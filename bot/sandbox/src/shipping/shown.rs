//! What the API shows, as JSON. Rates come a dozen at a time and to everybody, so they are written without a tree in
//! between.

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Amount, Failure};
use super::tracking;
use super::world::{Label, Quote, Rate, Shipment, Status};

/// A shipment with its rates.
#[derive(Serialize)]
pub(super) struct ShownQuote<'a> {
    #[serde(flatten)]
    shipment: Value,
    rate_response: RateResponse<'a>,
}

#[derive(Serialize)]
struct RateResponse<'a> {
    rates: Vec<ShownRate<'a>>,
    invalid_rates: [(); 0],
    rate_request_id: &'a str,
    shipment_id: &'a str,
    created_at: String,
    status: &'static str,
    errors: Vec<Value>,
}

/// A rate.
#[derive(Serialize)]
pub(super) struct ShownRate<'a> {
    rate_id: &'a str,
    rate_type: &'static str,
    carrier_id: &'static str,
    shipping_amount: Amount,
    insurance_amount: Amount,
    confirmation_amount: Amount,
    other_amount: Amount,
    zone: u8,
    package_type: &'static str,
    delivery_days: u8,
    guaranteed_service: bool,
    estimated_delivery_date: String,
    carrier_delivery_days: String,
    ship_date: String,
    negotiated_rate: bool,
    service_type: &'static str,
    service_code: &'static str,
    trackable: bool,
    carrier_code: &'static str,
    carrier_nickname: &'static str,
    carrier_friendly_name: &'static str,
    validation_status: &'static str,
    warning_messages: [(); 0],
    error_messages: [(); 0],
}

impl Quote {
    pub(super) fn shown(&self) -> ShownQuote<'_> {
        let Shipment {
            id,
            described,
            ship_date,
            created_at,
        } = &*self.shipment;
        let status = match (self.rates.is_empty(), self.errors.is_empty()) {
            (false, true) => "completed",
            (false, false) => "partial",
            (true, _) => "error",
        };
        let created_at = created_at.to_string();
        ShownQuote {
            shipment: json!({
                "shipment_id": id,
                "external_shipment_id": described.external_id,
                "carrier_id": null,
                "service_code": null,
                "ship_date": midnight(*ship_date),
                "created_at": created_at,
                "modified_at": created_at,
                "shipment_status": "pending",
                "ship_to": described.to,
                "ship_from": described.from,
                "confirmation": "none",
                "insurance_provider": "none",
                "packages": described.packages,
            }),
            rate_response: RateResponse {
                rates: self.rates.iter().map(Rate::shown).collect(),
                invalid_rates: [],
                rate_request_id: id,
                shipment_id: id,
                created_at,
                status,
                errors: self.errors.iter().map(Failure::entry).collect(),
            },
        }
    }
}

impl Rate {
    pub(super) fn shown(&self) -> ShownRate<'_> {
        ShownRate {
            rate_id: &self.id,
            rate_type: "shipment",
            carrier_id: self.carrier.id,
            shipping_amount: Amount::new(self.price.shipping),
            insurance_amount: Amount::new(0),
            confirmation_amount: Amount::new(0),
            other_amount: Amount::new(self.price.other),
            zone: self.zone,
            package_type: "package",
            delivery_days: self.days,
            guaranteed_service: self.service.guaranteed,
            estimated_delivery_date: midnight(self.delivery),
            carrier_delivery_days: self.days.to_string(),
            ship_date: midnight(self.shipment.ship_date),
            negotiated_rate: false,
            service_type: self.service.name,
            service_code: self.service.code,
            trackable: true,
            carrier_code: self.carrier.code,
            carrier_nickname: self.carrier.nickname,
            carrier_friendly_name: self.carrier.name,
            validation_status: "valid",
            warning_messages: [],
            error_messages: [],
        }
    }
}

impl Label {
    /// The label as the API shows it, with its file under `base`.
    pub(super) fn json(&self, base: &str) -> Value {
        let download = matches!(self.status, Status::Completed | Status::Voided(_)).then(|| {
            let url = format!("{base}/v2/downloads/10/{}/label-{}.pdf", self.secret, self.id);
            json!({ "href": url, "pdf": url })
        });
        let voided_at = match self.status {
            Status::Voided(at) => Some(at.to_string()),
            _ => None,
        };
        let shipment = &self.rate.shipment;
        json!({
            "label_id": self.id,
            "status": self.status.word(),
            "shipment_id": shipment.id,
            "external_shipment_id": shipment.described.external_id,
            "ship_date": midnight(shipment.ship_date),
            "created_at": self.created_at.to_string(),
            "shipment_cost": Amount::new(self.rate.total()),
            "insurance_cost": Amount::new(0),
            "tracking_number": self.tracking_number,
            "tracking_status": "in_transit",
            "tracking_url": tracking::page(self.rate.carrier.code, &self.tracking_number),
            "trackable": true,
            "is_return_label": false,
            "rma_number": null,
            "is_international": false,
            "batch_id": "",
            "carrier_id": self.rate.carrier.id,
            "carrier_code": self.rate.carrier.code,
            "service_code": self.rate.service.code,
            "package_code": "package",
            "voided": voided_at.is_some(),
            "voided_at": voided_at,
            "test_label": self.test,
            "label_format": "pdf",
            "label_layout": "4x6",
            "display_scheme": "label",
            "label_download": download,
            "form_download": null,
            "insurance_claim": null,
            "packages": [{
                "package_code": "package",
                "sequence": 1,
                "tracking_number": self.tracking_number,
                "label_download": download,
            }],
            "charge_event": "carrier_default",
            "rate_details": [],
        })
    }

    /// What tests want to know.
    pub(super) fn sim_json(&self) -> Value {
        let shipment = &self.rate.shipment;
        json!({
            "label_id": self.id,
            "rate_id": self.rate.id,
            "shipment_id": shipment.id,
            "external_shipment_id": shipment.described.external_id,
            "status": self.status.word(),
            "tracking_number": self.tracking_number,
            "carrier_code": self.rate.carrier.code,
            "service_code": self.rate.service.code,
            "cost": Amount::new(self.rate.total()),
            "ship_from": shipment.described.from,
            "ship_to": shipment.described.to,
            "packages": shipment.described.packages,
            "created_at": self.created_at.to_string(),
        })
    }
}

fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}
