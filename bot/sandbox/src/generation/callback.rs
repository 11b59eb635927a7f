//! Telling whoever asked for it that a task has ended.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

use super::task::{State, Task};
use super::world::World;

/// How long a listener may take.
const DEADLINE: Duration = Duration::from_secs(10);

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// Waits for the end of the task `id`, and tells it to the task's address: once, whatever is answered.
pub(super) async fn tell(world: Arc<World>, id: String, files: String) {
    let Some(left) = world.tasks().task(&id).map(Task::left) else {
        return;
    };
    tokio::time::sleep(left).await;
    let found = {
        let tasks = world.tasks();
        let key = tasks.webhook_key.clone();
        tasks.task(&id).and_then(|task| {
            let (code, words) = match (task.state(), &task.failure) {
                (State::Fail, Some(failure)) => (501, failure.message.clone()),
                _ => (200, "success".to_owned()),
            };
            let body = json!({ "code": code, "msg": words, "data": task.record(&files) });
            Some((task.call_back.clone()?, body, key))
        })
    };
    // It may have been forgotten meanwhile.
    let Some((address, body, key)) = found else { return };
    let mut request = HTTP.post(address).timeout(DEADLINE).json(&body);
    if let Some(key) = key {
        let timestamp = Timestamp::now().as_second().to_string();
        if let Some(signature) = signature(&key, &id, &timestamp) {
            request = request
                .header("X-Webhook-Timestamp", timestamp)
                .header("X-Webhook-Signature", signature);
        }
    }
    let told = match request.send().await {
        Ok(answer) => answer.status().as_u16().to_string(),
        Err(error) => error.without_url().to_string(),
    };
    if let Some(task) = world.tasks().task_mut(&id) {
        task.told = Some(told);
    }
}

/// The signature of a task's callback; none only for a key that no key can be.
fn signature(key: &str, id: &str, timestamp: &str) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    let mac = mac.chain_update(id).chain_update(".").chain_update(timestamp);
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_documents() {
        let signature = signature("key", "t-1", "1788941400").unwrap();
        assert_eq!(signature, "E6iO4SNFoZW7pgYvpGrOo/E7/IF7IuirFj4hFN6o4jk=");
    }
}
