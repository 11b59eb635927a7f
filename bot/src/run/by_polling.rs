//! A bot that asks for its updates, while it is the one that does.

use std::sync::Arc;

use anyhow::Context;
use stepkeep_core::{SessionStore, SystemClock};
use tokio_util::sync::CancellationToken;

use super::drain;
use crate::leadership::Leadership;
use crate::polling::LedPolling;
use crate::runner::Runner;
use crate::status::Status;
use crate::telegram::{PollingConfig, SessionShelf, TelegramClient};

pub(super) async fn run(
    telegram: TelegramClient,
    store: Arc<dyn SessionStore>,
    runner: &Runner,
    status: &Status,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let bot = telegram.bot_id();
    let shelf = SessionShelf::new(Arc::clone(&store), Arc::new(SystemClock), bot);
    let mut polling = LedPolling::new(
        Leadership::new(store, Arc::new(SystemClock), bot),
        Arc::new(telegram),
        Arc::new(shelf),
        PollingConfig::default(),
    );
    status.leads(polling.leads());
    tracing::info!("the bot is ready to poll");
    let ended = polling
        .run(|delivery| runner.take(delivery), || runner.let_go(), stop)
        .await;
    drain(runner).await;
    polling.finish().await;
    ended.context("updates can't be fetched")
}
