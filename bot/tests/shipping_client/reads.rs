//! Carriers and rates: what may be asked again, and how answers are read.

use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};
use stepkeep::money::{Currency, Money};
use stepkeep::shipping::{Quote, Retry, ShippingApi, ShippingClient, ShippingErrorKind};
use tokio::net::TcpListener;
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixtures::{ATTEMPTS, KEY, carriers_answer, client, config, error_json, json_answer, shipment};

fn rate_json(id: &str, dollars: f64) -> Value {
    let zero = json!({ "currency": "usd", "amount": 0 });
    json!({
        "rate_id": id, "rate_type": "shipment", "carrier_id": "se-1111",
        "shipping_amount": { "currency": "usd", "amount": dollars },
        "insurance_amount": zero, "confirmation_amount": zero, "other_amount": zero,
        "zone": 7, "package_type": null, "delivery_days": 3, "guaranteed_service": false,
        "estimated_delivery_date": "2026-11-26T00:00:00Z", "service_type": "USPS Ground Advantage",
        "service_code": "usps_ground_advantage", "trackable": true, "carrier_code": "stamps_com",
        "carrier_nickname": "Main", "carrier_friendly_name": "Stamps.com", "validation_status": "valid",
        "warning_messages": [], "error_messages": []
    })
}

fn rates_json(rates: &[Value], errors: &Value) -> Value {
    json!({
        "shipment_id": "se-900",
        "rate_response": { "rates": rates, "invalid_rates": [], "rate_request_id": "se-77", "shipment_id": "se-900",
                           "created_at": "2026-11-21T08:00:00Z", "status": "completed", "errors": errors }
    })
}

/// The answer to the one request for rates.
async fn quote(answer: ResponseTemplate) -> Result<Quote, stepkeep::shipping::ShippingError> {
    let server = MockServer::start().await;
    carriers_answer(&server).await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .respond_with(answer)
        .mount(&server)
        .await;
    client(&server).rates(&shipment()).await
}

#[tokio::test]
async fn a_request_for_rates_has_the_documented_shape() {
    let server = MockServer::start().await;
    carriers_answer(&server).await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .and(header("API-Key", KEY))
        .respond_with(json_answer(
            200,
            &rates_json(&[rate_json("se-1", 7.61)], &json!([])),
        ))
        .expect(1)
        .mount(&server)
        .await;

    client(&server).rates(&shipment()).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    let body = String::from_utf8(requests.last().unwrap().body.clone()).unwrap();
    // Numbers stand as they were typed, and what is empty isn't there.
    insta::assert_snapshot!(body, @r#"{"rate_options":{"carrier_ids":["se-1111"]},"shipment":{"validate_address":"validate_and_clean","external_shipment_id":"order-1","ship_from":{"name":"Ann Sender","phone":"512-555-0100","address_line1":"1 Congress Ave","city_locality":"Austin","state_province":"TX","postal_code":"78701","country_code":"US","address_residential_indicator":"unknown"},"ship_to":{"name":"Bob Receiver","address_line1":"2 Santana Row","city_locality":"San Jose","state_province":"CA","postal_code":"95128","country_code":"US","address_residential_indicator":"unknown"},"packages":[{"package_code":"package","weight":{"value":2.1,"unit":"pound"},"dimensions":{"unit":"inch","length":10,"width":6.5,"height":4}}]}}"#);
}

#[tokio::test]
async fn a_price_is_the_exact_sum_of_its_parts() {
    let mut rate = rate_json("se-1", 8.43);
    rate["insurance_amount"]["amount"] = json!(1.1);
    rate["confirmation_amount"]["amount"] = json!(2.2);
    rate["other_amount"]["amount"] = json!(0.29);
    let quote = quote(json_answer(200, &rates_json(&[rate], &json!([]))))
        .await
        .unwrap();
    assert_eq!(quote.rates[0].price, Money::from_minor(1202, Currency::USD));
}

#[tokio::test]
async fn a_quote_is_cheapest_first_and_fits_into_a_session() {
    let rates: Vec<_> = (0..50_i32)
        .map(|n| rate_json(&format!("se-{n}"), f64::from(50 - n)))
        .collect();
    let quote = quote(json_answer(200, &rates_json(&rates, &json!([]))))
        .await
        .unwrap();
    assert_eq!(quote.rates.len(), Quote::MOST_RATES);
    assert_eq!(quote.rates[0].rate_id.as_str(), "se-49");
    assert!(quote.rates.is_sorted_by_key(|rate| rate.price.minor()));

    let stored = serde_json::to_string(&quote).unwrap();
    assert!(stored.len() < 8 * 1024, "{} bytes", stored.len());
    assert_eq!(serde_json::from_str::<Quote>(&stored).unwrap(), quote);
    insta::assert_snapshot!(
        serde_json::to_string(&quote.rates[0]).unwrap(),
        @r#"{"rate_id":"se-49","carrier":"USPS","carrier_code":"stamps_com","service":"USPS Ground Advantage","service_code":"usps_ground_advantage","price":{"minor":100,"currency":"USD"},"days":3,"estimated_delivery":"2026-11-26"}"#
    );
}

#[tokio::test]
async fn rates_that_cannot_be_bought_or_understood_are_left_out() {
    let mut objected = rate_json("se-1", 1.0);
    objected["error_messages"] = json!(["No pickup there."]);
    let mut invalid = rate_json("se-2", 2.0);
    invalid["validation_status"] = json!("invalid");
    let mut two_currencies = rate_json("se-3", 3.0);
    two_currencies["other_amount"] = json!({ "currency": "cad", "amount": 1 });
    let nonsense = json!({ "rate_id": 4 });
    let bare = json!({
        "rate_id": "se-5", "service_code": "s", "carrier_code": "c", "shipping_amount": { "currency": "usd", "amount": 5 }
    });
    let rates = [objected, invalid, two_currencies, nonsense, bare];
    let quote = quote(json_answer(200, &rates_json(&rates, &json!([]))))
        .await
        .unwrap();
    let ids: Vec<_> = quote.rates.iter().map(|rate| rate.rate_id.as_str()).collect();
    assert_eq!(ids, ["se-5"]);
    assert_eq!(quote.notes, ["No pickup there."]);
}

#[tokio::test]
async fn a_good_answer_without_rates_is_an_error_of_its_reason() {
    let without = |code: &str| {
        let errors = json!([{ "error_source": "carrier", "error_type": "business_rules", "error_code": code,
                              "message": "The reason." }]);
        json_answer(200, &rates_json(&[], &errors))
    };
    for (code, kind) in [
        ("no_rates_returned", ShippingErrorKind::NoRates),
        ("unspecified", ShippingErrorKind::NoRates),
        ("invalid_address", ShippingErrorKind::InvalidAddress),
        ("insufficient_funds", ShippingErrorKind::InsufficientFunds),
    ] {
        let error = quote(without(code)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.message(), "The reason.");
    }
    let silent = quote(json_answer(200, &rates_json(&[], &json!([]))))
        .await
        .unwrap_err();
    assert_eq!(silent.kind(), ShippingErrorKind::NoRates);
}

#[tokio::test]
async fn rates_of_some_carriers_come_with_the_words_of_the_others() {
    let errors = json!([{ "error_source": "carrier", "error_type": "system", "error_code": "unspecified",
                          "message": "UPS is down." }]);
    let quote = quote(json_answer(200, &rates_json(&[rate_json("se-1", 7.0)], &errors)))
        .await
        .unwrap();
    assert_eq!(quote.rates.len(), 1);
    assert_eq!(quote.notes, ["UPS is down."]);
}

#[tokio::test]
async fn a_refused_address_tells_what_is_wrong_with_it() {
    let message = "Recipient postal code does not match the state.";
    let body = error_json("carrier", "validation", "invalid_address", message);
    let error = quote(json_answer(400, &body)).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::InvalidAddress);
    assert_eq!(error.message(), message);
    assert_eq!(error.request_id(), Some("b9c1a7e0"));
    assert_eq!(error.retry(), Retry::Never);
}

#[tokio::test]
async fn a_server_error_is_asked_again_a_bounded_number_of_times() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(ResponseTemplate::new(503).set_body_string("<html>down</html>"))
        .expect(ATTEMPTS as u64)
        .mount(&server)
        .await;
    let error = client(&server).carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_refusal_is_not_asked_again() {
    let server = MockServer::start().await;
    let body = error_json(
        "ShipStation",
        "security",
        "unauthorized",
        "The API key is not valid.",
    );
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(401, &body))
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server).carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unauthorized);
}

#[tokio::test]
async fn a_limited_call_is_made_again_after_the_pause_that_is_asked_for() {
    let server = MockServer::start().await;
    carriers_answer(&server).await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .respond_with(ResponseTemplate::new(429).insert_header("Retry-After", "0"))
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .respond_with(json_answer(
            200,
            &rates_json(&[rate_json("se-1", 7.0)], &json!([])),
        ))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(client(&server).rates(&shipment()).await.unwrap().rates.len(), 1);
}

#[tokio::test]
async fn a_pause_that_is_too_long_becomes_an_error_that_tells_it() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(ResponseTemplate::new(429).insert_header("Retry-After", "3600"))
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server).carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(200, &json!({ "carriers": [] })).set_delay(Duration::from_mins(5)))
        .expect(ATTEMPTS as u64)
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.deadlines.request = Duration::from_millis(50);
    let error = ShippingClient::new(config).unwrap().carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Timeout);
}

#[tokio::test]
async fn all_attempts_together_end_at_the_deadline_of_the_call() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(200, &json!({ "carriers": [] })).set_delay(Duration::from_mins(5)))
        .expect(1)
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.deadlines.call = Duration::from_millis(50);
    let error = ShippingClient::new(config).unwrap().carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Timeout);
}

#[tokio::test]
async fn an_api_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = ShippingClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unavailable);
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_list_of_carriers_that_is_partly_an_error_is_used() {
    let server = MockServer::start().await;
    let mut body = error_json("carrier", "system", "unspecified", "FedEx is down.");
    body["carriers"] = json!([
        { "carrier_id": "se-1", "carrier_code": "stamps_com", "friendly_name": "Stamps.com", "disabled_by_billing_plan": false,
          "services": [{ "service_code": "usps_priority_mail", "name": "USPS Priority Mail" }] },
        { "carrier_id": "se-2", "carrier_code": "ups", "friendly_name": "UPS", "disabled_by_billing_plan": true }
    ]);
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(207, &body))
        .mount(&server)
        .await;
    let carriers = client(&server).carriers().await.unwrap();
    assert_eq!(carriers.len(), 1);
    assert_eq!(
        (carriers[0].name.as_str(), carriers[0].services.len()),
        ("USPS", 1)
    );
}

#[tokio::test]
async fn the_carriers_are_asked_for_once_for_many_quotes() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(
            200,
            &json!({ "carriers": [{ "carrier_id": "se-1111" }] }),
        ))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .respond_with(json_answer(
            200,
            &rates_json(&[rate_json("se-1", 7.0)], &json!([])),
        ))
        .expect(3)
        .mount(&server)
        .await;
    let client = client(&server);
    let shipment = shipment();
    let (a, b, c) = tokio::join!(
        client.rates(&shipment),
        client.rates(&shipment),
        client.rates(&shipment)
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
}

#[tokio::test]
async fn an_order_that_was_asked_about_before_is_asked_about_without_its_id() {
    let server = MockServer::start().await;
    carriers_answer(&server).await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .and(body_partial_json(
            json!({ "shipment": { "external_shipment_id": "order-1" } }),
        ))
        .respond_with(json_answer(
            400,
            &error_json("ShipStation", "validation", "identifier_conflict", "It exists."),
        ))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/v2/rates"))
        .respond_with(json_answer(
            200,
            &rates_json(&[rate_json("se-1", 7.0)], &json!([])),
        ))
        .expect(1)
        .mount(&server)
        .await;
    assert!(client(&server).rates(&shipment()).await.is_ok());
}

#[tokio::test]
async fn the_key_is_in_no_error_and_no_debug_form() {
    let server = MockServer::start().await;
    let body = error_json(
        "ShipStation",
        "security",
        "unauthorized",
        &format!("{KEY} is not valid."),
    );
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(json_answer(401, &body))
        .mount(&server)
        .await;
    let client = client(&server);
    let error = client.carriers().await.unwrap_err();
    let told = format!(
        "{error} {error:?} {:?} {:?} {client:?} {:?}",
        error.summary(),
        error.source(),
        config(&server.uri())
    );
    assert!(told.contains("is not valid"), "the rest of the message stays");
    assert!(!told.contains(KEY), "{told}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/carriers"))
        .respond_with(ResponseTemplate::new(307).insert_header("Location", elsewhere.uri()))
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server).carriers().await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}
