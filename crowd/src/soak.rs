//! Puts a soak together, runs it, and takes it apart.

mod phases;
mod verdict;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use stepkeep_test_servers::free_port;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::audit::{Rule, Violation};
use crate::balancer::Balancer;
use crate::bot_process::BotSettings;
use crate::faults::{FaultKind, Faults};
use crate::fleet::{Fleet, find_program};
use crate::household::{Household, Told};
use crate::phrases::Phrases;
use crate::report::Report;
use crate::store::{Store, StoreChoice};
use crate::storm::Storm;
use crate::town::{API_KEY, BOT, TOKEN, Town};
use crate::world::{Quota, World};
use phases::{Phase, chats_of, phases_of};
use verdict::{judge, violation};

/// Somebody who only looks whether the bot is up.
const PORTER: i64 = 9_999;

/// How long a bot may take until it answers.
const UP_WITHIN: Duration = Duration::from_mins(1);

/// Every so many-th delivery to the webhook is handed to two processes at once.
const DOUBLED_EVERY: usize = 20;

/// The webhook's secret: of a soak, and so no secret.
const WEBHOOK_SECRET: &str = "crowd-secret";

/// How updates reach the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Delivery {
    /// The bot asks for them.
    Polling,
    /// They are posted to it, through a balancer.
    Webhook,
}

impl Delivery {
    const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Webhook => "webhook",
        }
    }
}

/// What is to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many people talk at the same time.
    pub people: usize,
    /// How many conversations are to be had.
    pub conversations: usize,
    /// No conversation begins later.
    pub time_limit: Duration,
    /// On which store.
    pub store: StoreChoice,
    /// How many processes of the bot.
    pub processes: usize,
    /// How updates reach them.
    pub delivery: Delivery,
    /// Which faults there are.
    pub faults: Faults,
    /// The pause between two faults, on average.
    pub fault_every: Duration,
    /// Brings back the same people, with the same plans.
    pub seed: u64,
    /// How long people think, on average.
    pub think: Duration,
    /// How long one waits for an answer once no fault goes on any more.
    pub patience: Duration,
    /// Measures what one slow conversation costs the others.
    pub slow_person: bool,
    /// The bot's program.
    pub bot: Option<PathBuf>,
    /// Where the logs go; without it they are kept only when a promise was broken.
    pub logs: Option<PathBuf>,
}

/// How far a soak is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Conversations that came to their end.
    pub done: usize,
    /// All that are to be had.
    pub of: usize,
}

/// Runs a soak. When the future is dropped, everything that it started ends.
///
/// # Errors
/// When something can't be started, or the sandbox fails. What the audit finds is no error: it stands in the report.
pub async fn run(settings: Settings, progress: impl Fn(Progress) + Send + Sync) -> anyhow::Result<Report> {
    check(&settings)?;
    let program = find_program(settings.bot.clone())?;
    let folder = Folder::new(settings.logs.clone())?;
    let town = Arc::new(Town::start().await?);
    let store = Store::start(&settings.store, folder.path()).await;
    let (bots, balancer) = bots(&settings, &program, &town, &store).await?;
    let fleet = Fleet::start(bots, folder.path())?;
    let weather = Storm {
        town: Arc::clone(&town),
        fleet,
        store,
        faults: settings.faults.clone(),
        chats: chats_of(&settings),
        every: settings.fault_every,
        seed: settings.seed,
        log: Arc::default(),
    };
    wait_for_the_bot(&town, folder.path()).await?;
    let world = Arc::new(World {
        town: Arc::clone(&town),
        phrases: Phrases::new()?,
        faults: settings.faults.clone(),
        storm: Arc::clone(&weather.log),
        quota: Quota::new(0),
        seed: settings.seed,
        think: settings.think,
        patience: settings.patience,
    });

    let (end, stop) = (CancellationToken::new(), CancellationToken::new());
    let raging = {
        let (end, stop) = (end.clone(), stop.clone());
        AbortOnDropHandle::new(tokio::spawn(async move { weather.rages(&end, &stop).await }))
    };
    let began = Instant::now();
    let mut phases = Vec::new();
    for phase in phases_of(&settings) {
        world.quota.add(phase.conversations);
        let told = lives(&settings, &world, &phase, began, &end, &progress).await?;
        phases.push((phase, told));
    }
    let seconds = began.elapsed().as_secs_f64();
    end.cancel();
    let unconfirmed = quiet(&town, settings.patience).await?;
    let phases: Vec<(Phase, Vec<Told>)> = phases
        .into_iter()
        .map(|(phase, households)| (phase, households.into_iter().map(Household::tells).collect()))
        .collect();
    stop.cancel();
    let mut weather = raging.await.context("the storm broke off")??;
    let mut violations = end_bots(&mut weather.fleet).await;
    if unconfirmed > 0 {
        let what = format!("{unconfirmed} updates were never confirmed");
        violations.push(violation(Rule::Hung, what, Duration::ZERO));
    }
    if let Some(balancer) = &balancer {
        let doubled = u64::try_from(balancer.doubled()).unwrap_or(u64::MAX);
        weather.log.count("deliveries to two processes at once", doubled);
    }
    let labels = town.labels().await?;
    let mut report = judge(
        &settings,
        &world,
        &weather.log,
        phases,
        &labels,
        seconds,
        violations,
    );
    report.logs = folder.keep_if(!report.is_clean());
    drop(weather);
    Ok(report)
}

fn check(settings: &Settings) -> anyhow::Result<()> {
    ensure!(settings.people > 0, "a crowd has at least one person");
    ensure!(settings.processes > 0, "there is at least one process");
    if settings.store == StoreChoice::Memory {
        let ends = settings.faults.0.iter().find(|kind| kind.ends_processes());
        if let Some(kind) = ends {
            bail!(
                "the memory store doesn't outlive its process: leave out {}",
                kind.name()
            );
        }
        ensure!(settings.processes == 1, "the memory store is of one process");
    }
    Ok(())
}

/// The folder of the logs, and of a SQLite file.
enum Folder {
    Given(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    fn new(given: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(match given {
            Some(path) => {
                std::fs::create_dir_all(&path)?;
                Self::Given(path.canonicalize()?)
            }
            None => Self::Temporary(tempfile::Builder::new().prefix("stepkeep-crowd-").tempdir()?),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    fn keep_if(self, wanted: bool) -> Option<PathBuf> {
        match self {
            Self::Given(path) => Some(path),
            Self::Temporary(folder) => wanted.then(|| folder.keep()),
        }
    }
}

async fn bots(
    settings: &Settings,
    program: &Path,
    town: &Town,
    store: &Store,
) -> anyhow::Result<(Vec<BotSettings>, Option<Balancer>)> {
    let common = [
        ("STEPKEEP_TELEGRAM_TOKEN", TOKEN.to_owned()),
        ("STEPKEEP_TELEGRAM_API_URL", town.url()),
        ("STEPKEEP_STORE", store.url()),
        ("STEPKEEP_SHIPPING_API_URL", format!("{}/shipping", town.url())),
        ("STEPKEEP_SHIPPING_API_KEY", API_KEY.to_owned()),
        ("STEPKEEP_WELCOME_CREDIT", "1000000.00".to_owned()),
        ("STEPKEEP_LOG", "info".to_owned()),
        ("STEPKEEP_STATUS_LISTEN", "off".to_owned()),
    ];
    let common = common.map(|(name, value)| (name.to_owned(), value));
    let bot = |further: Vec<(String, String)>| BotSettings {
        program: program.to_owned(),
        environment: common.iter().cloned().chain(further).collect(),
    };
    if settings.delivery == Delivery::Polling {
        return Ok(((0..settings.processes).map(|_| bot(vec![])).collect(), None));
    }
    let listens: Vec<SocketAddr> = (0..settings.processes)
        .map(|_| SocketAddr::from(([127, 0, 0, 1], free_port())))
        .collect();
    let doubled = if settings.faults.has(FaultKind::Redelivery) {
        DOUBLED_EVERY
    } else {
        0
    };
    let balancer = Balancer::start(listens.clone(), doubled).await?;
    let bots = listens.into_iter().map(|address| {
        let further = [
            ("STEPKEEP_DELIVERY", "webhook".to_owned()),
            ("STEPKEEP_WEBHOOK_URL", format!("{}/telegram", balancer.url())),
            ("STEPKEEP_WEBHOOK_LISTEN", address.to_string()),
            ("STEPKEEP_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ];
        bot(further.map(|(name, value)| (name.to_owned(), value)).to_vec())
    });
    Ok((bots.collect(), Some(balancer)))
}

/// Nothing is measured before the bot answers its first message.
async fn wait_for_the_bot(town: &Town, logs: &Path) -> anyhow::Result<()> {
    town.person(PORTER, "en").await?;
    let mut ear = town.listens(PORTER).await?;
    town.says(PORTER, PORTER, "/help").await?;
    if !matches!(timeout(UP_WITHIN, ear.recv()).await, Ok(Some(_))) {
        let log = std::fs::read_to_string(logs.join("bot-0.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(15).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!(
            "bot {BOT} doesn't answer; the end of its log:\n{}",
            last.join("\n")
        );
    }
    Ok(())
}

/// Lets the people of a phase live until its conversations are had, or the time is over.
async fn lives(
    settings: &Settings,
    world: &Arc<World>,
    phase: &Phase,
    began: Instant,
    end: &CancellationToken,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> anyhow::Result<Vec<Household>> {
    let mut households = JoinSet::new();
    for residents in phase.residents.clone() {
        let world = Arc::clone(world);
        households.spawn(async move {
            let mut household = Household::new(world, residents).await?;
            household.lives().await?;
            anyhow::Ok(household)
        });
    }
    let is_last = phase.has_slow_person || !settings.slow_person;
    let mut homes = Vec::new();
    loop {
        progress(Progress {
            done: world.quota.count(),
            of: settings.conversations,
        });
        if began.elapsed() > settings.time_limit {
            world.quota.close();
        }
        if world.quota.is_exhausted() && is_last {
            end.cancel();
        }
        match timeout(Duration::from_millis(200), households.join_next()).await {
            Ok(Some(household)) => homes.push(household.context("a household broke off")??),
            Ok(None) => return Ok(homes),
            Err(_) => {}
        }
    }
}

/// Waits until every update is confirmed; answers how many never were.
async fn quiet(town: &Town, patience: Duration) -> anyhow::Result<u64> {
    let give_up = Instant::now() + patience;
    loop {
        let pending = town.pending().await?;
        if pending == 0 || Instant::now() > give_up {
            // What was said last is on its way.
            sleep(Duration::from_millis(500)).await;
            return Ok(pending);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Asks all processes to end, and looks whether they do so well.
async fn end_bots(fleet: &mut Fleet) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, process) in fleet.processes.iter_mut().enumerate() {
        let ended = process.stop().await;
        if ended.is_none_or(|status| !status.success()) {
            let what = format!("process {number} was asked to end, and did not end well: {ended:?}");
            violations.push(violation(Rule::Crash, what, Duration::ZERO));
        }
    }
    let panics = fleet.panics().into_iter();
    violations.extend(panics.map(|panic| violation(Rule::Crash, panic, Duration::ZERO)));
    violations
}
