//! The generation stand-in over HTTP: its envelopes, documents, keys and faults; its tasks and files.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands"
)]

mod files;
mod reads;
mod tasks;

use std::collections::BTreeSet;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Part, Sandbox, SandboxHandle};

struct Api {
    handle: SandboxHandle,
    http: Client,
}

impl Api {
    async fn start() -> Self {
        let api = Self::with(Config::default()).await;
        let none = json!({ "catalogue_per_second": 0, "creates_per_ten_seconds": 0, "tasks_per_second": 0 });
        api.sim("limits", &none).await;
        api
    }

    /// One whose tasks are over at once.
    async fn fast() -> Self {
        let api = Self::start().await;
        api.sim("speed", &json!({ "scale": 0 })).await;
        api
    }

    async fn with(config: Config) -> Self {
        let config = Config {
            parts: BTreeSet::from([Part::Generation]),
            ..config
        };
        Self {
            handle: Sandbox::start(config).await.unwrap(),
            http: Client::new(),
        }
    }

    async fn text(&self, path: &str) -> (StatusCode, String) {
        let url = format!("{}/generation{path}", self.handle.url());
        let answer = self.http.get(url).bearer_auth("any").send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, text) = self.text(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        serde_json::from_str(&text).unwrap()
    }

    async fn sim(&self, what: &str, body: &Value) -> StatusCode {
        let url = format!("{}/generation/sim/{what}", self.handle.url());
        self.http.post(url).json(body).send().await.unwrap().status()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/generation{path}", self.handle.url());
        let request = self.http.post(url).bearer_auth("any").json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Asks for a task.
    async fn create(&self, model: &str, input: &Value) -> Value {
        let body = json!({ "model": model, "input": input });
        self.post("/api/v1/jobs/createTask", &body).await
    }

    /// Asks for an image that nothing is wrong with, and answers with the task's id.
    async fn cat(&self) -> String {
        let created = self.create("z-image", &cat()).await;
        created["data"]["taskId"].as_str().unwrap().to_owned()
    }

    async fn record(&self, task: &str) -> Value {
        self.get(&format!("/api/v1/jobs/recordInfo?taskId={task}")).await
    }

    async fn seen(&self) -> Value {
        self.get("/sim/tasks").await
    }

    async fn credits(&self) -> Value {
        self.get("/api/v1/chat/credit").await["data"].clone()
    }
}

/// An input that nothing is wrong with, for `z-image`.
fn cat() -> Value {
    json!({ "prompt": "a cat", "aspect_ratio": "16:9" })
}
