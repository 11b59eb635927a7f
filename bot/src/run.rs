//! `stepkeep run`: puts the parts together, and takes them apart again in order.

mod admins;
mod by_polling;
mod by_webhook;
mod generation;
mod outside;
mod stars;
mod watched;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use stepkeep_core::{
    CleanupSettings, CleanupTask, Clock, Deadlines, IdlePolicy, Layers, RetryPolicy, SessionStore,
    StoreAdministration, SystemClock, TurnEngine,
};
use teloxide_core::payloads::{GetMe, SetMyCommands};
use teloxide_core::types::BotCommand;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admin_messages::AdminMessages;
use crate::broadcast::Broadcasts;
use crate::catalogue::{AccountCatalogue, Catalogues};
use crate::config::{Settings, TelegramSettings};
use crate::dead_letters::{self, DeadLetters};
use crate::failure::Failure;
use crate::flows::{COMMANDS, FlowSettings, STARS_COMMANDS, flows};
use crate::leadership::Leadership;
use crate::ledger::{Ledger, LedgerWatch};
use crate::localization::{Language, Localizer};
use crate::metrics::{CacheCollector, Census, CensusConfig, Metrics, RunnerLoadCollector};
use crate::observation::Observers;
use crate::people::{People, SEEN_KEPT_FOR};
use crate::runner::{Drained, Runner, RunnerLimits, RunnerParts};
use crate::shipping::{ShippingApi, ShippingClient, ShippingConfig};
use crate::status::{CacheFigures, Status, StatusServer};
use crate::store::OpenStore;
use crate::store_size::StoreSizeWatch;
use crate::telegram::{ClientConfig, Sender, SenderConfig, SessionShelf, TelegramClient};
use crate::telemetry::Telemetry;
use admins::Admins;
use generation::Generation;
use outside::Outside;
use stars::Stars;
use watched::Watched;

/// How long what is under way may take to finish when the bot is stopped.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(15);

/// What mostly helps when an HTTP client can't be set up.
const CERTIFICATES: &str =
    "see to it that the system has certificates: on Debian, `apt-get install ca-certificates` brings them";

/// Runs the bot that the settings describe until `stop` is cancelled; then lets what is under way finish.
///
/// # Errors
/// When the store can't be opened, the webhook's address can't be listened at, or Telegram refuses the bot for good: a
/// dead token, a webhook that is set while the bot is to poll, or one that it doesn't take.
pub async fn run(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<()> {
    run_and_tell(settings, stop, |_| {}).await
}

/// The same; `tell` hears of the server at which operators look, once it answers.
///
/// # Errors
/// As [`run`].
pub async fn run_and_tell(
    settings: &Settings,
    stop: &CancellationToken,
    tell: impl FnOnce(&StatusServer) + Send,
) -> anyhow::Result<()> {
    let store = OpenStore::open(&settings.store).await.with_context(|| {
        Failure::new(
            format!("the store {} could not be opened", settings.store),
            "look at the reason above, or name another store in STEPKEEP_STORE",
        )
    })?;
    warn_of_the_store(&*store.administration).await;
    // The deadline bounds each attempt, and the retry clears up what became of one that was cut off.
    let telemetry = Telemetry::new(settings);
    if !telemetry.metrics.install() {
        tracing::debug!("the process has a registry of metrics already; this bot's are beside it");
    }
    let sessions = Layers::new(Arc::clone(&store.sessions), store.administration.backend())
        .with_deadline(Deadlines::default())
        .with_retry(RetryPolicy::default())
        .with_observer(settings.slowness, Arc::new(telemetry.observers.clone()))
        .into_shared();
    let cleanup = CleanupTask::start(
        Arc::clone(&sessions),
        Arc::new(SystemClock),
        cleanup_settings(settings),
    );
    let administration = Arc::clone(&store.administration);
    let watched = match Watched::start(settings, sessions, telemetry, Some(administration), stop).await {
        Ok(watched) => watched,
        Err(error) => {
            cleanup.stop().await;
            store.close().await;
            return Err(error);
        }
    };
    if let Some(server) = watched.server() {
        tell(server);
    }
    let size_watch = watch_size(settings, &store, "sessions", &watched, stop);
    let ended = run_watched(settings, &watched, stop).await;
    size_watch.abort();
    cleanup.stop().await;
    store.close().await;
    // Last, so that it can be seen until the end that the process stops.
    watched.stop().await;
    ended
}

/// Tells operators what the store's settings can lose, before it is lost.
async fn warn_of_the_store(store: &dyn StoreAdministration) {
    match store.check_health().await {
        Ok(health) => {
            for warning in health.warnings {
                tracing::warn!(store = store.backend(), "{warning}");
            }
        }
        Err(error) => {
            tracing::warn!(store = store.backend(), %error, "the store's settings could not be looked at");
        }
    }
}

fn cleanup_settings(settings: &Settings) -> CleanupSettings {
    CleanupSettings {
        every: settings.cleanup.interval,
        idle_for: settings.cleanup.idle,
        // What lies on the shelf is somebody's update that is still to be handled.
        scopes: BTreeMap::from([
            (SessionShelf::scope(), None),
            (Leadership::scope(), None),
            (Ledger::scope(), None),
            (People::scope(), None),
            (People::seen_scope(), Some(SEEN_KEPT_FOR)),
            (Broadcasts::scope(), None),
            (DeadLetters::scope(), Some(dead_letters::KEPT_FOR)),
        ]),
        ..CleanupSettings::default()
    }
}

/// The same on a store that is open: for tests that count or break what goes through it.
///
/// # Errors
/// As [`run`], but for the store's.
pub async fn run_on(
    settings: &Settings,
    store: Arc<dyn SessionStore>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let telemetry = Telemetry::new(settings);
    let store = Layers::new(store, "given")
        .with_observer(settings.slowness, Arc::new(telemetry.observers.clone()))
        .into_shared();
    run_observed(settings, store, &telemetry, stop).await
}

/// The same, observed by these: for tests that look at what is observed, and programs that have a registry of their own. The
/// store's operations are observed only if a layer around it does so.
///
/// # Errors
/// As [`run_on`].
pub async fn run_observed(
    settings: &Settings,
    store: Arc<dyn SessionStore>,
    telemetry: &Telemetry,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let watched = Watched::start(settings, store, telemetry.clone(), None, stop).await?;
    let ended = run_watched(settings, &watched, stop).await;
    watched.stop().await;
    ended
}

/// Opens the ledger's own store if it has one, and runs.
async fn run_watched(settings: &Settings, watched: &Watched, stop: &CancellationToken) -> anyhow::Result<()> {
    let Some(url) = &settings.ledger.url else {
        let ledger_store = Arc::clone(&watched.store);
        return run_with_ledger(settings, watched, ledger_store, stop).await;
    };
    let opened = OpenStore::open(url).await.with_context(|| {
        Failure::new(
            format!("the ledger's store {url} could not be opened"),
            "look at the reason above, or name another store in STEPKEEP_LEDGER_URL",
        )
    })?;
    warn_of_the_store(&*opened.administration).await;
    let ledger_store = Layers::new(Arc::clone(&opened.sessions), opened.administration.backend())
        .with_deadline(Deadlines::default())
        .with_retry(RetryPolicy::default())
        .with_observer(settings.slowness, Arc::new(watched.telemetry.observers.clone()))
        .into_shared();
    let size_watch = watch_size(settings, &opened, "ledger", watched, stop);
    let ended = run_with_ledger(settings, watched, ledger_store, stop).await;
    size_watch.abort();
    opened.close().await;
    ended
}

/// Looks how large a store is, until stopped.
fn watch_size(
    settings: &Settings,
    store: &OpenStore,
    kind: &'static str,
    watched: &Watched,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let watch = StoreSizeWatch::new(
        Arc::clone(&store.administration),
        kind,
        settings.store_size_warning,
    );
    let (metrics, stop) = (watched.telemetry.metrics.clone(), stop.clone());
    tokio::spawn(async move { watch.run(&metrics, &stop).await })
}

async fn run_with_ledger(
    settings: &Settings,
    watched: &Watched,
    ledger_store: Arc<dyn SessionStore>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let (store, status) = (Arc::clone(&watched.store), &watched.status);
    let Telemetry {
        metrics, observers, ..
    } = &watched.telemetry;
    let telegram = telegram_client(&settings.telegram, observers)?;
    status.asks_with(telegram.clone());
    let shipping_client = Arc::new(shipping_client(settings, observers)?);
    let shipping: Arc<dyn ShippingApi> = Arc::<ShippingClient>::clone(&shipping_client);
    let generation_api = generation::client(settings, observers)?;
    let sender = Arc::new(Sender::new(telegram.clone(), SenderConfig::default()));
    let Some(me) = stop.run_until_cancelled(sender.send(None, &GetMe::new())).await else {
        return Ok(());
    };
    let me = me.with_context(unknown_bot)?;
    status.is_known_as(me.username(), &me.full_name());
    let localizer = Arc::new(Localizer::new().context("the bot's texts can't be read")?);
    set_commands(&sender, &localizer, settings.stars.is_some()).await;

    let bot = telegram.bot_id();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ledger_config = settings.ledger.config.clone();
    let ledger = Ledger::new(ledger_store, Arc::clone(&clock), bot, ledger_config);
    let catalogues = Catalogues::new(&settings.cache, &shipping, generation_api.as_ref(), &clock);
    let catalogues = catalogues.with_context(unusable_cache)?;
    let (accounts, ledger) = AccountCatalogue::of(ledger, settings.cache.accounts(), &clock);
    let catalogues = catalogues
        .with_carriers_of(&shipping_client)
        .with_accounts(accounts.clone());
    let learning = generation::keep_learning(&catalogues, settings.cache.model_info, stop);
    let generation = Generation::of(
        settings,
        generation_api,
        &catalogues,
        &ledger,
        &telegram,
        (&clock, stop),
    )
    .await?;
    show_caches(&catalogues, status, metrics);
    let stars = Stars::of(settings, &ledger);
    let flow_settings = FlowSettings {
        generation: generation.as_ref().map(|generation| generation.offer.clone()),
        stars: stars.offer.clone(),
        ..flow_settings(settings, &catalogues)
    };
    let census = Census::new(
        Arc::clone(&store),
        Arc::new(SystemClock),
        flows(&localizer, &flow_settings),
        bot,
        CensusConfig::default(),
    );
    let admins = Admins::of(settings, watched, &ledger, &clock, bot);
    let outside = Outside::of(
        &ledger,
        &shipping,
        &catalogues,
        generation,
        admin_messages(settings, &sender, &localizer, &store),
        (Arc::clone(&store), bot),
    );
    let outside = outside
        .with_admins(admins.effects())
        .with_stars(&ledger, &telegram);
    let observers = observers.and(admins.observer());
    let ledger_watch = outside.ledger_watch;
    let runner = Runner::new(RunnerParts {
        engine: TurnEngine::new(
            Arc::clone(&store),
            flows(&localizer, &flow_settings),
            Arc::new(SystemClock),
        ),
        sender: Arc::clone(&sender),
        localizer: Arc::clone(&localizer),
        effects: Arc::new(outside.effects),
        documents: Arc::new(outside.documents),
        bot,
        bot_name: me.username().to_owned(),
        dead_letters: DeadLetters::new(Arc::clone(&store), Arc::new(SystemClock), bot),
        limits: RunnerLimits::default(),
        observers: observers.clone(),
        payments: Some(Arc::clone(&stars.desk)),
    });
    stars.catch_up(&telegram, &clock, stop);
    metrics.register(Arc::new(RunnerLoadCollector::new(&runner)));
    status.runs(&runner);
    let beside = go_on_beside(census, ledger_watch, &watched.telemetry, &runner, stop);
    let admins = admins.work(&sender, localizer, stop);
    let ended = take_updates(settings, telegram, store, &sender, &runner, status, stop).await;
    admins.finish().await;
    drop(beside);
    learning.abort();
    ended
}

/// What goes on beside the updates, until it is dropped.
fn go_on_beside(
    census: Census,
    ledger_watch: LedgerWatch,
    telemetry: &Telemetry,
    runner: &Runner,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut beside = JoinSet::new();
    let (counted, stopped) = (telemetry.metrics.clone(), stop.clone());
    beside.spawn(async move { census.run(&counted, &stopped).await });
    let (metrics, stopped) = (telemetry.metrics.clone(), stop.clone());
    beside.spawn(async move { metrics.keep_up(&stopped).await });
    let (batched, stopped) = (Arc::clone(&telemetry.batched), stop.clone());
    beside.spawn(async move { batched.keep_up(&stopped).await });
    let stopped = stop.clone();
    beside.spawn(async move { ledger_watch.run(&stopped).await });
    let (runner, stopped) = (runner.clone(), stop.clone());
    beside.spawn(async move { runner.recover(&stopped).await });
    beside
}

/// Whoever tells admins of what only they can settle.
fn admin_messages(
    settings: &Settings,
    sender: &Arc<Sender>,
    localizer: &Arc<Localizer>,
    sessions: &Arc<dyn SessionStore>,
) -> Arc<AdminMessages> {
    Arc::new(AdminMessages::new(
        Arc::clone(sender),
        Arc::clone(localizer),
        Arc::clone(sessions),
        sender.client().bot_id(),
        settings.admins.clone(),
    ))
}

fn unknown_bot() -> Failure {
    Failure::new(
        "Telegram could not be asked who this bot is",
        "look at STEPKEEP_TELEGRAM_TOKEN and STEPKEEP_TELEGRAM_API_URL",
    )
}

fn unusable_cache() -> Failure {
    Failure::new(
        "what comes from elsewhere can't be shared between processes",
        "look at STEPKEEP_CACHE_URL",
    )
}

/// Lets operators see how the caches do.
fn show_caches(catalogues: &Catalogues, status: &Status, metrics: &Metrics) {
    status.has_caches({
        let catalogues = catalogues.clone();
        move || catalogues.statistics().iter().map(CacheFigures::of).collect()
    });
    metrics.register(Arc::new(CacheCollector::new({
        let catalogues = catalogues.clone();
        move || catalogues.statistics()
    })));
}

/// Takes updates the way that the settings say, until stopped.
async fn take_updates(
    settings: &Settings,
    telegram: TelegramClient,
    store: Arc<dyn SessionStore>,
    sender: &Arc<Sender>,
    runner: &Runner,
    status: &Status,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    match &settings.webhook {
        None => by_polling::run(telegram, store, runner, status, stop).await,
        Some(webhook) => {
            let shelf = SessionShelf::new(store, Arc::new(SystemClock), telegram.bot_id());
            by_webhook::run(webhook, shelf, sender, runner, stop).await
        }
    }
}

/// Lets what is under way finish, for as long as that may take.
async fn drain(runner: &Runner) {
    tracing::info!("the bot takes no more updates; what is under way finishes");
    if let Drained::Abandoned(jobs) = runner.shut_down(SHUTDOWN_DEADLINE).await {
        tracing::warn!(
            jobs,
            "not everything finished in time; Telegram sends it again to the next process"
        );
    }
}

/// How late a reminder may be that no process was there to send.
const LATEST_REMINDER: Duration = Duration::from_hours(1);

fn flow_settings(settings: &Settings, catalogues: &Catalogues) -> FlowSettings {
    let idle = &settings.idle;
    FlowSettings {
        rates: Some(Arc::new(catalogues.rates.clone())),
        generation: None,
        stars: None,
        shipping_idle: idle.shipping_timeout.map(|close_after| IdlePolicy {
            remind_after: idle.shipping_reminder,
            close_after,
            skip_reminder_after: LATEST_REMINDER,
        }),
        admins: settings.admins.clone(),
        currency: Some(settings.ledger.config.currency),
    }
}

/// The client of a bot's API.
///
/// # Errors
/// When the HTTP client can't be set up.
pub(crate) fn telegram_client(
    settings: &TelegramSettings,
    observers: &Observers,
) -> anyhow::Result<TelegramClient> {
    let config = ClientConfig {
        api_url: settings.api_url.to_string(),
        observers: observers.clone(),
        ..ClientConfig::default()
    };
    TelegramClient::new(settings.token.clone(), &config).context(Failure::new(
        "the client of the Telegram API can't be set up",
        CERTIFICATES,
    ))
}

fn shipping_client(settings: &Settings, observers: &Observers) -> anyhow::Result<ShippingClient> {
    let carriers_kept_for = settings.cache.carriers;
    let settings = &settings.shipping;
    let config = ShippingConfig {
        prefix: settings.api_prefix.clone(),
        carriers_kept_for,
        observers: observers.clone(),
        ..ShippingConfig::new(settings.api_url.clone(), settings.api_key.clone())
    };
    ShippingClient::new(config).context(Failure::new(
        "the client of the shipping API can't be set up",
        CERTIFICATES,
    ))
}

/// Tells Telegram what the menu of commands shows. The bot works without it, so a failure is only logged.
async fn set_commands(sender: &Sender, localizer: &Localizer, with_stars: bool) {
    let of_stars = STARS_COMMANDS.into_iter().filter(|_| with_stars);
    let commands: Vec<_> = COMMANDS.into_iter().chain(of_stars).collect();
    for language in Language::ALL {
        let command = |name| BotCommand::new(name, localizer.plain(language, &format!("command-{name}")));
        let mut request = SetMyCommands::new(commands.iter().copied().map(command));
        // English is what everybody sees whose language has no menu of its own.
        request.language_code = (language != Language::English).then(|| language.code().to_owned());
        if let Err(error) = sender.send(None, &request).await {
            tracing::warn!(%language, %error, "the menu of commands could not be set");
        }
    }
}
