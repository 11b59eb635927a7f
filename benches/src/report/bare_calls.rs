//! What calls to Telegram take with nothing around them: what is under every whole bot, as the raw driver is under a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::report::whole_bot::{PEOPLE, processor_ms};
use crate::telegram_over_http;

/// A message as long as a bot's questions are, with the buttons of one.
const MESSAGE: &str = r#"{"chat_id":1000001,"text":"What is the recipient's city? You can write it in any form.","parse_mode":"HTML","reply_markup":{"inline_keyboard":[[{"text":"Back","callback_data":"a1b2c3d4.0"},{"text":"Cancel","callback_data":"a1b2c3d4.1"}]]}}"#;

/// What a call took, by as many callers at once as whole bots have people. The caller and the stand-in that answers share the
/// cores, as a bot and the crowd do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BareCalls {
    /// Calls per second.
    pub per_second: f64,
    /// The processor time of both ends of a call, in milliseconds.
    pub processor_ms: f64,
}

/// Calls for so long, by the HTTP client that the bot has, a stand-in that answers every call alike.
///
/// # Errors
/// When a call fails.
pub async fn measure(time: Duration) -> anyhow::Result<BareCalls> {
    let url = format!("{}/bot7:token/sendMessage", telegram_over_http().await);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (over, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers = (0..PEOPLE).map(|_| {
        let (client, url) = (client.clone(), url.clone());
        let (over, calls) = (Arc::clone(&over), Arc::clone(&calls));
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let request = client.post(&url).header("content-type", "application/json");
                let answer = request.body(MESSAGE).send().await?.error_for_status()?;
                answer.bytes().await?;
                calls.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, reqwest::Error>(())
        })
    });
    let callers: Vec<_> = callers.collect();
    // The connections are made before it counts.
    tokio::time::sleep(time / 4).await;
    let (calls_before, used_before, begun) = (calls.load(Ordering::Relaxed), used_ms()?, Instant::now());
    tokio::time::sleep(time).await;
    let (made, used, took) = (
        calls.load(Ordering::Relaxed) - calls_before,
        used_ms()? - used_before,
        begun.elapsed(),
    );
    over.store(true, Ordering::Relaxed);
    for caller in try_join_all(callers).await? {
        caller?;
    }
    let made = f64::from(u32::try_from(made)?);
    ensure!(made > 0.0, "no call was answered");
    Ok(BareCalls {
        per_second: made / took.as_secs_f64(),
        processor_ms: used / made,
    })
}

/// The processor time of this process so far.
fn used_ms() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    processor_ms(&stat).context("Linux tells no processor time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn calls_are_answered_and_cost_something() {
        let calls = measure(Duration::from_millis(400)).await.unwrap();
        assert!(calls.per_second > 0.0 && calls.processor_ms > 0.0, "{calls:?}");
    }
}
