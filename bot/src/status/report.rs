//! What is answered, as JSON. Instants are milliseconds since the Unix epoch.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use stepkeep_core::Timestamp;

use super::activity::{ActivityFigures, OutcomeFigures, Place, UpdateFigures};
use super::caches::CacheFigures;
use super::census::{Census, Stuck};
use super::checks::{Checked, StoreReport, WebhookReport};
use super::probe::{Probe, Sight};
use super::{CensusResult, Identity, Status};
use crate::config::Delivery;
use crate::runner::WeakRunner;

/// Whether the bot can do its work.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    checks: [Check; 3],
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Readiness {
    fn of(store: Checked, telegram: Checked, accepting: Checked) -> Self {
        let checks = [("store", store), ("telegram", telegram), ("accepting", accepting)];
        Self {
            ready: checks.iter().all(|(_, checked)| checked.is_ok()),
            checks: checks.map(|(name, checked)| Check {
                name,
                ok: checked.is_ok(),
                reason: checked.err(),
            }),
        }
    }
}

/// How updates come, and how that goes.
#[derive(Debug, Serialize)]
pub(super) struct TelegramStatus {
    version: &'static str,
    at: Timestamp,
    started_at: Timestamp,
    uptime_seconds: u64,
    bot: Option<Identity>,
    mode: &'static str,
    /// Of several processes that poll, which this one is.
    role: Option<&'static str>,
    readiness: Readiness,
    webhook: Option<Aged<WebhookReport>>,
    last_update: Option<UpdateFigures>,
    updates: u64,
    outcomes: OutcomeFigures,
    backlog: BacklogReport,
    store: StoreStatus,
}

#[derive(Debug, Serialize)]
struct BacklogReport {
    updates: usize,
    conversations: usize,
    held_back: usize,
    outside_calls: usize,
    pending_at_telegram: Option<u64>,
    dead_letters: Option<u64>,
}

#[derive(Debug, Serialize)]
struct StoreStatus {
    backend: String,
    ok: bool,
    reason: Option<&'static str>,
    #[serde(flatten)]
    report: Option<StoreReport>,
}

/// Something that was seen a while ago.
#[derive(Debug, Serialize)]
struct Aged<T> {
    seen_seconds_ago: u64,
    #[serde(flatten)]
    value: T,
}

impl<T> From<Sight<T>> for Aged<T> {
    fn from(sight: Sight<T>) -> Self {
        Self {
            seen_seconds_ago: sight.age.as_secs(),
            value: sight.value,
        }
    }
}

/// All that the dashboard shows.
#[derive(Debug, Serialize)]
pub(super) struct Dashboard {
    status: TelegramStatus,
    people: Option<People>,
    activity: ActivityFigures,
    caches: Vec<CacheFigures>,
}

#[derive(Debug, Serialize)]
struct People {
    seen_seconds_ago: u64,
    error: Option<&'static str>,
    sessions: u64,
    in_dialogue: u64,
    unreadable: u64,
    is_whole: bool,
    took_ms: u64,
    flows: Vec<Flow>,
    stuck: Vec<Stuck>,
}

#[derive(Debug, Serialize)]
struct Flow {
    #[serde(rename = "flow")]
    name: String,
    people: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    #[serde(rename = "step")]
    name: String,
    people: u64,
    /// How many answers led here in the last half hour.
    arrivals: u64,
    is_resting: bool,
    oldest: Option<Timestamp>,
}

impl People {
    fn of(sight: &Sight<Arc<CensusResult>>, activity: &ActivityFigures) -> Self {
        let nothing = Census::default();
        let (census, error) = match &*sight.value {
            Ok(census) => (census, None),
            Err(kind) => (&nothing, Some(*kind)),
        };
        let arrivals = |flow: &str, step: &str| {
            let place = Place {
                flow: flow.to_owned(),
                step: step.to_owned(),
            };
            activity.arrivals.get(&place).copied().unwrap_or(0)
        };
        let flows = census.flows.iter().map(|flow| Flow {
            name: flow.flow.clone(),
            people: flow.people,
            steps: flow
                .steps
                .iter()
                .map(|step| Step {
                    name: step.step.clone(),
                    people: step.people,
                    arrivals: arrivals(&flow.flow, &step.step),
                    is_resting: step.is_resting,
                    oldest: step.oldest,
                })
                .collect(),
        });
        Self {
            seen_seconds_ago: sight.age.as_secs(),
            error,
            sessions: census.sessions,
            in_dialogue: census.in_dialogue,
            unreadable: census.unreadable,
            is_whole: census.is_whole,
            took_ms: census.took_ms,
            flows: flows.collect(),
            stuck: census.stuck.clone(),
        }
    }
}

/// Telegram's answer may take so long while somebody waits for it.
const FIRST_LOOK: Duration = Duration::from_secs(5);

impl Status {
    /// Whether the bot can do its work; waits for the store and Telegram, within their deadlines.
    pub(super) async fn readiness(&self) -> Readiness {
        let shared = &self.shared;
        let (store, telegram) =
            futures::future::join(shared.store_answers.fresh(), shared.telegram_answers.fresh()).await;
        Readiness::of(store, telegram, self.accepting())
    }

    /// The same as it was seen last.
    fn readiness_at_a_glance(&self) -> Readiness {
        let glance = |probe: &Arc<Probe<Checked>>| {
            probe
                .glance()
                .map_or(Err("not looked at yet"), |sight| sight.value)
        };
        let (store, telegram) = (
            glance(&self.shared.store_answers),
            glance(&self.shared.telegram_answers),
        );
        Readiness::of(store, telegram, self.accepting())
    }

    fn accepting(&self) -> Checked {
        if self.shared.parts.stopping.is_cancelled() {
            Err("draining")
        } else if self.shared.attached.runner.get().is_none() {
            Err("starting")
        } else {
            Ok(())
        }
    }

    /// How updates come. Waits for what was never looked at before.
    pub(super) async fn telegram_status(&self) -> TelegramStatus {
        let first_look = async {
            let shared = &self.shared;
            let _ = futures::join!(
                self.readiness(),
                shared.webhook.fresh(),
                shared.store_health.fresh()
            );
        };
        // What doesn't answer in time is said to be unknown.
        let _ = tokio::time::timeout(FIRST_LOOK, first_look).await;
        self.at_a_glance(None, &self.activity_now())
    }

    /// All that the dashboard shows, at once: what is old is looked at anew in the background.
    pub(super) fn dashboard(&self, census: &Arc<Probe<Arc<CensusResult>>>) -> Dashboard {
        let activity = self.activity_now();
        let people = census.glance();
        let letters = people
            .as_ref()
            .and_then(|sight| sight.value.as_ref().as_ref().ok());
        let letters = letters.map(|census| census.dead_letters);
        Dashboard {
            status: self.at_a_glance(letters, &activity),
            people: people.map(|sight| People::of(&sight, &activity)),
            caches: match self.shared.attached.caches.get() {
                Some(figures) => figures(),
                None => Vec::new(),
            },
            activity,
        }
    }

    /// What happened until now.
    fn activity_now(&self) -> ActivityFigures {
        let parts = &self.shared.parts;
        if let Some(batched) = &parts.batched {
            batched.hand_on();
        }
        parts.activity.figures()
    }

    fn at_a_glance(&self, dead_letters: Option<u64>, activity: &ActivityFigures) -> TelegramStatus {
        let shared = &self.shared;
        let (parts, attached) = (&shared.parts, &shared.attached);
        let now = parts.clock.now();
        let webhook = shared.webhook.glance();
        let backlog = attached
            .runner
            .get()
            .and_then(WeakRunner::load)
            .unwrap_or_default();
        let store = shared
            .store_answers
            .glance()
            .map_or(Err("not looked at yet"), |sight| sight.value);
        TelegramStatus {
            version: env!("CARGO_PKG_VERSION"),
            at: now,
            started_at: shared.started_at,
            uptime_seconds: now.since(shared.started_at).as_secs(),
            bot: attached.identity.get().cloned(),
            mode: match parts.delivery {
                Delivery::Polling => "polling",
                Delivery::Webhook => "webhook",
            },
            role: attached
                .leads
                .get()
                .map(|leads| if *leads.borrow() { "leader" } else { "standby" }),
            readiness: self.readiness_at_a_glance(),
            backlog: BacklogReport {
                updates: backlog.conversations + backlog.waiting,
                conversations: backlog.conversations,
                held_back: backlog.held_back,
                outside_calls: backlog.outside_calls,
                pending_at_telegram: webhook.as_ref().and_then(|sight| sight.value.pending),
                dead_letters,
            },
            webhook: webhook.map(Aged::from),
            last_update: activity.last_update,
            updates: activity.updates,
            outcomes: activity.outcomes,
            store: StoreStatus {
                backend: parts.backend.clone(),
                ok: store.is_ok(),
                reason: store.err(),
                report: shared.store_health.glance().map(|sight| sight.value),
            },
        }
    }
}
