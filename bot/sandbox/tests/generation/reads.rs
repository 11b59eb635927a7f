//! What is read: the catalogue, its documents, the credits; keys and faults.

use reqwest::StatusCode;
use serde_json::{Value, json};
use stepkeep_sandbox::Config;

use crate::Api;

#[tokio::test]
async fn every_answer_is_an_envelope_whose_code_counts() {
    let api = Api::start().await;
    let models = api
        .get("/api/v1/models?taskType=Text%20to%20Video&provider=kling")
        .await;
    assert_eq!(
        (&models["code"], &models["msg"]),
        (&json!(200), &json!("success"))
    );
    let listed = models["data"]["models"].as_array().unwrap();
    assert_eq!(models["data"]["total"], listed.len());
    for field in [
        "model",
        "slug",
        "title",
        "provider",
        "taskType",
        "description",
        "pricingDesc",
    ] {
        assert!(listed[0].get(field).is_some(), "{field}");
    }
    assert_eq!(api.get("/api/v1/chat/credit").await["data"], 2450);
    for unknown in [
        "/api/v1/models/no-such/model/schema",
        "/api/v1/models/z-image/colour",
        "/api/v1/models/z-image",
    ] {
        let answer = api.get(unknown).await;
        assert_eq!(
            (&answer["code"], &answer["data"]),
            (&json!(404), &Value::Null),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn a_document_is_whole_and_in_order() {
    let api = Api::start().await;
    let (_, text) = api
        .text("/api/v1/models/elevenlabs/text-to-dialogue-v3/schema")
        .await;
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["data"]["model"], "elevenlabs/text-to-dialogue-v3");
    let document = &body["data"]["openapi"];
    assert_eq!(document["openapi"], "3.1.0");
    let schema = &document["paths"]["/api/v1/jobs/createTask"]["post"]["requestBody"]["content"]["application/json"]
        ["schema"];
    let fields = &schema["properties"]["input"]["properties"]["dialogue"]["items"]["properties"];
    assert_eq!(fields["voice"]["$ref"], "#/components/schemas/Voice%20");
    assert!(document["components"]["schemas"]["Voice "]["enum"].is_array());
    assert!(text.find("\"dialogue\"").unwrap() < text.find("\"language_code\"").unwrap());

    let none = api.get("/api/v1/models/omnihuman-1-5/schema").await;
    assert_eq!(
        (&none["code"], &none["data"]["openapi"]),
        (&json!(200), &Value::Null)
    );
}

#[tokio::test]
async fn a_key_is_needed() {
    let api = Api::start().await;
    let url = format!("{}/generation/api/v1/chat/credit", api.handle.url());
    for request in [
        api.http.get(&url),
        api.http.get(&url).header("api-key", "any"),
        api.http.get(&url).bearer_auth("invalid"),
        api.http.get(&url).bearer_auth(""),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], 401);
    }
}

#[tokio::test]
async fn the_catalogue_is_read_once_a_second() {
    let api = Api::with(Config::default()).await;
    assert_eq!(api.get("/api/v1/models").await["code"], 200);
    assert_eq!(api.get("/api/v1/models/z-image/price").await["code"], 429);
    assert_eq!(
        api.get("/api/v1/chat/credit").await["code"],
        200,
        "credits are apart"
    );
}

#[tokio::test]
async fn faults_come_as_often_as_they_are_ordered() {
    let api = Api::start().await;
    api.sim(
        "faults",
        &json!({ "operation": "credits", "code": 455, "times": 2 }),
    )
    .await;
    api.sim("faults", &json!({ "operation": "credits", "status": 502 }))
        .await;
    api.sim("faults", &json!({ "operation": "credits", "broken": true }))
        .await;
    let path = "/api/v1/chat/credit";
    assert_eq!(api.get(path).await["code"], 455);
    assert_eq!(api.get(path).await["code"], 455);
    let (status, text) = api.text(path).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(text.starts_with("<html>"));
    assert!(serde_json::from_str::<Value>(&api.text(path).await.1).is_err());
    assert_eq!(api.get(path).await["code"], 200);
    for wrong in [
        json!({ "operation": "credits", "times": 0 }),
        json!({ "operation": "coffee" }),
        json!({ "operation": "credits", "colour": 1 }),
    ] {
        assert_eq!(
            api.sim("faults", &wrong).await,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_the_account_has_is_remembered_in_the_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        state: Some(folder.path().join("sandbox.json")),
        ..Config::default()
    };
    let api = Api::with(config.clone()).await;
    api.sim("credits", &json!({ "credits": 12.5 })).await;
    api.handle.stop().await;
    let api = Api::with(config).await;
    assert_eq!(api.get("/api/v1/chat/credit").await["data"], 12.5);
    assert_eq!(api.sim("reset", &json!({})).await, StatusCode::OK);
    assert_eq!(api.get("/api/v1/chat/credit").await["data"], 2450);
}
