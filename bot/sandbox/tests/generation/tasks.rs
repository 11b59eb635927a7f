//! Tasks: what is taken, how they go by, what they cost, and whom they tell.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::{Api, cat};

#[tokio::test]
async fn a_task_goes_from_waiting_to_its_result() {
    let api = Api::start().await;
    let task = api.cat().await;
    let waiting = api.record(&task).await;
    assert_eq!(
        (&waiting["code"], &waiting["data"]["state"]),
        (&json!(200), &json!("waiting"))
    );
    let mut states = vec!["waiting".to_owned()];
    loop {
        let state = api.record(&task).await["data"]["state"]
            .as_str()
            .unwrap()
            .to_owned();
        if states.last() != Some(&state) {
            states.push(state.clone());
        }
        if state == "success" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A machine that stands still for a while may miss one of them.
    let all = ["waiting", "queuing", "generating", "success"];
    assert!(
        states.iter().all(|state| all.contains(&state.as_str())),
        "{states:?}"
    );
    assert!(states.len() > 2, "{states:?}");
    let done = &api.record(&task).await["data"];
    let result: Value = serde_json::from_str(done["resultJson"].as_str().unwrap()).unwrap();
    assert_eq!(result, done["response"]);
    assert_eq!(done["creditsConsumed"], 0.8);
}

#[tokio::test]
async fn what_is_wrong_with_an_input_is_said_and_costs_nothing() {
    let api = Api::fast().await;
    let create = "/api/v1/jobs/createTask";
    for (body, message) in [
        (json!({}), "model is required."),
        (json!({ "model": "z-image" }), "input is required."),
        (
            json!({ "model": "nobody", "input": {} }),
            "The model is not supported.",
        ),
        (json!({ "model": "z-image", "input": {} }), "prompt is required."),
        (
            json!({ "model": "z-image", "input": cat(), "callBackUrl": "soon" }),
            "callBackUrl is not an address.",
        ),
    ] {
        let answer = api.post(create, &body).await;
        assert_eq!(
            (&answer["code"], &answer["msg"]),
            (&json!(422), &json!(message)),
            "{body}"
        );
    }
    let seen = api.seen().await;
    assert_eq!((&seen["create_calls"], &seen["tasks"]), (&json!(5), &json!([])));
    assert_eq!(api.credits().await, 2450);
}

#[tokio::test]
async fn a_task_takes_its_price_once_and_a_failed_one_nothing() {
    let api = Api::fast().await;
    api.sim("credits", &json!({ "credits": 10 })).await;
    let task = api.create("nano-banana-2", &json!({ "prompt": "a cat" })).await;
    assert_eq!(task["code"], 200);
    assert_eq!(api.credits().await, 2);
    let task = api.create("nano-banana-2", &json!({ "prompt": "a cat" })).await;
    assert_eq!((&task["code"], &task["data"]), (&json!(402), &Value::Null));

    let fails = json!({ "operation": "generate", "code": 400, "message": "Not that." });
    api.sim("faults", &fails).await;
    let task = api.cat().await;
    let record = &api.record(&task).await["data"];
    assert_eq!(
        (&record["state"], &record["creditsConsumed"]),
        (&json!("fail"), &json!(0))
    );
    assert_eq!(
        (&record["failCode"], &record["failMsg"]),
        (&json!("400"), &json!("Not that."))
    );
    assert_eq!(api.credits().await, 2);
    assert_eq!(
        api.record(&api.cat().await).await["data"]["state"],
        "success",
        "once"
    );

    let seen = api.seen().await;
    assert_eq!(
        (&seen["create_calls"], &seen["credits_consumed"]),
        (&json!(4), &json!(8.8))
    );
    let states: Vec<_> = seen["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["state"])
        .collect();
    assert_eq!(states, ["success", "fail", "success"]);
    assert_eq!(seen["tasks"][1]["input"], cat());
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_a_task_or_none() {
    let api = Api::fast().await;
    let url = format!("{}/generation/api/v1/jobs/createTask", api.handle.url());
    let sent = async || {
        let body = json!({ "model": "z-image", "input": cat() });
        api.http.post(&url).bearer_auth("any").json(&body).send().await
    };
    // The connection breaks off before the headers of the answer or after them.
    let is_lost = async || match sent().await {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    let drop = json!({ "operation": "create", "drop_connection": true, "after_effect": true });
    api.sim("faults", &drop).await;
    assert!(is_lost().await);
    assert_eq!(api.seen().await["tasks"].as_array().unwrap().len(), 1);

    let down = json!({ "operation": "create", "status": 500, "after_effect": true });
    api.sim("faults", &down).await;
    assert_eq!(sent().await.unwrap().status(), 500);
    assert_eq!(api.seen().await["tasks"].as_array().unwrap().len(), 2);

    api.sim(
        "faults",
        &json!({ "operation": "create", "drop_connection": true }),
    )
    .await;
    assert!(is_lost().await);
    let seen = api.seen().await;
    assert_eq!(
        (seen["tasks"].as_array().unwrap().len(), &seen["create_calls"]),
        (2, &json!(3))
    );
}

#[tokio::test]
async fn words_in_a_prompt_provoke_what_they_say() {
    let api = Api::fast().await;
    let create = async |prompt: &str| {
        let input = json!({ "prompt": prompt, "aspect_ratio": "1:1" });
        api.create("z-image", &input).await
    };
    assert_eq!(create("A cat with No Credits").await["code"], 402);
    assert_eq!(create("not taken").await["code"], 422);
    let task = create("Content Policy").await;
    let record = api.record(task["data"]["taskId"].as_str().unwrap()).await;
    assert_eq!(record["data"]["failCode"], "400");
    let task = create("a slow task").await;
    let record = api.record(task["data"]["taskId"].as_str().unwrap()).await;
    assert_eq!(record["data"]["state"], "generating");
}

#[tokio::test]
async fn twenty_tasks_may_be_created_in_ten_seconds() {
    let api = Api::fast().await;
    api.sim("limits", &json!({ "creates_per_ten_seconds": null }))
        .await;
    for _ in 0..20 {
        api.cat().await;
    }
    let refused = api.create("z-image", &cat()).await;
    assert_eq!(refused["code"], 429);
    assert_eq!(
        api.get("/api/v1/models").await["code"],
        200,
        "what is left out of limits stays"
    );
}

#[tokio::test]
async fn a_task_that_nobody_knows_is_null() {
    let api = Api::fast().await;
    let answer = api.record("nobody").await;
    assert_eq!(
        (&answer["code"], &answer["msg"]),
        (&json!(422), &json!("recordInfo is null"))
    );
    api.cat().await;
    api.sim("reset", &json!({})).await;
    assert_eq!(
        api.seen().await,
        json!({ "create_calls": 0, "credits_consumed": 0, "tasks": [] })
    );
}

#[tokio::test]
async fn the_end_of_a_task_is_told_to_whoever_asked_for_it_and_signed() {
    let (told, mut heard) = mpsc::unbounded_channel();
    let told = Arc::new(told);
    let listen = post(move |headers: HeaderMap, body: String| {
        let told = Arc::clone(&told);
        async move { told.send((headers, body)).unwrap() }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/ended", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/ended", listen)).await });

    let api = Api::fast().await;
    let body = json!({ "model": "z-image", "input": cat(), "callBackUrl": address });
    for key in [json!(null), json!("key")] {
        api.sim("callbacks", &json!({ "key": key })).await;
        let task = api.post("/api/v1/jobs/createTask", &body).await["data"]["taskId"].clone();
        let (headers, body) = heard.recv().await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["code"], &body["data"]["taskId"]), (&json!(200), &task));
        assert_eq!(body["data"]["state"], "success");
        assert_eq!(headers.contains_key("X-Webhook-Signature"), key.is_string());
        assert_eq!(headers.contains_key("X-Webhook-Timestamp"), key.is_string());
    }
}
