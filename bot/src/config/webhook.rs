//! The settings of the webhook.

use std::net::SocketAddr;

use url::Url;

use super::error::{ConfigError, Findings};
use super::sources::Sources;
use super::{LogSettings, TelegramSettings, setting, values};
use crate::telegram::subscription;
use crate::telegram::webhook::{WantedWebhook, WebhookSecret};

/// Where Telegram calls, and where the bot listens.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// The address that Telegram calls.
    pub url: Url,
    /// Where the bot listens.
    pub listen: SocketAddr,
    /// What every call has to bring.
    pub secret: WebhookSecret,
    /// The most calls at once.
    pub max_connections: u8,
}

/// A webhook, unless nobody named one and none is needed.
pub(super) struct IfNamed(pub(super) Option<WebhookSettings>);

impl WebhookSettings {
    /// The webhook that Telegram is told.
    pub fn wanted(&self) -> WantedWebhook {
        WantedWebhook {
            url: self.url.clone(),
            secret: self.secret.clone(),
            max_connections: self.max_connections,
            allowed_updates: subscription(),
        }
    }

    /// Reads and checks these settings, needed or not; `None` if they are wrong or missing.
    pub(super) fn read(
        findings: &mut Findings<'_>,
        telegram: Option<&TelegramSettings>,
        needed: bool,
    ) -> Option<IfNamed> {
        let of_telegram = telegram.is_some_and(TelegramSettings::is_telegrams_own);
        let url = findings.read(&setting::WEBHOOK_URL, |text| {
            values::parse_webhook_url(text, of_telegram)
        });
        if needed && url == Some(None) {
            findings.missing(&setting::WEBHOOK_URL);
        }
        let listen = findings.read(&setting::WEBHOOK_LISTEN, values::parse_listen);
        let secret = findings.read(&setting::WEBHOOK_SECRET, values::parse_webhook_secret);
        let max_connections = findings.read(&setting::WEBHOOK_MAX_CONNECTIONS, values::parse_max_connections);
        let (url, listen, secret, max_connections) = (url?, listen?, secret?, max_connections?);
        let Some(url) = url else {
            return Some(IfNamed(None));
        };
        let secret = match secret {
            Some(secret) => secret,
            None => WebhookSecret::derived_from(&telegram?.token),
        };
        Some(IfNamed(Some(Self {
            url,
            listen,
            secret,
            max_connections,
        })))
    }
}

/// What is needed to see to the webhook, without the rest of a bot.
#[derive(Debug, Clone)]
pub struct WebhookCommandSettings {
    /// How to reach Telegram.
    pub telegram: TelegramSettings,
    /// The webhook, if it was named.
    pub webhook: Option<WebhookSettings>,
    /// What is logged, and how.
    pub log: LogSettings,
}

impl WebhookCommandSettings {
    /// Reads and checks these settings alone. The webhook has to be named if it is `needed`, however updates come.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, and with the sources as such.
    pub fn load(sources: &Sources, needed: bool) -> Result<Self, ConfigError> {
        let mut findings = Findings::of(sources);
        let telegram = TelegramSettings::read(&mut findings);
        let webhook = WebhookSettings::read(&mut findings, telegram.as_ref(), needed);
        let log = LogSettings::read(&mut findings);
        findings.conclude(move || {
            Some(Self {
                telegram: telegram?,
                webhook: webhook?.0,
                log: log?,
            })
        })
    }
}
