//! "Too many requests": what is waited for, and what is not.

use std::time::Duration;

use serde_json::json;
use stepkeep::generation::{GenerationApi, GenerationErrorKind, KieClient, ModelFilter};
use tokio::time::Instant;
use wiremock::{MockServer, ResponseTemplate};

use crate::fixtures::{CREDIT, MODELS, answers, client, config, envelope};

#[tokio::test]
async fn a_limited_call_is_made_again_after_the_window() {
    let server = MockServer::start().await;
    answers(&server, CREDIT, envelope(200, 429, &json!(null)), 1).await;
    answers(&server, CREDIT, envelope(200, 200, &json!(1)), 1).await;
    let mut config = config(&server.uri());
    config.retry.limit_window = Duration::from_millis(300);
    let begun = Instant::now();
    KieClient::new(config).unwrap().credits().await.unwrap();
    // Never less; how much more depends on the machine.
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let server = MockServer::start().await;
    let limited = envelope(429, 429, &json!(null)).insert_header("Retry-After", "1");
    answers(&server, CREDIT, limited, 1).await;
    answers(&server, CREDIT, envelope(200, 200, &json!(1)), 1).await;
    let begun = Instant::now();
    client(&server).credits().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_pause_that_is_too_long_is_told_and_keeps_later_calls_from_being_sent() {
    let server = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("Retry-After", "3600");
    answers(&server, MODELS, limited, 1).await;
    answers(&server, CREDIT, envelope(200, 200, &json!(1)), 1).await;
    let client = client(&server);
    let filter = ModelFilter::default();
    let error = client.models(&filter).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    // The second one isn't sent: the server counts its calls.
    let error = client.models(&filter).await.unwrap_err();
    assert_eq!(error.kind(), GenerationErrorKind::RateLimited);
    assert!(error.retry_after().unwrap() > Duration::from_mins(59));
    // Other calls have an allowance of their own.
    client.credits().await.unwrap();
}
