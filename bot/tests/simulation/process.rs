//! One process of the bot, as `stepkeep run` puts it together.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use stepkeep::catalogue::RatesCatalogue;
use stepkeep::dead_letters::DeadLetters;
use stepkeep::effects::{EffectsByName, LabelDocuments, LedgerEffects, ShippingEffects};
use stepkeep::flows::{FlowSettings, flows};
use stepkeep::ledger::{Ledger, LedgerConfig};
use stepkeep::localization::Localizer;
use stepkeep::money::{Currency, Money};
use stepkeep::observation::Observers;
use stepkeep::runner::{Runner, RunnerLimits, RunnerParts};
use stepkeep::shipping::ShippingApi;
use stepkeep::telegram::{
    ClientConfig, Poller, PollingConfig, Sender, SenderConfig, SessionShelf, TelegramClient,
};
use stepkeep_core::cache::CacheConfig;
use stepkeep_core::{BotId, Clock, Deadlines, Layers, RetryPolicy, SessionStore, Timestamp, TurnEngine};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::shipping::{Shipping, ShippingLink};
use crate::store::{Store, StoreLink};
use crate::telegram::{BOT, Telegram, TelegramLink};
use crate::weather::Life;

const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(15);

/// The bot's texts.
pub(crate) static LOCALIZER: LazyLock<Arc<Localizer>> =
    LazyLock::new(|| Arc::new(Localizer::new().expect("texts")));

/// The world around a process.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) store: Store,
    pub(crate) telegram: Telegram,
    pub(crate) shipping: Shipping,
    pub(crate) clock: PausedClock,
    /// Whether processes put on a shelf what takes them long. Two that poll at once must not: one would get what comes behind
    /// an update that the other has on its shelf, and no way of delivery lets that happen.
    pub(crate) has_shelf: bool,
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) life: Life,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// Goes with tokio's time, which stands still as long as anything can happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PausedClock {
    pub(crate) start: Instant,
}

impl PausedClock {
    /// What it shows, or showed, at an instant.
    pub(crate) fn at(&self, instant: Instant) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000) + instant.duration_since(self.start)
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }
}

impl Process {
    pub(crate) fn start(name: usize, around: &Surroundings) -> Self {
        let life = Life::new(name);
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(around.clone(), life.clone(), stop.clone()));
        Self { life, stop, task }
    }

    /// Dies at once.
    pub(crate) fn crash(self) {
        self.life.end();
        self.task.abort();
    }

    /// Is told to stop, and finishes what is under way.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
        self.life.end();
    }
}

async fn run(around: Surroundings, life: Life, stop: CancellationToken) {
    let Surroundings {
        store,
        telegram,
        shipping,
        clock,
        has_shelf,
    } = around;
    let store = Layers::new(
        StoreLink {
            store,
            life: life.clone(),
        },
        "simulated",
    )
    .with_deadline(Deadlines::default())
    .with_retry(RetryPolicy::default())
    .into_shared();
    let bot = BotId(BOT);
    let client = client(telegram, &life);
    let runner = runner(Arc::clone(&store), client.clone(), shipping, clock, life);
    let (source, config) = (Arc::new(client), PollingConfig::default());
    let poller = if has_shelf {
        let shelf = SessionShelf::new(store, Arc::new(clock), bot);
        Poller::with_shelf(source, Arc::new(shelf), config)
    } else {
        Poller::new(source, config)
    };
    let recovery = tokio::spawn({
        let (runner, stop) = (runner.clone(), stop.clone());
        async move { runner.recover(&stop).await }
    });
    poller
        .run(|delivery| runner.take(delivery), &stop)
        .await
        .expect("no trouble that a person has to see to");
    recovery.abort();
    let _ = runner.shut_down(SHUTDOWN_DEADLINE).await;
    let _ = poller.confirm().await;
}

/// A process's client of Telegram.
pub(crate) fn client(telegram: Telegram, life: &Life) -> TelegramClient {
    let link = TelegramLink {
        telegram,
        life: life.clone(),
    };
    TelegramClient::over(Arc::new(link), BotId(BOT), &ClientConfig::default())
}

/// The balances in a store; everybody begins with enough.
pub(crate) fn ledger(store: Arc<dyn SessionStore>, clock: PausedClock) -> Ledger {
    let config = LedgerConfig {
        welcome_credit: Money::from_minor(100_000_000, Currency::USD),
        ..LedgerConfig::new(Currency::USD)
    };
    Ledger::new(store, Arc::new(clock), BotId(BOT), config)
}

/// A process's runner.
pub(crate) fn runner(
    store: Arc<dyn SessionStore>,
    client: TelegramClient,
    shipping: Shipping,
    clock: PausedClock,
    life: Life,
) -> Runner {
    let bot = BotId(BOT);
    let shipping: Arc<dyn ShippingApi> = Arc::new(ShippingLink { shipping, life });
    let rates = RatesCatalogue::new(Arc::clone(&shipping), CacheConfig::default(), Arc::new(clock));
    let settings = FlowSettings {
        rates: Some(Arc::new(rates.clone())),
        ..FlowSettings::default()
    };
    let ledger = ledger(Arc::clone(&store), clock);
    let labels = ShippingEffects::new(Arc::clone(&shipping), rates).with_ledger(ledger.clone());
    let effects = EffectsByName::new().with(&ShippingEffects::NAMES, labels).with(
        &LedgerEffects::NAMES,
        LedgerEffects::new(ledger, Arc::clone(&store), bot),
    );
    Runner::new(RunnerParts {
        engine: TurnEngine::new(Arc::clone(&store), flows(&LOCALIZER, &settings), Arc::new(clock)),
        sender: Arc::new(Sender::new(client, SenderConfig::default())),
        localizer: Arc::clone(&LOCALIZER),
        effects: Arc::new(effects),
        documents: Arc::new(LabelDocuments::new(shipping)),
        bot,
        bot_name: "KeepBot".to_owned(),
        dead_letters: DeadLetters::new(store, Arc::new(clock), bot),
        limits: RunnerLimits::default(),
        observers: Observers::default(),
        payments: None,
    })
}
