//! `stepkeep webhook`: what Telegram knows of the webhook, for operators.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context;
use stepkeep_core::{Clock, SystemClock, Timestamp};

use crate::cli::{WebhookAction, WebhookArgs};
use crate::config::{WebhookCommandSettings, WebhookSettings};
use crate::failure::Failure;
use crate::logging;
use crate::observation::Observers;
use crate::run::telegram_client;
use crate::telegram::webhook::{DropPending, WebhookStatus, delete_webhook, set_webhook, webhook_status};
use crate::telegram::{Sender, SenderConfig};

/// How long Telegram is asked again when it can't be reached: somebody waits at the terminal.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does what the arguments say, and prints what there is to know afterwards.
///
/// # Errors
/// When the settings are wrong, or Telegram refuses or can't be reached.
pub async fn webhook(
    arguments: &WebhookArgs,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    let needs_url = matches!(arguments.action, WebhookAction::Set(_));
    let settings = WebhookCommandSettings::load(&arguments.sources(environment), needs_url)?;
    logging::init(&settings.log)?;
    let config = SenderConfig {
        retry_for: PATIENCE,
        ..SenderConfig::default()
    };
    let sender = Sender::new(
        telegram_client(&settings.telegram, &Observers::default())?,
        config,
    );
    match (arguments.action, &settings.webhook) {
        (WebhookAction::Set(drop_pending), Some(webhook)) => {
            set_webhook(&sender, &webhook.wanted(), drop_pending)
                .await
                .with_context(|| refused(webhook))?;
            say(&format!("The webhook is set.{}\n\n", dropped(drop_pending)));
        }
        (WebhookAction::Delete(drop_pending), _) => {
            delete_webhook(&sender, drop_pending)
                .await
                .with_context(|| unreachable("the webhook could not be deleted"))?;
            say(&format!("The webhook is deleted.{}\n\n", dropped(drop_pending)));
        }
        // The settings say that one to be set has been named.
        (WebhookAction::Info | WebhookAction::Set(_), _) => {}
    }
    let status = webhook_status(&sender)
        .await
        .with_context(|| unreachable("Telegram could not be asked for the webhook"))?;
    say(&report(&status, settings.webhook.as_ref(), SystemClock.now()));
    Ok(())
}

/// What to say when Telegram doesn't take a webhook.
pub(crate) fn refused(webhook: &WebhookSettings) -> Failure {
    Failure::new(
        format!("Telegram doesn't take the webhook {}", webhook.url),
        "look at STEPKEEP_WEBHOOK_URL: it has to be an address that Telegram can reach, with a certificate that it trusts",
    )
}

fn unreachable(what: &str) -> Failure {
    Failure::new(
        what,
        "look at STEPKEEP_TELEGRAM_TOKEN and STEPKEEP_TELEGRAM_API_URL",
    )
}

fn dropped(drop_pending: DropPending) -> &'static str {
    match drop_pending {
        DropPending::No => "",
        DropPending::Yes => " The updates that waited are gone.",
    }
}

/// What there is to know, for people.
fn report(status: &WebhookStatus, settings: Option<&WebhookSettings>, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name:<16}{value}");
    };
    if status.url.is_empty() {
        line("url", "none: the bot can be polled");
    } else {
        line("url", &status.url);
    }
    let wanted = settings.map(WebhookSettings::wanted);
    let configured = match &wanted {
        None => "no webhook_url is set here".to_owned(),
        Some(wanted) => match wanted.differences(status).as_slice() {
            [] => "yes, as the settings say".to_owned(),
            parts => format!("no: other than the settings say are {}", parts.join(", ")),
        },
    };
    line("as configured", &configured);
    line("waiting updates", &status.pending_update_count.to_string());
    let error = match (&status.last_error_message, status.last_error_at()) {
        (None, None) => "none".to_owned(),
        (message, at) => {
            let message = message.as_deref().unwrap_or("without a reason");
            let at = at.map_or_else(String::new, |at| format!(" ({})", when(at, now)));
            format!("{message}{at}")
        }
    };
    line("last error", &error);
    if let Some(connections) = status.max_connections {
        line("connections", &format!("at most {connections}"));
    }
    match &status.allowed_updates {
        Some(kinds) => line("updates", &kinds.join(", ")),
        None => line("updates", "the usual kinds"),
    }
    text
}

/// An instant for people: how long ago, and the time itself.
fn when(at: Timestamp, now: Timestamp) -> String {
    let ago = Duration::from_secs(now.since(at).as_secs());
    let time = jiff::Timestamp::from_millisecond(at.as_millis()).map_or_else(
        |_| at.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    );
    format!("{} ago, {time}", humantime::format_duration(ago))
}

/// Prints for the person at the terminal. Who closes it doesn't want to read on.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::telegram::webhook::WebhookSecret;

    fn settings(url: &str) -> WebhookSettings {
        WebhookSettings {
            url: Url::parse(url).unwrap(),
            listen: ([127, 0, 0, 1], 8080).into(),
            secret: WebhookSecret::parse("open-sesame").unwrap(),
            max_connections: 40,
        }
    }

    fn status(json: &str) -> WebhookStatus {
        serde_json::from_str(json).unwrap()
    }

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_090_000);

    #[test]
    fn a_webhook_that_works_and_one_that_does_not() {
        let good = status(
            r#"{"url": "https://bot.example.com/hook", "pending_update_count": 0, "max_connections": 40,
                "allowed_updates": ["message", "edited_message", "callback_query", "pre_checkout_query", "my_chat_member"]}"#,
        );
        insta::assert_snapshot!(report(
            &good,
            Some(&settings("https://bot.example.com/hook")),
            NOW
        ));
        let bad = status(
            r#"{"url": "https://old.example.com/hook", "pending_update_count": 12, "max_connections": 40,
                "last_error_date": 1700000000, "last_error_message": "Wrong response from the webhook: 502 Bad Gateway"}"#,
        );
        insta::assert_snapshot!(report(&bad, Some(&settings("https://bot.example.com/hook")), NOW));
    }

    #[test]
    fn without_a_webhook_it_says_so() {
        let none = status(r#"{"url": "", "pending_update_count": 3}"#);
        insta::assert_snapshot!(report(&none, None, NOW));
    }
}
