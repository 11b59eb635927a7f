//! Setting and asking after the webhook.

use serde_json::json;
use url::Url;

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError, params::FileSource},
    telegram::{
        updates::AllowedUpdates,
        webhook::{Webhook, WebhookSettings},
    },
};

const DEFAULT_CONNECTIONS: i64 = 40;
const MAX_CONNECTIONS: i64 = 100;
const MAX_SECRET: usize = 256;

pub(super) fn set_webhook(mut call: Call<'_>) -> Outcome {
    let Some(url) = call.params.text("url") else {
        return Ok(delete_webhook(&call));
    };
    let settings = settings_of(&mut call, &url)?;
    let allowed: Option<Vec<String>> = call.params.shaped("allowed_updates")?;
    let drop_pending = call.params.boolean("drop_pending_updates");
    let mut state = call.bot.lock();
    if let Some(kinds) = allowed {
        state.allowed = AllowedUpdates::from_list(kinds);
    }
    if drop_pending {
        state.queue.drop_pending();
    } else if state
        .webhook
        .as_ref()
        .is_some_and(|webhook| webhook.settings == settings)
    {
        return Ok(Answer::described("Webhook is already set"));
    }
    let webhook = Webhook::start(call.world, call.bot, settings)
        .map_err(|_| ApiError::bad_request("bad webhook: the certificate can't be used"))?;
    state.webhook = Some(webhook);
    drop(state);
    call.bot.ring();
    Ok(Answer::described("Webhook was set"))
}

/// Addresses that only a self-hosted server takes are fine here: plain HTTP, any port, this computer.
fn settings_of(call: &mut Call<'_>, url: &str) -> Result<WebhookSettings, ApiError> {
    let url = Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| ApiError::bad_request("bad webhook: invalid webhook URL specified"))?;
    let secret = call.params.text("secret_token");
    if let Some(secret) = &secret {
        if secret.len() > MAX_SECRET {
            return Err(ApiError::bad_request("secret token is too long"));
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        {
            return Err(ApiError::bad_request(
                "secret token contains unallowed characters",
            ));
        }
    }
    let certificate = match call.params.take_file("certificate")? {
        Some(FileSource::Uploaded(upload)) => Some(String::from_utf8_lossy(&upload.bytes).into_owned()),
        Some(FileSource::FileId(_)) => {
            return Err(ApiError::bad_request(
                "bad webhook: certificate must be uploaded as a file",
            ));
        }
        None => None,
    };
    let connections = call
        .params
        .integer("max_connections")
        .unwrap_or(DEFAULT_CONNECTIONS);
    Ok(WebhookSettings {
        url,
        secret,
        max_connections: usize::try_from(connections.clamp(1, MAX_CONNECTIONS)).unwrap_or(1),
        ip_address: call.params.text("ip_address"),
        certificate,
    })
}

pub(super) fn delete_webhook(call: &Call<'_>) -> Answer {
    let mut state = call.bot.lock();
    if call.params.boolean("drop_pending_updates") {
        state.queue.drop_pending();
    }
    match state.webhook.take() {
        Some(_) => Answer::described("Webhook was deleted"),
        None => Answer::described("Webhook is already deleted"),
    }
}

pub(super) fn get_webhook_info(call: &Call<'_>) -> Answer {
    let mut state = call.bot.lock();
    let pending = state.queue.pending(call.world.clock.unix());
    let mut info = json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending});
    if let Some(webhook) = &state.webhook {
        info["url"] = webhook.settings.url.as_str().into();
        info["has_custom_certificate"] = webhook.settings.certificate.is_some().into();
        info["max_connections"] = webhook.settings.max_connections.into();
        if let Some(address) = &webhook.settings.ip_address {
            info["ip_address"] = address.as_str().into();
        }
        if let Some(error) = &webhook.last_error {
            info["last_error_date"] = error.at.into();
            info["last_error_message"] = error.message.as_str().into();
        }
    }
    if let AllowedUpdates::Only(kinds) = &state.allowed {
        info["allowed_updates"] = json!(kinds);
    }
    Answer::of(&info)
}
