//! What the API tells by itself: heard when it is signed, and from nobody else.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use stepkeep::generation::{CallbackServer, GenerationApi as _, NewTask, TaskHints};
use stepkeep_core::SystemClock;
use tokio::time::timeout;
use url::Url;

use crate::fixtures::model;
use crate::stand_in::StandIn;

const KEY: &str = "what callbacks are signed with";

#[tokio::test]
async fn a_signed_callback_wakes_who_waits_for_the_task_and_no_other_does() {
    let stand_in = StandIn::start().await;
    stand_in.sim("callbacks", &json!({ "key": KEY })).await;
    stand_in.sim("speed", &json!({ "scale": 0.2 })).await;
    let hints = TaskHints::default();
    let any = "127.0.0.1:0".parse().unwrap();
    let key = SecretString::from(KEY);
    let server = CallbackServer::bind(any, "/kie", key, hints.clone(), Arc::new(SystemClock));
    let server = server.await.unwrap();
    let url = format!("http://{}/kie", server.address().unwrap());
    tokio::spawn(server.serve(std::future::pending()));

    let input: Map<String, Value> = [("prompt", "a fox"), ("aspect_ratio", "1:1")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let task = NewTask {
        model: model("z-image"),
        input,
        call_back: Some(Url::parse(&url).unwrap()),
    };
    let task = stand_in.client.create(&task).await.unwrap();
    let news = hints.news_of(&task);
    timeout(Duration::from_secs(30), news).await.expect("a call");

    let forged = reqwest::Client::new()
        .post(&url)
        .json(&json!({"code": 200, "data": {"taskId": task.as_str(), "state": "success"}}))
        .send();
    assert_eq!(forged.await.unwrap().status(), 401);
    let unreadable = reqwest::Client::new().post(&url).body("{}").send();
    assert_eq!(unreadable.await.unwrap().status(), 400);
    let elsewhere = reqwest::Client::new().post(format!("{url}/other")).send();
    assert_eq!(elsewhere.await.unwrap().status(), 404);
}
