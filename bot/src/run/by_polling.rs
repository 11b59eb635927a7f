//! A bot that asks for its updates.

use std::sync::Arc;

use anyhow::Context;
use stepkeep_core::{SessionStore, SystemClock};
use tokio_util::sync::CancellationToken;

use super::drain;
use crate::runner::Runner;
use crate::telegram::{Poller, PollingConfig, SessionShelf, TelegramClient};

pub(super) async fn run(
    telegram: TelegramClient,
    store: Arc<dyn SessionStore>,
    runner: &Runner,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let shelf = SessionShelf::new(store, Arc::new(SystemClock), telegram.bot_id());
    let poller = Poller::with_shelf(Arc::new(telegram), Arc::new(shelf), PollingConfig::default());
    tracing::info!("the bot takes updates by polling");
    let ended = poller.run(|delivery| runner.take(delivery), stop).await;
    drain(runner).await;
    if let Err(error) = poller.confirm().await {
        tracing::warn!(%error, "the last updates could not be confirmed; they come again and change nothing");
    }
    ended.context("updates can't be fetched")
}
