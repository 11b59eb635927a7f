//! A bot that Telegram calls.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{drain, take};
use crate::config::WebhookSettings;
use crate::dead_letters::LetterId;
use crate::failure::Failure;
use crate::runner::Runner;
use crate::status::Status;
use crate::telegram::webhook::{
    DropPending, PutAside, PutAsideError, WebhookServer, WebhookServerConfig, set_webhook, webhook_status,
};
use crate::telegram::{Sender, SessionShelf, ShelfClearing};
use crate::webhook_command::refused;

/// How often it is looked for what polling left.
const SHELF_LOOKED_AT_EVERY: Duration = Duration::from_mins(5);

/// How long connections may take to end once everything was answered.
const CLOSING: Duration = Duration::from_secs(2);

/// Puts what nobody can read with the other dead letters.
#[derive(Debug)]
struct Letters(Runner);

#[async_trait]
impl PutAside for Letters {
    async fn put_aside(&self, raw: &str, reason: &str) -> Result<(), PutAsideError> {
        let put_aside = self.0.put_aside(LetterId::of_text(raw), raw, reason);
        Ok(put_aside.await?)
    }
}

/// Serves the webhook until `stop` is cancelled, and leaves it set: siblings go on, and what waits comes to the next process.
pub(super) async fn run(
    settings: &WebhookSettings,
    shelf: SessionShelf,
    sender: &Sender,
    runner: &Runner,
    status: &Status,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let config = WebhookServerConfig::new(settings.listen, settings.url.path(), settings.secret.clone());
    let server = WebhookServer::bind(config).await.with_context(|| {
        Failure::new(
            format!("the bot can't listen at {}", settings.listen),
            "name another address in STEPKEEP_WEBHOOK_LISTEN, or end the program that has this one",
        )
    })?;
    let address = server.address();
    let (stopping, close) = (stop.child_token(), CancellationToken::new());
    let hand_out = {
        let (runner, activity) = (runner.clone(), Arc::clone(status.activity()));
        move |delivery| {
            let (runner, activity) = (runner.clone(), Arc::clone(&activity));
            async move { take(&runner, &activity, delivery).await }
        }
    };
    // What a process that polled left is older than what comes now, so it goes first.
    let mut clearing = ShelfClearing::new(Arc::new(shelf));
    let left = clearing.hand_out(|delivery| runner.take(delivery));
    match stop.run_until_cancelled(left).await {
        None => return Ok(()),
        Some(0) => {}
        Some(updates) => tracing::info!(updates, "what polling left is handled"),
    }
    let clearing = tokio::spawn({
        let (runner, stopping) = (runner.clone(), stopping.clone());
        async move {
            let clearing = keep_clearing(clearing, &runner);
            stopping.run_until_cancelled(clearing).await
        }
    });
    // It listens before Telegram is told to call.
    let mut serving = tokio::spawn(server.serve(
        hand_out,
        Arc::new(Letters(runner.clone())),
        stopping.clone(),
        close.clone(),
    ));
    let registered = stop.run_until_cancelled(register(settings, sender)).await;
    let ended = match registered {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(())) => {
            tracing::info!(%address, url = %settings.url, "the bot takes updates by webhook");
            tokio::select! {
                () = stop.cancelled() => Ok(()),
                ended = &mut serving => ended_early(ended),
            }
        }
    };
    // Also when the webhook could not be set: it may be as it was, and bring updates.
    stopping.cancel();
    drain(runner).await;
    clearing.abort();
    close.cancel();
    if !serving.is_finished() {
        finish(serving).await;
    }
    ended
}

/// Looks now and then for what a process that polled has left: one that stood still may put something there late.
async fn keep_clearing(mut clearing: ShelfClearing, runner: &Runner) {
    loop {
        clearing.settle(|delivery| runner.take(delivery)).await;
        tokio::time::sleep(SHELF_LOOKED_AT_EVERY).await;
        clearing.hand_out(|delivery| runner.take(delivery)).await;
    }
}

/// Sees to it that Telegram calls this address. The secret can't be seen, so the webhook is set even if it looks right;
/// Telegram takes the same once more as nothing new.
async fn register(settings: &WebhookSettings, sender: &Sender) -> anyhow::Result<()> {
    let wanted = settings.wanted();
    let status = webhook_status(sender)
        .await
        .context("Telegram could not be asked for the webhook")?;
    set_webhook(sender, &wanted, DropPending::No)
        .await
        .with_context(|| refused(settings))?;
    let differences = wanted.differences(&status);
    if differences.is_empty() {
        tracing::debug!("the webhook was as it should be");
    } else {
        tracing::info!(changed = ?differences, "the webhook was changed");
    }
    if let Some(error) = &status.last_error_message {
        tracing::info!(
            error,
            waiting = status.pending_update_count,
            "Telegram's last call to the webhook failed"
        );
    }
    Ok(())
}

fn ended_early(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> anyhow::Result<()> {
    ended
        .context("the webhook's server failed")?
        .context("the webhook's server can't go on")
}

async fn finish(mut serving: JoinHandle<std::io::Result<()>>) {
    match tokio::time::timeout(CLOSING, &mut serving).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::warn!(%error, "the webhook's server ended with an error"),
        Ok(Err(error)) => tracing::warn!(%error, "the webhook's server failed"),
        Err(_) => {
            // A caller that doesn't read its answer; an idle connection ends at once.
            serving.abort();
            tracing::debug!("connections to the webhook were cut");
        }
    }
}
