//! Buying: never twice, whatever happens on the way.

use std::time::Duration;

use serde_json::{Value, json};
use stepkeep::money::{Currency, Money};
use stepkeep::shipping::{
    Label, LabelId, LabelStatus, Retry, ShippingApi, ShippingClient, ShippingError, ShippingErrorKind,
};
use tokio::net::TcpListener;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixtures::{LOOKUPS, client, config, error_json, json_answer, label_json, labels_answer, rate_id};

const BUY: &str = "/v2/labels/rates/se-5001";

/// The purchase answers so, exactly `times` times.
async fn purchase_answers(server: &MockServer, answer: ResponseTemplate, times: u64) {
    Mock::given(method("POST"))
        .and(path(BUY))
        .respond_with(answer)
        .expect(times)
        .mount(server)
        .await;
}

/// A purchase with this one answer, and these labels in the list, which is looked at `lookups` times.
async fn buy(answer: ResponseTemplate, labels: Value, lookups: u64) -> Result<Label, ShippingError> {
    let server = MockServer::start().await;
    purchase_answers(&server, answer, 1).await;
    labels_answer(&server, labels, lookups).await;
    client(&server).buy_label(&rate_id()).await
}

#[tokio::test]
async fn a_bought_label_has_its_number_its_file_and_its_exact_cost() {
    let label = buy(
        json_answer(200, &label_json("se-7001", "completed")),
        json!([]),
        0,
    )
    .await
    .unwrap();
    assert_eq!(label.status, LabelStatus::Completed);
    assert_eq!(label.cost, Some(Money::from_minor(843, Currency::USD)));
    assert_eq!(label.tracking_number.as_deref(), Some("9400100000000000000000"));
    let stored = serde_json::to_string(&label).unwrap();
    assert_eq!(serde_json::from_str::<Label>(&stored).unwrap(), label);
}

#[tokio::test]
async fn a_server_error_is_looked_up_and_not_sent_again() {
    let label = buy(
        ResponseTemplate::new(500),
        json!([label_json("se-7001", "completed")]),
        1,
    )
    .await
    .unwrap();
    assert_eq!(label.label_id.as_str(), "se-7001");
}

#[tokio::test]
async fn an_answer_that_cannot_be_understood_is_looked_up() {
    for body in ["", "<html>ok</html>", "{}", r#"{"label_id":"../../etc"}"#] {
        let label = buy(
            ResponseTemplate::new(200).set_body_string(body),
            json!([label_json("se-7001", "completed")]),
            1,
        )
        .await
        .unwrap();
        assert_eq!(label.label_id.as_str(), "se-7001", "{body}");
    }
}

#[tokio::test]
async fn a_redirect_is_looked_up() {
    let answer = ResponseTemplate::new(303).insert_header("Location", "/elsewhere");
    let label = buy(answer, json!([label_json("se-7001", "completed")]), 1)
        .await
        .unwrap();
    assert_eq!(label.label_id.as_str(), "se-7001");
}

#[tokio::test]
async fn silence_is_looked_up() {
    let server = MockServer::start().await;
    let late = json_answer(200, &label_json("se-7001", "completed")).set_delay(Duration::from_mins(5));
    purchase_answers(&server, late, 1).await;
    labels_answer(&server, json!([label_json("se-7001", "completed")]), 1).await;
    let mut config = config(&server.uri());
    config.deadlines.purchase = Duration::from_millis(50);
    let label = ShippingClient::new(config)
        .unwrap()
        .buy_label(&rate_id())
        .await
        .unwrap();
    assert_eq!(label.label_id.as_str(), "se-7001");
}

#[tokio::test]
async fn what_no_look_up_finds_stays_unclear() {
    let error = buy(ResponseTemplate::new(502), json!([]), LOOKUPS as u64)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
    assert_eq!(error.retry(), Retry::AfterLookup);
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.to_string().contains("unavailable"), "{cause}");
}

#[tokio::test]
async fn a_label_that_turns_up_late_is_found() {
    let server = MockServer::start().await;
    purchase_answers(&server, ResponseTemplate::new(500), 1).await;
    Mock::given(method("GET"))
        .and(path("/v2/labels"))
        .and(query_param("rate_id", "se-5001"))
        .respond_with(json_answer(200, &json!({ "labels": [] })))
        .up_to_n_times(2)
        .expect(2)
        .mount(&server)
        .await;
    labels_answer(&server, json!([label_json("se-7001", "completed")]), 1).await;
    assert!(client(&server).buy_label(&rate_id()).await.is_ok());
}

#[tokio::test]
async fn a_look_up_that_fails_does_not_mean_that_nothing_was_bought() {
    let server = MockServer::start().await;
    purchase_answers(&server, ResponseTemplate::new(500), 1).await;
    Mock::given(method("GET"))
        .and(path("/v2/labels"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let error = client(&server).buy_label(&rate_id()).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
}

#[tokio::test]
async fn a_refusal_is_final_and_needs_no_look_up() {
    for (status, code, kind) in [
        (400, "insufficient_funds", ShippingErrorKind::InsufficientFunds),
        (400, "invalid_address", ShippingErrorKind::InvalidAddress),
        (401, "unauthorized", ShippingErrorKind::Unauthorized),
        (404, "not_found", ShippingErrorKind::NotFound),
    ] {
        let answer = json_answer(status, &error_json("ShipStation", "validation", code, "No."));
        let error = buy(answer, json!([]), 0).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code}");
        assert_eq!(error.message(), "No.");
    }
}

#[tokio::test]
async fn a_refusal_by_the_carrier_can_be_tried_later() {
    let body = error_json(
        "carrier",
        "integrations",
        "unspecified",
        "The carrier does not answer.",
    );
    let error = buy(json_answer(400, &body), json!([]), 0).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::CarrierUnavailable);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_conflict_is_looked_up_for_it_may_be_our_own_purchase() {
    let body = error_json(
        "ShipStation",
        "validation",
        "identifier_conflict",
        "It was bought.",
    );
    let label = buy(
        json_answer(409, &body),
        json!([label_json("se-7001", "completed")]),
        1,
    )
    .await
    .unwrap();
    assert_eq!(label.label_id.as_str(), "se-7001");
    let error = buy(json_answer(409, &body), json!([]), LOOKUPS as u64)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_success_that_holds_an_error_instead_of_a_label_is_a_refusal_once_looked_up() {
    let body = error_json("carrier", "account_status", "insufficient_funds", "No funds.");
    let error = buy(json_answer(200, &body), json!([]), LOOKUPS as u64)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::InsufficientFunds);
}

#[tokio::test]
async fn a_limited_purchase_was_not_looked_at_and_is_sent_again() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(BUY))
        .respond_with(ResponseTemplate::new(429).insert_header("Retry-After", "0"))
        .up_to_n_times(1)
        .expect(1)
        .mount(&server)
        .await;
    purchase_answers(&server, json_answer(200, &label_json("se-7001", "completed")), 1).await;
    assert!(client(&server).buy_label(&rate_id()).await.is_ok());
}

#[tokio::test]
async fn without_a_connection_nothing_was_bought() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = ShippingClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.buy_label(&rate_id()).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unavailable);
}

#[tokio::test]
async fn voided_and_failed_labels_are_not_taken_for_bought_ones() {
    let gone = json!([label_json("se-1", "voided"), label_json("se-2", "error")]);
    let error = buy(ResponseTemplate::new(500), gone, LOOKUPS as u64)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
}

#[tokio::test]
async fn a_label_that_the_carrier_failed_to_make_is_no_purchase() {
    let error = buy(json_answer(200, &label_json("se-7001", "error")), json!([]), 0)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::CarrierUnavailable);
}

#[tokio::test]
async fn a_label_in_the_making_is_waited_for() {
    let server = MockServer::start().await;
    purchase_answers(&server, json_answer(200, &label_json("se-7001", "processing")), 1).await;
    let reading = |status: &str| {
        Mock::given(method("GET"))
            .and(path("/v2/labels/se-7001"))
            .respond_with(json_answer(200, &label_json("se-7001", status)))
            .expect(1)
    };
    reading("processing").up_to_n_times(1).mount(&server).await;
    reading("completed").mount(&server).await;
    let label = client(&server).buy_label(&rate_id()).await.unwrap();
    assert_eq!(label.status, LabelStatus::Completed);
}

#[tokio::test]
async fn a_label_that_stays_in_the_making_is_unclear() {
    let server = MockServer::start().await;
    purchase_answers(&server, json_answer(200, &label_json("se-7001", "processing")), 1).await;
    Mock::given(method("GET"))
        .and(path("/v2/labels/se-7001"))
        .respond_with(json_answer(200, &label_json("se-7001", "processing")))
        .expect(LOOKUPS as u64)
        .mount(&server)
        .await;
    let error = client(&server).buy_label(&rate_id()).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
}

/// What a look-up finds among these labels.
async fn found(labels: Value) -> Result<Option<Label>, ShippingError> {
    let server = MockServer::start().await;
    labels_answer(&server, labels, 1).await;
    client(&server).find_label(&rate_id()).await
}

#[tokio::test]
async fn of_several_labels_the_oldest_that_is_ready_is_found() {
    let mut newer = label_json("se-2", "completed");
    newer["created_at"] = json!("2026-11-21T09:00:00Z");
    let labels = json!([
        newer,
        label_json("se-1", "completed"),
        label_json("se-0", "voided")
    ]);
    assert_eq!(found(labels).await.unwrap().unwrap().label_id.as_str(), "se-1");
    let labels = json!([label_json("se-3", "processing")]);
    assert_eq!(
        found(labels).await.unwrap().unwrap().status,
        LabelStatus::Processing
    );
    assert_eq!(found(json!([])).await.unwrap(), None);
}

#[tokio::test]
async fn somebody_elses_label_is_never_adopted() {
    let mut of_another_shipment = label_json("se-2", "completed");
    of_another_shipment["shipment_id"] = json!("se-901");
    // An API that doesn't know the filter answers with everything.
    let error = found(json!([label_json("se-1", "completed"), of_another_shipment]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);

    let mut of_another_rate = label_json("se-2", "completed");
    of_another_rate["rate_id"] = json!("se-5002");
    assert_eq!(found(json!([of_another_rate])).await.unwrap(), None);
}

#[tokio::test]
async fn a_label_that_cannot_be_understood_is_not_taken_for_none() {
    let error = found(json!([{ "label_id": 17 }])).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);
    let error = found(Value::Null).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);
}

#[tokio::test]
async fn after_a_crash_a_label_that_is_there_is_not_bought_again() {
    let server = MockServer::start().await;
    labels_answer(&server, json!([label_json("se-7001", "completed")]), 1).await;
    purchase_answers(&server, ResponseTemplate::new(500), 0).await;
    let label = client(&server).buy_label_after_lookup(&rate_id()).await.unwrap();
    assert_eq!(label.label_id.as_str(), "se-7001");
}

#[tokio::test]
async fn after_a_crash_a_label_that_is_not_there_is_bought_once() {
    let server = MockServer::start().await;
    labels_answer(&server, json!([]), 1).await;
    purchase_answers(&server, json_answer(200, &label_json("se-7001", "completed")), 1).await;
    assert!(client(&server).buy_label_after_lookup(&rate_id()).await.is_ok());
}

#[tokio::test]
async fn after_a_crash_nothing_is_bought_while_the_look_up_fails() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/labels"))
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    purchase_answers(&server, ResponseTemplate::new(500), 0).await;
    let error = client(&server)
        .buy_label_after_lookup(&rate_id())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unavailable);
}

#[tokio::test]
async fn a_carrier_may_refuse_to_take_a_label_back() {
    let server = MockServer::start().await;
    let refusal =
        json!({ "approved": false, "message": "It was used.", "reason_code": "label_already_used" });
    Mock::given(method("PUT"))
        .and(path("/v2/labels/se-7001/void"))
        .respond_with(json_answer(200, &refusal))
        .expect(1)
        .mount(&server)
        .await;
    let voiding = client(&server)
        .void_label(&LabelId::new("se-7001").unwrap())
        .await
        .unwrap();
    assert!(!voiding.approved);
    assert_eq!(voiding.reason.as_deref(), Some("label_already_used"));
}

#[tokio::test]
async fn a_voiding_without_an_answer_is_unclear_and_not_sent_again() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/v2/labels/se-7001/void"))
        .respond_with(ResponseTemplate::new(500))
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server)
        .void_label(&LabelId::new("se-7001").unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Unclear);
}
