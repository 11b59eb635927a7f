//! `stepkeep webhook` as an operator calls it.

use std::process::Command;

use serde_json::{Value, json};
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle};

const TOKEN: &str = "7000001:the-secret-part-of-the-token";
const URL: &str = "http://127.0.0.1:9/hook";

/// A Telegram, and somebody at a terminal.
struct Terminal {
    sandbox: SandboxHandle,
    http: reqwest::Client,
}

/// What a command answered.
struct Said {
    code: Option<i32>,
    output: String,
    complaint: String,
}

impl Terminal {
    async fn new() -> Self {
        Self {
            sandbox: Sandbox::start(Config::default()).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn says(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepkeep"));
        command
            .arg("webhook")
            .args(arguments)
            .current_dir(std::env::temp_dir())
            .env_clear()
            .env("STEPKEEP_TELEGRAM_TOKEN", TOKEN)
            .env("STEPKEEP_TELEGRAM_API_URL", self.sandbox.url())
            .env("STEPKEEP_LOG", "trace");
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        Said {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            complaint: String::from_utf8(output.stderr).unwrap(),
        }
    }

    async fn call(&self, method: &str) -> Value {
        let url = format!("{}/bot{TOKEN}/{method}", self.sandbox.url());
        let answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        answer["result"].clone()
    }

    async fn wait_with_an_update(&self) {
        self.call("getMe").await;
        let post = |path: &str, body: Value| {
            self.http
                .post(format!("{}/sim/{path}", self.sandbox.url()))
                .json(&body)
                .send()
        };
        post("people", json!({"id": 1, "first_name": "P"})).await.unwrap();
        let said = post(
            "messages",
            json!({"bot": 7_000_001, "person": 1, "text": "hello"}),
        );
        assert!(said.await.unwrap().status().is_success());
    }
}

#[tokio::test]
async fn a_webhook_is_set_looked_at_and_deleted_and_what_waits_stays() {
    let terminal = Terminal::new().await;
    terminal.wait_with_an_update().await;

    let none = terminal.says(&["info"]).await;
    assert_eq!(none.code, Some(0));
    assert!(none.output.starts_with("url             none"), "{}", none.output);

    let set = terminal.says(&["set", "--webhook-url", URL]).await;
    assert_eq!(set.code, Some(0), "{}", set.complaint);
    assert!(
        set.output.starts_with("The webhook is set.\n\n"),
        "{}",
        set.output
    );
    assert!(set.output.contains("as configured   yes"), "{}", set.output);
    assert!(set.output.contains("waiting updates 1"), "{}", set.output);
    assert_eq!(terminal.call("getWebhookInfo").await["url"], URL);

    let other = terminal
        .says(&["info", "--webhook-url", "http://127.0.0.1:9/other"])
        .await;
    assert_eq!(other.code, Some(0));
    assert!(
        other.output.contains("no: other than the settings say are url\n"),
        "{}",
        other.output
    );

    let deleted = terminal.says(&["delete"]).await;
    assert_eq!(deleted.code, Some(0));
    assert!(deleted.output.contains("waiting updates 1"), "{}", deleted.output);
    assert_eq!(terminal.call("getWebhookInfo").await["url"], "");

    for said in [&none, &set, &other, &deleted] {
        for secret in ["the-secret-part", "secret_token=\""] {
            assert!(!said.output.contains(secret) && !said.complaint.contains(secret));
        }
    }
}

#[tokio::test]
async fn what_waits_is_thrown_away_only_when_told_to() {
    let terminal = Terminal::new().await;
    for command in [
        ["delete", "--drop-pending"].as_slice(),
        &["set", "--drop-pending", "--webhook-url", URL],
    ] {
        terminal.wait_with_an_update().await;
        let said = terminal.says(command).await;
        assert_eq!(said.code, Some(0), "{}", said.complaint);
        assert!(
            said.output.contains("The updates that waited are gone."),
            "{}",
            said.output
        );
        assert!(said.output.contains("waiting updates 0"), "{}", said.output);
    }
}

#[tokio::test]
async fn mistakes_end_with_2_and_refusals_with_1() {
    let terminal = Terminal::new().await;
    let missing = terminal.says(&["set"]).await;
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.complaint.contains("webhook_url is missing"),
        "{}",
        missing.complaint
    );
    let unknown = terminal.says(&["set", "--webhook-uri", URL]).await;
    assert_eq!(unknown.code, Some(2));

    let nowhere = terminal
        .says(&["info", "--telegram-api-url", "http://127.0.0.1:9"])
        .await;
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.output.is_empty());
    assert!(
        nowhere.complaint.contains("could not be asked for the webhook"),
        "{}",
        nowhere.complaint
    );
    assert!(
        !nowhere.complaint.contains("the-secret-part"),
        "{}",
        nowhere.complaint
    );
}
