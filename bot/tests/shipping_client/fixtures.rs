//! Shipments, clients and answers that the tests share.

use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value, json};
use stepkeep::shipping::{
    Address, Dimensions, LengthUnit, RateId, RetryPolicy, Shipment, ShippingClient, ShippingConfig, Weight,
    WeightUnit,
};
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "key-that-nobody-may-see";
/// How often a failing read is sent in these tests.
pub(crate) const ATTEMPTS: usize = 3;
/// How often a label is looked up in these tests.
pub(crate) const LOOKUPS: usize = 4;

/// Settings with pauses that don't keep a test waiting.
pub(crate) fn config(base_url: &str) -> ShippingConfig {
    let mut config = ShippingConfig::new(Url::parse(base_url).unwrap(), SecretString::from(KEY));
    config.retry = RetryPolicy {
        attempts: ATTEMPTS,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        longest_retry_after: Duration::from_secs(2),
        lookups: LOOKUPS,
    };
    config
}

pub(crate) fn client(server: &MockServer) -> ShippingClient {
    ShippingClient::new(config(&server.uri())).unwrap()
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn shipment() -> Shipment {
    Shipment {
        from: Address {
            name: "Ann Sender".to_owned(),
            phone: Some("512-555-0100".to_owned()),
            line1: "1 Congress Ave".to_owned(),
            city: "Austin".to_owned(),
            state: "TX".to_owned(),
            postal_code: "78701".to_owned(),
            country: "US".to_owned(),
        },
        to: Address {
            name: "Bob Receiver".to_owned(),
            phone: None,
            line1: "2 Santana Row".to_owned(),
            city: "San Jose".to_owned(),
            state: "CA".to_owned(),
            postal_code: "95128".to_owned(),
            country: "US".to_owned(),
        },
        weight: Weight::new(decimal("2.10"), WeightUnit::Pound),
        dimensions: Some(Dimensions::new(
            decimal("10"),
            decimal("6.5"),
            decimal("4"),
            LengthUnit::Inch,
        )),
        external_id: Some("order-1".to_owned()),
    }
}

pub(crate) fn rate_id() -> RateId {
    RateId::new("se-5001").unwrap()
}

pub(crate) fn label_json(id: &str, status: &str) -> Value {
    json!({
        "label_id": id, "status": status, "shipment_id": "se-900", "created_at": "2026-11-21T08:00:00Z",
        "shipment_cost": { "currency": "usd", "amount": 7.61 },
        "insurance_cost": { "currency": "usd", "amount": 0.82 },
        "tracking_number": "9400100000000000000000", "carrier_code": "stamps_com",
        "service_code": "usps_ground_advantage", "voided": status == "voided", "test_label": false,
        "label_download": { "href": "https://labels.example.com/1.pdf", "pdf": "https://labels.example.com/1.pdf" },
        "a_field_of_tomorrow": { "deep": [1, 2, 3] }
    })
}

pub(crate) fn error_json(source: &str, kind: &str, code: &str, message: &str) -> Value {
    json!({
        "request_id": "b9c1a7e0",
        "errors": [{ "error_source": source, "error_type": kind, "error_code": code, "message": message }]
    })
}

pub(crate) fn json_answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// The list of labels answers with these, exactly `times` times.
pub(crate) async fn labels_answer(server: &MockServer, labels: Value, times: u64) {
    Mock::given(method("GET"))
        .and(path("/v2/labels"))
        .respond_with(json_answer(
            200,
            &json!({ "labels": labels, "total": 1, "page": 1, "pages": 1 }),
        ))
        .expect(times)
        .mount(server)
        .await;
}

/// One carrier is connected.
pub(crate) async fn carriers_answer(server: &MockServer) {
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(
            200,
            &json!({ "carriers": [{ "carrier_id": "se-1111", "carrier_code": "stamps_com" }] }),
        ))
        .mount(server)
        .await;
}
