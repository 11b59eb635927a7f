//! The looks at the store and at Telegram: each is one cheap question with a deadline.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use stepkeep_core::{BotId, SessionStore, StoreAdministration, Timestamp};
use teloxide_core::payloads::GetMe;
use tokio::time::timeout;
use url::Url;

use super::access::nobodys_key;
use crate::observation::redaction;
use crate::telegram::webhook::{WebhookStatus, webhook_glance};
use crate::telegram::{TelegramClient, TelegramErrorKind};

/// A store that is well answers in milliseconds.
const STORE_DEADLINE: Duration = Duration::from_secs(2);
const TELEGRAM_DEADLINE: Duration = Duration::from_secs(4);

/// Whether all is well, and if not, why, in words that tell nobody anything about the machine.
pub(super) type Checked = Result<(), &'static str>;

/// What is known of the store's settings.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct StoreReport {
    /// What can go wrong soon.
    pub(super) warnings: Vec<String>,
    /// What kept it from being looked at.
    pub(super) error: Option<String>,
}

/// What Telegram says of the webhook, and of what waits there.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct WebhookReport {
    /// Whether there is one.
    pub(super) is_set: bool,
    /// Where it leads, without the path, which may be a secret.
    pub(super) origin: Option<String>,
    /// How many updates wait at Telegram.
    pub(super) pending: Option<u64>,
    /// The last call of Telegram that failed.
    pub(super) last_error: Option<WebhookError>,
    /// What kept Telegram from saying so.
    pub(super) error: Option<String>,
}

/// A call of Telegram that failed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct WebhookError {
    pub(super) at: Option<Timestamp>,
    pub(super) message: String,
}

/// Asks the store for a session that nobody has.
pub(super) async fn store_answers(store: Arc<dyn SessionStore>, bot: BotId) -> Checked {
    let key = nobodys_key(bot);
    match timeout(STORE_DEADLINE, store.get(&key)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.kind().as_str()),
        Err(_) => Err("timeout"),
    }
}

/// Asks Telegram who the bot is. That it answers is enough, even if it asks for a pause.
pub(super) async fn telegram_answers(client: Option<TelegramClient>) -> Checked {
    let client = client.ok_or("not asked yet")?;
    match timeout(TELEGRAM_DEADLINE, client.call(&GetMe::new())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => match error.kind() {
            TelegramErrorKind::RetryAfter(_) => Ok(()),
            TelegramErrorKind::Unauthorized => Err("the token is refused"),
            TelegramErrorKind::Server(_) => Err("server error"),
            TelegramErrorKind::Timeout => Err("timeout"),
            TelegramErrorKind::Network => Err("unreachable"),
            _ => Err("an answer that is none"),
        },
        Err(_) => Err("timeout"),
    }
}

/// Looks at what can go wrong with the store soon.
pub(super) async fn store_health(administration: Option<Arc<dyn StoreAdministration>>) -> StoreReport {
    let Some(administration) = administration else {
        return StoreReport::default();
    };
    match timeout(STORE_DEADLINE, administration.check_health()).await {
        Ok(Ok(health)) => StoreReport {
            warnings: health
                .warnings
                .iter()
                .map(|text| redaction::without_secrets(text))
                .collect(),
            error: None,
        },
        Ok(Err(error)) => StoreReport {
            warnings: Vec::new(),
            error: Some(error.kind().as_str().to_owned()),
        },
        Err(_) => StoreReport {
            warnings: Vec::new(),
            error: Some("timeout".to_owned()),
        },
    }
}

/// Asks Telegram for the webhook, and for how much waits. It knows the latter for bots that poll, too.
pub(super) async fn webhook(client: Option<TelegramClient>) -> WebhookReport {
    let Some(client) = client else {
        return WebhookReport::default();
    };
    match timeout(TELEGRAM_DEADLINE, webhook_glance(&client)).await {
        Ok(Ok(status)) => WebhookReport::of(&status),
        Ok(Err(error)) => WebhookReport {
            error: Some(redaction::shown(&error.to_string())),
            ..WebhookReport::default()
        },
        Err(_) => WebhookReport {
            error: Some("no answer in time".to_owned()),
            ..WebhookReport::default()
        },
    }
}

impl WebhookReport {
    fn of(status: &WebhookStatus) -> Self {
        let origin = Url::parse(&status.url).ok();
        let last_error = status.last_error_message.as_ref();
        Self {
            is_set: !status.url.is_empty(),
            origin: origin.map(|url| url.origin().ascii_serialization()),
            pending: Some(status.pending_update_count),
            last_error: last_error.map(|message| WebhookError {
                at: status.last_error_at(),
                message: redaction::shown(message),
            }),
            error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_webhook_is_not_shown() {
        let status: WebhookStatus = serde_json::from_str(
            r#"{"url": "https://bot.example.com/a-secret-path", "pending_update_count": 3,
                "last_error_date": 1700000000, "last_error_message": "Connection refused"}"#,
        )
        .unwrap();
        let report = WebhookReport::of(&status);
        assert_eq!(report.origin.as_deref(), Some("https://bot.example.com"));
        assert_eq!((report.is_set, report.pending), (true, Some(3)));
        assert_eq!(report.last_error.unwrap().message, "Connection refused");
    }
}
