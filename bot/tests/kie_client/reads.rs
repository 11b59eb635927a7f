//! How calls are made, how answers are read, and what may be asked again.

use std::error::Error;
use std::time::Duration;

use serde_json::json;
use stepkeep::generation::schema::Reason;
use stepkeep::generation::{GenerationApi, GenerationErrorKind, KieClient, ModelFilter, Operation, Retry};
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixtures::{ATTEMPTS, CREDIT, KEY, MODELS, answers, client, config, envelope, model};

#[tokio::test]
async fn a_filter_goes_out_percent_encoded_and_the_key_as_a_bearer_s() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(MODELS))
        .and(header("Authorization", format!("Bearer {KEY}")))
        .and(header("Content-Type", "application/json"))
        .and(query_param("taskType", "Text to Video"))
        .and(query_param("q", "a+b & c"))
        .respond_with(envelope(200, 200, &json!({ "total": 0, "models": [] })))
        .expect(1)
        .mount(&server)
        .await;
    let filter = ModelFilter {
        task_type: Some("Text to Video".to_owned()),
        provider: None,
        query: Some("a+b & c".to_owned()),
    };
    assert!(client(&server).models(&filter).await.unwrap().is_empty());
    let requests = server.received_requests().await.unwrap();
    let query = requests[0].url.query().unwrap();
    assert_eq!(query, "taskType=Text%20to%20Video&q=a%2Bb%20%26%20c");
}

#[tokio::test]
async fn the_slashes_of_a_model_stay_slashes() {
    let server = MockServer::start().await;
    let at = "/api/v1/models/kling-2.6/image-to-video/price";
    answers(
        &server,
        at,
        envelope(200, 200, &json!({ "pricingDesc": "55 credits" })),
        1,
    )
    .await;
    let price = client(&server)
        .price(&model("kling-2.6/image-to-video"))
        .await
        .unwrap();
    assert_eq!(price.as_deref(), Some("55 credits"));
}

#[tokio::test]
async fn an_odd_model_does_not_hide_the_others() {
    let server = MockServer::start().await;
    let models = json!([
        { "model": "z-image", "slug": "z-image", "title": "Z-Image", "provider": "Alibaba",
          "taskType": ["Text to Image"], "description": null, "pricingDesc": null, "new": {} },
        { "title": "No id" },
        { "model": "../admin" },
        7,
        { "model": "bare" },
    ]);
    let data = json!({ "total": 5, "models": models });
    answers(&server, MODELS, envelope(200, 200, &data), 1).await;
    let models = client(&server).models(&ModelFilter::default()).await.unwrap();
    let ids: Vec<_> = models.iter().map(|model| model.model.as_str()).collect();
    assert_eq!(ids, ["z-image", "bare"]);
    insta::assert_snapshot!(
        serde_json::to_string(&models[0]).unwrap(),
        @r#"{"model":"z-image","title":"Z-Image","slug":"z-image","provider":"Alibaba","task_types":["Text to Image"]}"#
    );
}

#[tokio::test]
async fn credits_are_read_digit_by_digit() {
    for (text, credits) in [
        ("2450", "2450"),
        ("0.1", "0.1"),
        ("12345678.905", "12345678.905"),
        ("-3.50", "-3.5"),
    ] {
        let server = MockServer::start().await;
        let body = format!(r#"{{"code":200,"msg":"success","data":{text}}}"#);
        answers(
            &server,
            CREDIT,
            ResponseTemplate::new(200).set_body_string(body),
            1,
        )
        .await;
        assert_eq!(client(&server).credits().await.unwrap().to_string(), credits);
    }
}

#[tokio::test]
async fn the_code_in_the_envelope_counts_and_not_the_status() {
    use GenerationErrorKind as Kind;
    for (status, code, kind) in [
        (200, 400, Kind::InvalidInput),
        (200, 401, Kind::Unauthorized),
        (200, 402, Kind::InsufficientCredits),
        (200, 404, Kind::NotFound),
        (200, 422, Kind::InvalidInput),
        (200, 433, Kind::UsageLimit),
        (200, 505, Kind::Disabled),
        (500, 401, Kind::Unauthorized),
        (404, 402, Kind::InsufficientCredits),
        (503, 501, Kind::Failed),
    ] {
        let server = MockServer::start().await;
        let answer = envelope(status, code, &json!(null)).insert_header("X-Request-Id", "r-17");
        answers(&server, CREDIT, answer, 1).await;
        let error = client(&server).credits().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!(error.retry(), Retry::Never, "{status} {code}");
        assert_eq!((error.code(), error.status()), (Some(code), Some(status)));
        assert_eq!(error.operation(), Operation::Credits);
        assert_eq!(error.message(), "The reason.");
        assert_eq!(error.request_id(), Some("r-17"));
    }
    // And a success under a bad status is one.
    let server = MockServer::start().await;
    answers(&server, CREDIT, envelope(500, 200, &json!(1)), 1).await;
    assert!(client(&server).credits().await.is_ok());
}

#[tokio::test]
async fn what_passes_by_itself_is_asked_again_a_bounded_number_of_times() {
    use GenerationErrorKind as Kind;
    let page = |status| ResponseTemplate::new(status).set_body_string("<html>down</html>");
    for (answer, kind) in [
        (envelope(200, 500, &json!(null)), Kind::Unavailable),
        (envelope(200, 455, &json!(null)), Kind::Maintenance),
        (envelope(200, 408, &json!(null)), Kind::Timeout),
        (envelope(200, 429, &json!(null)), Kind::RateLimited),
        (page(502), Kind::Unavailable),
        (page(429), Kind::RateLimited),
    ] {
        let server = MockServer::start().await;
        answers(&server, CREDIT, answer, ATTEMPTS as u64).await;
        let error = client(&server).credits().await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_seen() {
    let server = MockServer::start().await;
    answers(&server, CREDIT, envelope(200, 455, &json!(null)), 1).await;
    answers(&server, CREDIT, ResponseTemplate::new(503), 1).await;
    answers(&server, CREDIT, envelope(200, 200, &json!(7)), 1).await;
    assert_eq!(client(&server).credits().await.unwrap().to_string(), "7");
}

#[tokio::test]
async fn an_answer_that_is_no_envelope_is_malformed() {
    for body in [
        "",
        "<html></html>",
        r#"{"code":200,"msg":"success","data":{"total":1,"mod"#,
        r#"{"data":1}"#,
        "[]",
        r#"{"code":200,"msg":"success"}"#,
        r#"{"code":200,"msg":"success","data":"many"}"#,
    ] {
        let server = MockServer::start().await;
        answers(
            &server,
            CREDIT,
            ResponseTemplate::new(200).set_body_string(body),
            1,
        )
        .await;
        let error = client(&server).credits().await.unwrap_err();
        assert_eq!(error.kind(), GenerationErrorKind::Malformed, "{body}");
        assert!(error.source().is_some(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let server = MockServer::start().await;
    let body = format!(r#"{{"code":200,"msg":"{}","data":1}}"#, "x".repeat(5 << 20));
    answers(
        &server,
        CREDIT,
        ResponseTemplate::new(200).set_body_string(body),
        1,
    )
    .await;
    let error = client(&server).credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Malformed);
    assert_eq!(error.message(), "the answer is too large");
}

#[tokio::test]
async fn what_stands_in_front_of_the_api_is_not_taken_for_it() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(403)
        .set_body_string("error code: 1010")
        .insert_header("CF-Ray", "8f00-AMS");
    answers(&server, CREDIT, refusal, 1).await;
    let error = client(&server).credits().await.unwrap_err();
    insta::assert_snapshot!(
        error,
        @"credits: the API refuses the key or the client: not the API but something in front of it refuses this client (request 8f00-AMS)"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("Location", elsewhere.uri());
    answers(&server, CREDIT, redirect, 1).await;
    let error = client(&server).credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Malformed);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let server = MockServer::start().await;
    let silence = envelope(200, 200, &json!(1)).set_delay(Duration::from_mins(5));
    answers(&server, CREDIT, silence, ATTEMPTS as u64).await;
    let mut config = config(&server.uri());
    config.deadlines.request = Duration::from_millis(50);
    let error = KieClient::new(config).unwrap().credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Timeout);
}

#[tokio::test]
async fn all_attempts_together_end_at_the_deadline_of_the_call() {
    let server = MockServer::start().await;
    let silence = envelope(200, 200, &json!(1)).set_delay(Duration::from_mins(5));
    answers(&server, CREDIT, silence, 1).await;
    let mut config = config(&server.uri());
    config.deadlines.call = Duration::from_millis(50);
    let error = KieClient::new(config).unwrap().credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Timeout);
}

#[tokio::test]
async fn an_api_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = KieClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.credits().await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Unavailable);
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_document_is_none_or_says_why_it_cannot_be_asked_for() {
    let server = MockServer::start().await;
    let answer = |openapi| envelope(200, 200, &json!({ "model": "a/b", "openapi": openapi }));
    let at = "/api/v1/models/a/b/schema";
    answers(&server, at, answer(json!(null)), 1).await;
    answers(&server, at, answer(json!({ "openapi": "3.1.0", "paths": {} })), 1).await;
    let client = client(&server);
    assert!(client.schema(&model("a/b")).await.unwrap().is_none());
    let error = client.schema(&model("a/b")).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::Unaskable);
    assert_eq!(error.unaskable().unwrap().reason, Reason::NotATask);
    assert_eq!(error.retry(), Retry::Never);
}

#[tokio::test]
async fn the_key_is_in_no_error_and_no_debug_form() {
    let server = MockServer::start().await;
    let body = json!({ "code": 401, "msg": format!("{KEY} is not valid."), "data": null });
    answers(&server, CREDIT, ResponseTemplate::new(200).set_body_json(body), 1).await;
    let client = client(&server);
    let error = client.credits().await.unwrap_err();
    let told = format!(
        "{error} {error:?} {:?} {:?} {client:?} {:?}",
        error.summary(),
        error.source(),
        config(&server.uri())
    );
    assert!(told.contains("is not valid"), "the rest of the message stays");
    assert!(!told.contains(KEY), "{told}");
}

#[test]
fn settings_that_cannot_work_are_refused_without_showing_them() {
    for (url, key) in [
        ("ftp://api.kie.ai", KEY),
        ("https://user:hunter2@api.kie.ai", KEY),
        ("https://api.kie.ai/?key=hunter2", KEY),
        ("https://api.kie.ai", " "),
        ("https://api.kie.ai", "hunter2\n1"),
    ] {
        let mut bad = config(url);
        bad.api_key = key.to_owned().into();
        let error = KieClient::new(bad).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hunter2") && !told.contains(KEY), "{told}");
    }
}
