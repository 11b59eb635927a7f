//! `stepkeep run`: puts the parts together, and takes them apart again in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use stepkeep_core::{BotId, SessionStore, SystemClock, TurnEngine};
use teloxide_core::payloads::{GetMe, SetMyCommands};
use teloxide_core::types::BotCommand;
use tokio_util::sync::CancellationToken;

use crate::effects::{LabelDocuments, ShippingEffects};
use crate::flows::{COMMANDS, flows};
use crate::localization::{Language, Localizer};
use crate::runner::{Drained, ExecutorConfig, Runner, RunnerParts};
use crate::shipping::ShippingApi;
use crate::telegram::{Poller, PollingConfig, Sender, SenderConfig, TelegramClient};

/// How often it is looked for what is due.
const RECOVERY_EVERY: Duration = Duration::from_secs(1);

/// How long what is under way may take to finish when the bot is stopped.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(15);

/// What a bot runs on.
#[derive(Debug)]
pub struct Parts {
    /// Where sessions are kept.
    pub store: Arc<dyn SessionStore>,
    /// The Bot API.
    pub telegram: TelegramClient,
    /// The shipping API.
    pub shipping: Arc<dyn ShippingApi>,
}

/// Runs the bot by long polling until `stop` is cancelled; then lets what is under way finish.
///
/// # Errors
/// When Telegram refuses the bot for good: a dead token, or a webhook that is set.
pub async fn run(parts: Parts, stop: &CancellationToken) -> anyhow::Result<()> {
    let Parts {
        store,
        telegram,
        shipping,
    } = parts;
    let sender = Arc::new(Sender::new(telegram.clone(), SenderConfig::default()));
    let Some(me) = stop.run_until_cancelled(sender.send(None, &GetMe::new())).await else {
        return Ok(());
    };
    let me = me
        .context("Telegram could not be asked who this bot is; check the token and the address of the API")?;
    let localizer = Arc::new(Localizer::new().context("the bot's texts can't be read")?);
    set_commands(&sender, &localizer).await;

    let runner = Runner::new(RunnerParts {
        engine: TurnEngine::new(store, flows(&localizer), Arc::new(SystemClock)),
        sender: Arc::clone(&sender),
        localizer,
        effects: Arc::new(ShippingEffects::new(Arc::clone(&shipping))),
        documents: Arc::new(LabelDocuments::new(shipping)),
        bot: BotId(telegram.bot_id()),
        bot_name: me.username().to_owned(),
        executor: ExecutorConfig::default(),
    });
    let poller = Poller::new(Arc::new(telegram), PollingConfig::default());
    tracing::info!(bot = me.username(), "the bot takes updates");

    let recovery = tokio::spawn({
        let (runner, stop) = (runner.clone(), stop.clone());
        async move { runner.recover(RECOVERY_EVERY, &stop).await }
    });
    let ended = poller.run(|delivery| runner.take(delivery), stop).await;
    recovery.abort();
    tracing::info!("the bot takes no more updates; what is under way finishes");
    if let Drained::Abandoned(jobs) = runner.shut_down(SHUTDOWN_DEADLINE).await {
        tracing::warn!(
            jobs,
            "not everything finished in time; Telegram sends it again to the next process"
        );
    }
    if let Err(error) = poller.confirm().await {
        tracing::warn!(%error, "the last updates could not be confirmed; they come again and change nothing");
    }
    ended.context("updates can't be fetched")
}

/// Tells Telegram what the menu of commands shows. The bot works without it, so a failure is only logged.
async fn set_commands(sender: &Sender, localizer: &Localizer) {
    for language in Language::ALL {
        let command = |name| BotCommand::new(name, localizer.plain(language, &format!("command-{name}")));
        let mut request = SetMyCommands::new(COMMANDS.map(command));
        // English is what everybody sees whose language has no menu of its own.
        request.language_code = (language != Language::English).then(|| language.code().to_owned());
        if let Err(error) = sender.send(None, &request).await {
            tracing::warn!(%language, %error, "the menu of commands could not be set");
        }
    }
}
