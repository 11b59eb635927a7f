//! How operators look at a running bot: health and readiness, metrics, the state of its delivery, and a dashboard.
//!
//! [`Status`] knows what there is to see, and is told by the parts of the bot as they come to be; [`StatusServer`] answers
//! at an address of its own, and outlives the bot, so that a process that stops can say so. [`Activity`] is what the runner
//! and the store note what they did in.
//!
//! | path | who may | what it is |
//! |---|---|---|
//! | `/healthz` | anybody | 200 while the process answers |
//! | `/readyz` | anybody | 200 when it can do its work, else 503 with the reasons |
//! | `/metrics` | anybody | the text of the metrics, if there are any |
//! | `/api/telegram/status` | who has the token | how updates come, and how that goes |
//! | `/`, `/api/dashboard` | who has the token | the dashboard, and its data |
//!
//! Nobody's words, names or ids are in any of it.

mod access;
mod activity;
mod assets;
mod caches;
mod census;
mod checks;
mod observer;
mod probe;
mod report;
mod server;
mod token;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt as _;
use stepkeep_core::{Clock, SessionStore, StoreAdministration, StoreErrorKind, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use activity::{
    Activity, ActivityFigures, CallFigures, DurationFigures, ErrorFigures, OutcomeFigures, Place,
    SlotFigures, TurnOutcome, UpdateFigures,
};
pub use caches::CacheFigures;
pub use server::{StatusServer, StatusServerError};
pub use token::{InvalidStatusToken, StatusToken};

use crate::config::Delivery;
use crate::flows::FlowMap;
use crate::observation::Batched;
use crate::runner::{Runner, WeakRunner};
use crate::telegram::{BotToken, TelegramClient};
use access::Access;
use census::{Bounds, Census, Registry};
use checks::{Checked, StoreReport, WebhookReport};
use probe::Probe;

/// Makes the text that `/metrics` answers with.
pub type MetricsSource = Arc<dyn Fn() -> String + Send + Sync>;

/// Tells what the caches did.
type CacheSource = Box<dyn Fn() -> Vec<CacheFigures> + Send + Sync>;

/// What there is to see from the beginning.
pub struct StatusParts {
    /// Whose bot it is: its number is shown, and keys are derived from the rest.
    pub bot: BotToken,
    /// How updates come.
    pub delivery: Delivery,
    /// The store of the sessions, as the bot uses it.
    pub store: Arc<dyn SessionStore>,
    /// What the store's operators look at, if it can be looked at.
    pub administration: Option<Arc<dyn StoreAdministration>>,
    /// The store's name, such as `sqlite`.
    pub backend: String,
    /// The bot's dialogues.
    pub flows: Vec<FlowMap>,
    /// What the bot did.
    pub activity: Arc<Activity>,
    /// Who hands on to it what was not told at once, if anybody does.
    pub batched: Option<Arc<Batched>>,
    /// The metrics; `None` answers 404.
    pub metrics: Option<MetricsSource>,
    /// The clock of the sessions.
    pub clock: Arc<dyn Clock>,
    /// Cancelled when the bot is to stop.
    pub stopping: CancellationToken,
}

/// What operators see. Clones share it.
#[derive(Clone)]
pub struct Status {
    shared: Arc<Shared>,
}

struct Shared {
    parts: StatusParts,
    started_at: Timestamp,
    attached: Arc<Attached>,
    store_answers: Arc<Probe<Checked>>,
    telegram_answers: Arc<Probe<Checked>>,
    store_health: Arc<Probe<StoreReport>>,
    webhook: Arc<Probe<WebhookReport>>,
}

/// What comes to be while the bot starts.
#[derive(Default)]
struct Attached {
    client: OnceLock<TelegramClient>,
    identity: OnceLock<Identity>,
    runner: OnceLock<WeakRunner>,
    leads: OnceLock<watch::Receiver<bool>>,
    caches: OnceLock<CacheSource>,
}

#[derive(Clone, Debug, serde::Serialize)]
struct Identity {
    id: i64,
    username: String,
    name: String,
}

/// Answers of the store are remembered for so long.
const STORE_EVERY: Duration = Duration::from_secs(3);
/// Telegram is asked at most so often whether it is there.
const TELEGRAM_EVERY: Duration = Duration::from_secs(10);
/// The store's settings are looked at, and Telegram is asked for what waits there, at most so often.
const REPORTS_EVERY: Duration = Duration::from_secs(15);
/// People are counted at most so often.
const CENSUS_EVERY: Duration = Duration::from_secs(15);
/// And no more than a part of the time is spent with that.
const CENSUS_REST: u32 = 10;

impl Status {
    /// What there is to see of a bot that is about to start.
    pub fn new(parts: StatusParts) -> Self {
        let attached = Arc::<Attached>::default();
        let stop = CancellationToken::new();
        let store_answers = Probe::new(STORE_EVERY, 0, &stop, {
            let (store, bot) = (Arc::clone(&parts.store), parts.bot.bot_id());
            move || checks::store_answers(Arc::clone(&store), bot).boxed()
        });
        let telegram_answers = Probe::new(TELEGRAM_EVERY, 0, &stop, {
            let attached = Arc::clone(&attached);
            move || checks::telegram_answers(attached.client.get().cloned()).boxed()
        });
        let store_health = Probe::new(REPORTS_EVERY, 0, &stop, {
            let administration = parts.administration.clone();
            move || checks::store_health(administration.clone()).boxed()
        });
        let webhook = Probe::new(REPORTS_EVERY, 0, &stop, {
            let attached = Arc::clone(&attached);
            move || checks::webhook(attached.client.get().cloned()).boxed()
        });
        let started_at = parts.clock.now();
        let shared = Shared {
            parts,
            started_at,
            attached,
            store_answers,
            telegram_answers,
            store_health,
            webhook,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Where the bot does, and others can, note what happens.
    pub fn activity(&self) -> &Arc<Activity> {
        &self.shared.parts.activity
    }

    /// The bot can ask Telegram from now on.
    pub fn asks_with(&self, client: TelegramClient) {
        let _ = self.shared.attached.client.set(client);
    }

    /// Telegram has told who the bot is.
    pub fn is_known_as(&self, username: &str, name: &str) {
        let _ = self.shared.attached.identity.set(Identity {
            id: self.shared.parts.bot.bot_id().0,
            username: username.to_owned(),
            name: name.to_owned(),
        });
    }

    /// The bot takes updates from now on.
    pub fn runs(&self, runner: &Runner) {
        let _ = self.shared.attached.runner.set(runner.downgrade());
    }

    /// What the caches did can be asked of `figures`, every few seconds while somebody looks; it must not wait.
    pub fn has_caches(&self, figures: impl Fn() -> Vec<CacheFigures> + Send + Sync + 'static) {
        let _ = self.shared.attached.caches.set(Box::new(figures));
    }

    /// Whether this process is the one of several that polls.
    pub fn leads(&self, leads: watch::Receiver<bool>) {
        let _ = self.shared.attached.leads.set(leads);
    }

    /// The census of the people, named by `access`.
    fn census(&self, access: &Arc<Access>, stop: &CancellationToken) -> Arc<Probe<Arc<CensusResult>>> {
        let parts = &self.shared.parts;
        let registry = Arc::new(Registry {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            bot: parts.bot.bot_id(),
            flows: parts.flows.clone(),
            access: Arc::clone(access),
            bounds: Bounds::default(),
        });
        Probe::new(CENSUS_EVERY, CENSUS_REST, stop, move || {
            let registry = Arc::clone(&registry);
            async move { Arc::new(registry.count().await.map_err(StoreErrorKind::as_str)) }.boxed()
        })
    }
}

/// Where people are, or what kind of error kept that from being found out.
type CensusResult = Result<Census, &'static str>;

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("bot", &self.shared.parts.bot.bot_id())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StatusParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusParts")
            .field("bot", &self.bot.bot_id())
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
