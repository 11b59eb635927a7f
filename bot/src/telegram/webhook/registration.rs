//! What Telegram knows of the webhook.

use std::fmt;

use serde::{Deserialize, Serialize};
use stepkeep_core::Timestamp;
use teloxide_core::{
    payloads::{DeleteWebhook, SetWebhook},
    requests::Payload,
    types::AllowedUpdate,
};
use url::Url;

use super::{
    super::{client::TelegramClient, error::TelegramError, sender::Sender},
    secret::WebhookSecret,
};

/// The webhook as it shall be.
#[derive(Debug, Clone)]
pub struct WantedWebhook {
    /// Where Telegram calls.
    pub url: Url,
    /// What it sends along.
    pub secret: WebhookSecret,
    /// The most calls that it makes at once, 1 to 100.
    pub max_connections: u8,
    /// The kinds of updates that it brings.
    pub allowed_updates: Vec<AllowedUpdate>,
}

/// What happens to the updates that wait at Telegram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DropPending {
    /// They come.
    #[default]
    No,
    /// They are lost, for good.
    Yes,
}

/// The webhook as Telegram has it. Everything that isn't there is missing in Telegram's answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct WebhookStatus {
    /// Where Telegram calls; empty when there is no webhook.
    pub url: String,
    /// How many updates wait.
    #[serde(default)]
    pub pending_update_count: u64,
    /// When a call last failed, in seconds since the Unix epoch.
    #[serde(default)]
    last_error_date: Option<i64>,
    /// How.
    #[serde(default)]
    pub last_error_message: Option<String>,
    /// The most calls at once.
    #[serde(default)]
    pub max_connections: Option<u32>,
    /// The kinds of updates that it brings, as Telegram names them.
    #[serde(default)]
    pub allowed_updates: Option<Vec<String>>,
}

/// `getWebhookInfo`. The type of `teloxide_core` can't be read when it has a kind of update that `teloxide_core` doesn't know;
/// somebody else's program may have asked for one.
#[derive(Serialize)]
struct GetWebhookInfo {}

impl Payload for GetWebhookInfo {
    type Output = WebhookStatus;

    const NAME: &'static str = "GetWebhookInfo";
}

/// Asks Telegram what the webhook is.
///
/// # Errors
/// [`TelegramError`], by kind.
pub async fn webhook_status(sender: &Sender) -> Result<WebhookStatus, TelegramError> {
    sender.send(None, &GetWebhookInfo {}).await
}

/// The same by one call, which is not repeated: for who asks again anyway.
///
/// # Errors
/// As [`webhook_status`].
pub(crate) async fn webhook_glance(client: &TelegramClient) -> Result<WebhookStatus, TelegramError> {
    client.call(&GetWebhookInfo {}).await
}

/// Tells Telegram what the webhook shall be. It may be what it is already, and several processes may say the same at once.
///
/// # Errors
/// [`TelegramError`], by kind: `BadRequest` when Telegram doesn't like the URL.
pub async fn set_webhook(
    sender: &Sender,
    wanted: &WantedWebhook,
    drop_pending: DropPending,
) -> Result<(), TelegramError> {
    let mut request = SetWebhook::new(wanted.url.clone());
    request.secret_token = Some(wanted.secret.expose().to_owned());
    request.max_connections = Some(wanted.max_connections);
    request.allowed_updates = Some(wanted.allowed_updates.clone());
    request.drop_pending_updates = (drop_pending == DropPending::Yes).then_some(true);
    sender.send(None, &request).await.map(drop)
}

/// Tells Telegram that there is no webhook any more, so that the bot can be polled.
///
/// # Errors
/// [`TelegramError`], by kind.
pub async fn delete_webhook(sender: &Sender, drop_pending: DropPending) -> Result<(), TelegramError> {
    let mut request = DeleteWebhook::new();
    request.drop_pending_updates = (drop_pending == DropPending::Yes).then_some(true);
    sender.send(None, &request).await.map(drop)
}

impl WantedWebhook {
    /// In which parts the webhook is not the wanted one. The secret is not among them, since Telegram doesn't tell it.
    pub fn differences(&self, status: &WebhookStatus) -> Vec<&'static str> {
        let mut differences = Vec::new();
        if status.url != self.url.as_str() {
            differences.push("url");
        }
        if status.max_connections != Some(self.max_connections.into()) {
            differences.push("max_connections");
        }
        let mut wanted: Vec<_> = self
            .allowed_updates
            .iter()
            .map(Kind)
            .map(|kind| kind.to_string())
            .collect();
        let mut found = status.allowed_updates.clone().unwrap_or_default();
        wanted.sort_unstable();
        found.sort_unstable();
        if wanted != found {
            differences.push("allowed_updates");
        }
        differences
    }
}

impl WebhookStatus {
    /// When a call last failed.
    pub fn last_error_at(&self) -> Option<Timestamp> {
        self.last_error_date
            .map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)))
    }
}

/// A kind of updates as Telegram writes it.
struct Kind<'a>(&'a AllowedUpdate);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A unit variant is written as its name.
        self.0.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::subscription;

    fn wanted() -> WantedWebhook {
        WantedWebhook {
            url: Url::parse("https://bot.example.com/hook").unwrap(),
            secret: WebhookSecret::parse("open-sesame").unwrap(),
            max_connections: 40,
            allowed_updates: subscription(),
        }
    }

    fn status(json: &str) -> WebhookStatus {
        serde_json::from_str(json).unwrap()
    }

    const AS_WANTED: &str = r#"{
        "url": "https://bot.example.com/hook", "has_custom_certificate": false, "pending_update_count": 3,
        "max_connections": 40, "ip_address": "192.0.2.1", "last_error_date": 1700000000,
        "allowed_updates": ["my_chat_member", "message", "edited_message", "callback_query", "pre_checkout_query"]
    }"#;

    #[test]
    fn the_order_of_the_kinds_makes_no_difference() {
        let status = status(AS_WANTED);
        assert_eq!(wanted().differences(&status), Vec::<&str>::new());
        assert_eq!(
            status.last_error_at(),
            Some(Timestamp::from_millis(1_700_000_000_000))
        );
    }

    #[test]
    fn every_part_that_is_not_as_wanted_is_named() {
        let other = AS_WANTED
            .replace("/hook", "/old")
            .replace("40", "1")
            .replace("pre_checkout_query", "a_kind_of_the_future");
        assert_eq!(
            wanted().differences(&status(&other)),
            ["url", "max_connections", "allowed_updates"]
        );
        let none = status(r#"{"url": "", "has_custom_certificate": false, "pending_update_count": 0}"#);
        assert_eq!(wanted().differences(&none).len(), 3);
    }

    #[test]
    fn no_secret_shows_in_debug() {
        assert!(!format!("{:?}", wanted()).contains("sesame"));
    }
}
