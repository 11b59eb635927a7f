//! Clients and answers that the tests share.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use stepkeep::generation::{Allowance, KieClient, KieConfig, ModelId, Pace, RetryPolicy};
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "key-that-nobody-may-see";
/// How often a failing read is sent in these tests.
pub(crate) const ATTEMPTS: usize = 3;
pub(crate) const CREDIT: &str = "/api/v1/chat/credit";
pub(crate) const MODELS: &str = "/api/v1/models";

/// Settings with pauses that don't keep a test waiting.
pub(crate) fn config(base_url: &str) -> KieConfig {
    let mut config = KieConfig::new(Url::parse(base_url).unwrap(), SecretString::from(KEY));
    config.retry = RetryPolicy {
        attempts: ATTEMPTS,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        limit_window: Duration::from_millis(20),
        longest_retry_after: Duration::from_secs(2),
    };
    config.upload_url = config.base_url.clone();
    config.pace = Pace {
        catalogue: Duration::ZERO,
        creates: Allowance {
            calls: 1,
            within: Duration::ZERO,
        },
        tasks: Duration::ZERO,
        others: Duration::ZERO,
    };
    config
}

pub(crate) fn client(server: &MockServer) -> KieClient {
    KieClient::new(config(&server.uri())).unwrap()
}

pub(crate) fn model(id: &str) -> ModelId {
    ModelId::new(id).unwrap()
}

/// An envelope with this code, under this HTTP status.
pub(crate) fn envelope(status: u16, code: i64, data: &Value) -> ResponseTemplate {
    let message = if code == 200 { "success" } else { "The reason." };
    ResponseTemplate::new(status).set_body_json(json!({ "code": code, "msg": message, "data": data }))
}

/// Answers every read of `at` so, exactly `times` times.
pub(crate) async fn answers(server: &MockServer, at: &str, answer: ResponseTemplate, times: u64) {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(answer)
        .up_to_n_times(times)
        .expect(times)
        .mount(server)
        .await;
}
