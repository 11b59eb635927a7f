//! Fetching a label's file: from whom, how much, and who sees the key.

use serde_json::json;
use stepkeep::shipping::{Label, ShippingApi, ShippingErrorKind};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fixtures::{KEY, client, label_json};

fn label_at(url: &str) -> Label {
    serde_json::from_value(json!({ "label_id": "se-7001", "status": "completed", "pdf": url })).unwrap()
}

async fn file_answers(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path("/files/1.pdf"))
        .respond_with(answer)
        .mount(server)
        .await;
}

async fn keys_seen(server: &MockServer) -> Vec<Option<String>> {
    let requests = server.received_requests().await.unwrap();
    let key = |request: &wiremock::Request| {
        request
            .headers
            .get("api-key")
            .map(|key| key.to_str().unwrap().to_owned())
    };
    requests.iter().map(key).collect()
}

#[tokio::test]
async fn the_key_goes_to_the_api_and_to_nobody_else() {
    let api = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    file_answers(&api, ResponseTemplate::new(200).set_body_bytes(*b"%PDF-1.7 own")).await;
    file_answers(
        &elsewhere,
        ResponseTemplate::new(200).set_body_bytes(*b"%PDF-1.7 other"),
    )
    .await;
    let client = client(&api);

    let own = client
        .download_label(&label_at(&format!("{}/files/1.pdf", api.uri())))
        .await;
    assert_eq!(own.unwrap().as_ref(), b"%PDF-1.7 own");
    assert_eq!(keys_seen(&api).await, [Some(KEY.to_owned())]);

    let other = client
        .download_label(&label_at(&format!("{}/files/1.pdf", elsewhere.uri())))
        .await;
    assert_eq!(other.unwrap().as_ref(), b"%PDF-1.7 other");
    assert_eq!(keys_seen(&elsewhere).await, [None]);
}

#[tokio::test]
async fn a_redirect_to_a_file_elsewhere_leaves_the_key_behind() {
    let api = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    let there = format!("{}/files/1.pdf", elsewhere.uri());
    file_answers(&api, ResponseTemplate::new(302).insert_header("Location", there)).await;
    file_answers(
        &elsewhere,
        ResponseTemplate::new(200).set_body_bytes(*b"%PDF-1.7"),
    )
    .await;
    let file = client(&api)
        .download_label(&label_at(&format!("{}/files/1.pdf", api.uri())))
        .await;
    assert!(file.is_ok());
    assert_eq!(keys_seen(&elsewhere).await, [None]);
}

#[tokio::test]
async fn a_redirect_in_a_circle_ends() {
    let api = MockServer::start().await;
    file_answers(
        &api,
        ResponseTemplate::new(302).insert_header("Location", "/files/1.pdf"),
    )
    .await;
    let error = client(&api)
        .download_label(&label_at(&format!("{}/files/1.pdf", api.uri())))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);
}

#[tokio::test]
async fn what_is_no_pdf_or_too_large_is_refused() {
    for body in [
        b"<html>sign in</html>".to_vec(),
        Vec::new(),
        [b"%PDF-1.7".to_vec(), vec![b' '; 11 << 20]].concat(),
    ] {
        let api = MockServer::start().await;
        file_answers(&api, ResponseTemplate::new(200).set_body_bytes(body)).await;
        let error = client(&api)
            .download_label(&label_at(&format!("{}/files/1.pdf", api.uri())))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ShippingErrorKind::Malformed);
    }
}

#[tokio::test]
async fn a_label_without_a_file_and_a_file_that_is_gone_are_not_found() {
    let api = MockServer::start().await;
    let client = client(&api);
    let mut label = label_at("https://labels.example.com/1.pdf");
    label.pdf = None;
    let error = client.download_label(&label).await.unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::NotFound);
    let error = client
        .download_label(&label_at(&format!("{}/files/1.pdf", api.uri())))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::NotFound);
}

#[tokio::test]
async fn an_address_that_is_not_of_the_web_is_not_opened() {
    let api = MockServer::start().await;
    let error = client(&api)
        .download_label(&label_at("file:///etc/passwd"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ShippingErrorKind::Malformed);
}

#[tokio::test]
async fn a_label_is_read_with_the_address_of_its_file() {
    let api = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v2/labels/se-7001"))
        .respond_with(ResponseTemplate::new(200).set_body_json(label_json("se-7001", "completed")))
        .mount(&api)
        .await;
    let label = client(&api).label(&"se-7001".parse().unwrap()).await.unwrap();
    assert_eq!(label.pdf.unwrap().as_str(), "https://labels.example.com/1.pdf");
}
