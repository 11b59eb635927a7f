//! The shipping stand-in over HTTP: the shapes that its documents name, its keys, its lists and its faults.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands"
)]

use std::collections::BTreeSet;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Part, Sandbox, SandboxHandle};

struct Api {
    handle: SandboxHandle,
    http: Client,
}

impl Api {
    async fn start() -> Self {
        let config = Config {
            parts: BTreeSet::from([Part::Shipping]),
            ..Config::default()
        };
        Self {
            handle: Sandbox::start(config).await.unwrap(),
            http: Client::new(),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let url = format!("{}/shipping{path}", self.handle.url());
        let mut request = self.http.request(method, url).header("API-Key", "any");
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn quote(&self) -> Value {
        let (status, body) = self.call(Method::POST, "/v2/rates", Some(&shipment())).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn buy(&self, rate_id: &str) -> Value {
        let path = format!("/v2/labels/rates/{rate_id}");
        let (status, body) = self.call(Method::POST, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

fn shipment() -> Value {
    let address = |name: &str, zip: &str| {
        json!({ "name": name, "address_line1": "1 Congress Ave", "city_locality": "Austin", "state_province": "TX",
                "postal_code": zip, "country_code": "US" })
    };
    json!({
        "rate_options": { "carrier_ids": ["se-100001", "se-100002", "se-100003"] },
        "shipment": {
            "ship_date": "2026-11-20", "external_shipment_id": "order-1",
            "ship_from": address("Ann", "78701"), "ship_to": address("Bob", "95128"),
            "packages": [{ "weight": { "value": 20, "unit": "ounce" } }]
        }
    })
}

/// The names of an object's fields that are missing among `documented`.
fn missing(object: &Value, documented: &[&str]) -> Vec<String> {
    let missing = documented.iter().filter(|name| object.get(name).is_none());
    missing.map(ToString::to_string).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

#[tokio::test]
async fn a_quote_has_every_documented_field() {
    let quote = Api::start().await.quote().await;
    let response = &quote["rate_response"];
    let none: Vec<String> = Vec::new();
    assert_eq!(
        missing(&quote, &["shipment_id", "ship_to", "ship_from", "packages"]),
        none
    );
    let fields = [
        "rates",
        "invalid_rates",
        "rate_request_id",
        "shipment_id",
        "created_at",
        "status",
        "errors",
    ];
    assert_eq!(missing(response, &fields), none);
    assert_eq!(response["status"], "completed");
    let fields = [
        "rate_id",
        "rate_type",
        "carrier_id",
        "shipping_amount",
        "insurance_amount",
        "confirmation_amount",
        "other_amount",
        "zone",
        "package_type",
        "delivery_days",
        "guaranteed_service",
        "estimated_delivery_date",
        "carrier_delivery_days",
        "ship_date",
        "negotiated_rate",
        "service_type",
        "service_code",
        "trackable",
        "carrier_code",
        "carrier_nickname",
        "carrier_friendly_name",
        "validation_status",
        "warning_messages",
        "error_messages",
    ];
    for rate in response["rates"].as_array().unwrap() {
        assert_eq!(missing(rate, &fields), none);
    }
    // A Friday parcel to zone 5 by ground: the postal service's Saturday counts, Sunday doesn't.
    assert_eq!(response["rates"][0]["service_code"], "usps_ground_advantage");
    assert_eq!(
        response["rates"][0]["estimated_delivery_date"],
        "2026-11-25T00:00:00Z"
    );
}

#[tokio::test]
async fn a_label_has_every_documented_field_and_can_be_listed_read_and_voided() {
    let api = Api::start().await;
    let quote = api.quote().await;
    let rate_id = text(&quote, "/rate_response/rates/0/rate_id");
    let label = api.buy(rate_id).await;
    let fields = [
        "label_id",
        "status",
        "shipment_id",
        "external_shipment_id",
        "ship_date",
        "created_at",
        "shipment_cost",
        "insurance_cost",
        "tracking_number",
        "tracking_status",
        "tracking_url",
        "trackable",
        "carrier_id",
        "carrier_code",
        "service_code",
        "package_code",
        "voided",
        "voided_at",
        "test_label",
        "label_format",
        "label_layout",
        "label_download",
        "form_download",
        "insurance_claim",
        "packages",
        "rate_details",
        "charge_event",
        "batch_id",
        "is_return_label",
        "rma_number",
    ];
    assert_eq!(missing(&label, &fields), Vec::<String>::new());

    let id = text(&label, "/label_id");
    assert_eq!(api.get(&format!("/v2/labels/{id}")).await, label);
    assert_eq!(
        api.get(&format!("/v2/labels?rate_id={rate_id}")).await["labels"],
        json!([label])
    );

    let (_, voided) = api
        .call(Method::PUT, &format!("/v2/labels/{id}/void"), None)
        .await;
    assert_eq!(voided["approved"], true);
    let label = api.get(&format!("/v2/labels/{id}")).await;
    assert_eq!(
        (&label["status"], &label["voided"]),
        (&json!("voided"), &json!(true))
    );
    let (status, again) = api
        .call(Method::PUT, &format!("/v2/labels/{id}/void"), None)
        .await;
    assert_eq!(
        (status, &again["reason_code"]),
        (StatusCode::OK, &json!("label_already_voided"))
    );
}

#[tokio::test]
async fn labels_are_listed_by_filter_and_page_newest_first() {
    let api = Api::start().await;
    let quote = api.quote().await;
    let first = text(&quote, "/rate_response/rates/0/rate_id");
    let other = text(&quote, "/rate_response/rates/1/rate_id");
    let oldest = api.buy(first).await;
    let newest = api.buy(first).await;
    api.buy(other).await;

    let page = api.get(&format!("/v2/labels?rate_id={first}&page_size=1")).await;
    assert_eq!((&page["total"], &page["pages"]), (&json!(2), &json!(2)));
    assert_eq!(page["labels"][0]["label_id"], newest["label_id"]);
    let next = text(&page, "/links/next/href").split_once("/shipping").unwrap().1;
    assert_eq!(api.get(next).await["labels"][0]["label_id"], oldest["label_id"]);

    let shipment = text(&quote, "/shipment_id");
    assert_eq!(
        api.get(&format!("/v2/labels?shipment_id={shipment}")).await["total"],
        3
    );
    assert_eq!(api.get("/v2/labels?label_status=voided").await["total"], 0);
    assert_eq!(api.get("/sim/labels").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn without_a_good_key_nothing_is_told() {
    let api = Api::start().await;
    for key in ["", "invalid"] {
        let url = format!("{}/shipping/v2/carriers", api.handle.url());
        let answer = api.http.get(url).header("API-Key", key).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["error_code"], "unauthorized");
        assert!(body["request_id"].is_string());
    }
}

#[tokio::test]
async fn a_carrier_comes_with_its_services_and_packages() {
    let api = Api::start().await;
    let carriers = api.get("/v2/carriers").await;
    assert_eq!(carriers["carriers"].as_array().unwrap().len(), 3);
    let id = text(&carriers, "/carriers/1/carrier_id");
    let services = api.get(&format!("/v2/carriers/{id}/services")).await;
    assert_eq!(services["services"], carriers["carriers"][1]["services"]);
    let packages = api.get(&format!("/v2/carriers/{id}/packages")).await;
    assert_eq!(packages["packages"], carriers["carriers"][1]["packages"]);
}

#[tokio::test]
async fn a_fault_hits_as_often_as_it_was_ordered() {
    let api = Api::start().await;
    let fault = json!({ "operation": "carriers", "status": 429, "retry_after": 7, "times": 2 });
    api.call(Method::POST, "/sim/faults", Some(&fault)).await;
    for _ in 0..2 {
        let (status, body) = api.call(Method::GET, "/v2/carriers", None).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(body["errors"][0]["error_code"], "rate_limit_exceeded");
    }
    api.get("/v2/carriers").await;

    api.call(Method::POST, "/sim/faults", Some(&fault)).await;
    api.call(Method::DELETE, "/sim/faults", None).await;
    api.get("/v2/carriers").await;

    let (status, body) = api
        .call(
            Method::POST,
            "/sim/faults",
            Some(&json!({ "operation": "dance" })),
        )
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["error"].is_string());
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer() {
    let api = Api::start().await;
    let fault = json!({ "operation": "carriers", "drop_connection": true });
    api.call(Method::POST, "/sim/faults", Some(&fault)).await;
    let url = format!("{}/shipping/v2/carriers", api.handle.url());
    let outcome = async {
        api.http
            .get(&url)
            .header("API-Key", "any")
            .send()
            .await?
            .text()
            .await
    };
    assert!(outcome.await.is_err());
}

#[tokio::test]
async fn after_a_reset_nothing_is_known_and_ids_go_on() {
    let api = Api::start().await;
    let before = api.quote().await;
    let rate_id = text(&before, "/rate_response/rates/0/rate_id");
    api.buy(rate_id).await;
    api.call(Method::POST, "/sim/reset", None).await;
    assert_eq!(api.get("/sim/labels").await, json!([]));
    let (status, _) = api.call(Method::GET, &format!("/v2/rates/{rate_id}"), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let after = api.quote().await;
    assert_ne!(text(&after, "/rate_response/rates/0/rate_id"), rate_id);
}

#[tokio::test]
async fn rates_of_a_known_shipment_can_be_asked_for_again() {
    let api = Api::start().await;
    let quote = api.quote().await;
    let again =
        json!({ "rate_options": { "carrier_ids": ["se-100002"] }, "shipment_id": quote["shipment_id"] });
    let (status, body) = api.call(Method::POST, "/v2/rates", Some(&again)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let rates = body["rate_response"]["rates"].as_array().unwrap();
    assert!(!rates.is_empty() && rates.iter().all(|rate| rate["carrier_code"] == "ups"));
    let id = text(&body, "/rate_response/rates/0/rate_id");
    assert_eq!(&api.get(&format!("/v2/rates/{id}")).await, &rates[0]);
}

#[tokio::test]
async fn another_path_answers_in_the_shape_of_errors() {
    let (status, body) = Api::start().await.call(Method::GET, "/v2/orders", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["errors"][0]["error_source"], "ShipStation");
}
