//! What happens to the bot and around it while people talk to it, drawn from a seed and paced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::audit::{Disturbance, DisturbanceKind};
use crate::faults::{FaultKind, Faults};
use crate::fleet::Fleet;
use crate::store::Store;
use crate::town::{BOT, Town};

/// As long after a process was started again its sessions' leases may still be taken up.
const SETTLES: Duration = Duration::from_secs(2);

/// How long a fault that was ordered from the sandbox may wait for a call that it meets; what waits longer excuses nothing.
const FAULT_WAITS: Duration = Duration::from_mins(5);

/// What the storm did.
#[derive(Debug, Default)]
pub struct StormLog {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    disturbances: Vec<Disturbance>,
    counts: BTreeMap<&'static str, u64>,
    calm_since: Option<Duration>,
    crashes: Vec<(Duration, String)>,
}

impl StormLog {
    /// Counts something that was done.
    pub fn count(&self, what: &'static str, times: u64) {
        *self.inner.lock().counts.entry(what).or_default() += times;
    }

    /// How often each thing was done.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner.lock().counts.clone()
    }

    /// Since when no fault goes on any more; `None` while some do.
    pub fn calm_since(&self) -> Option<Duration> {
        self.inner.lock().calm_since
    }

    /// When something was disturbed.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        self.inner.lock().disturbances.clone()
    }

    /// Processes that ended by themselves, and when that was seen.
    pub fn crashes(&self) -> Vec<(Duration, String)> {
        self.inner.lock().crashes.clone()
    }

    fn disturbed(&self, kind: DisturbanceKind, chat: Option<i64>, from: Duration, until: Duration) {
        self.inner.lock().disturbances.push(Disturbance {
            kind,
            chat,
            from,
            until,
        });
    }

    fn calms(&self, at: Duration) {
        self.inner.lock().calm_since = Some(at);
    }
}

/// What the storm acts upon.
#[derive(Debug)]
pub struct Storm {
    /// The sandbox.
    pub town: Arc<Town>,
    /// The processes.
    pub fleet: Fleet,
    /// The store.
    pub store: Store,
    /// Which faults there are.
    pub faults: Faults,
    /// The chats that people talk in.
    pub chats: Vec<i64>,
    /// The pause between two faults, on average.
    pub every: Duration,
    /// Draws what happens.
    pub seed: u64,
    /// Where it is written down.
    pub log: Arc<StormLog>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    Restart,
    Freeze,
    StoreKill,
    StoreStop,
    Telegram,
    Shipping,
}

impl Storm {
    /// Rages until it is told to end, and looks after the processes until `stop`; then hands everything back.
    ///
    /// # Errors
    /// When a process can't be started again, or the sandbox fails.
    pub async fn rages(mut self, end: &CancellationToken, stop: &CancellationToken) -> anyhow::Result<Self> {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x5707);
        let blows = self.blows();
        while !end.is_cancelled() && !blows.is_empty() {
            let pause = self.every.mul_f64(rng.random_range(0.3..1.7));
            if end.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
            self.look_after()?;
            let blow = blows[rng.random_range(0..blows.len())];
            self.strikes(blow, &mut rng).await?;
        }
        // Without any fault to come, the calm begins at once.
        self.town.end_faults().await?;
        self.log.calms(self.town.now());
        while stop
            .run_until_cancelled(sleep(Duration::from_millis(300)))
            .await
            .is_some()
        {
            self.look_after()?;
        }
        Ok(self)
    }

    /// What can happen, the frequent things several times.
    fn blows(&self) -> Vec<Blow> {
        let mut blows = Vec::new();
        if self.faults.has(FaultKind::ApiErrors) {
            blows.extend([
                Blow::Telegram,
                Blow::Telegram,
                Blow::Telegram,
                Blow::Shipping,
                Blow::Shipping,
            ]);
        }
        if self.faults.has(FaultKind::Kills) {
            blows.extend([Blow::Kill, Blow::Kill]);
        }
        if self.faults.has(FaultKind::Restarts) {
            blows.push(Blow::Restart);
        }
        if self.faults.has(FaultKind::Freezes) {
            blows.push(Blow::Freeze);
        }
        if self.faults.has(FaultKind::StoreRestarts) && self.store.has_server() {
            blows.extend([Blow::StoreKill, Blow::StoreStop]);
        }
        blows
    }

    fn look_after(&mut self) -> anyhow::Result<()> {
        let at = self.town.now();
        for crash in self.fleet.look_after()? {
            self.log.disturbed(
                DisturbanceKind::Process,
                None,
                at.saturating_sub(self.every),
                at + SETTLES,
            );
            self.log.inner.lock().crashes.push((at, crash));
        }
        Ok(())
    }

    async fn strikes(&mut self, blow: Blow, rng: &mut StdRng) -> anyhow::Result<()> {
        let from = self.town.now();
        let number = rng.random_range(0..self.fleet.processes.len());
        let pause = Duration::from_millis(rng.random_range(100..1500));
        match blow {
            Blow::Kill => {
                self.log.count("kills", 1);
                let process = &mut self.fleet.processes[number];
                process.kill();
                if rng.random_bool(0.5) {
                    sleep(pause).await;
                }
                process.start_again()?;
                self.process_disturbed(from);
            }
            Blow::Restart => {
                for process in &mut self.fleet.processes {
                    self.log.count("restarts", 1);
                    let ended = process.stop().await;
                    if ended.is_none_or(|status| !status.success()) {
                        let what = format!("a process that was asked to end did not end well: {ended:?}");
                        self.log.inner.lock().crashes.push((self.town.now(), what));
                    }
                    process.start_again()?;
                }
                self.process_disturbed(from);
            }
            Blow::Freeze => {
                self.log.count("freezes", 1);
                self.fleet.processes[number].freeze();
                sleep(Duration::from_millis(rng.random_range(500..5000))).await;
                self.fleet.processes[number].wake_up();
                self.process_disturbed(from);
            }
            Blow::StoreKill | Blow::StoreStop => {
                self.log.count("store restarts", 1);
                let by_kill = matches!(blow, Blow::StoreKill);
                // Ending and starting a server waits for it, which must not hold up the people.
                tokio::task::block_in_place(|| self.store.end(by_kill));
                sleep(pause).await;
                tokio::task::block_in_place(|| self.store.start_again());
                self.log
                    .disturbed(DisturbanceKind::Store, None, from, self.town.now() + SETTLES);
            }
            Blow::Telegram => self.telegram_fails(from, rng).await?,
            Blow::Shipping => self.shipping_fails(from, rng).await?,
        }
        Ok(())
    }

    fn process_disturbed(&self, from: Duration) {
        self.log
            .disturbed(DisturbanceKind::Process, None, from, self.town.now() + SETTLES);
    }

    async fn telegram_fails(&self, from: Duration, rng: &mut StdRng) -> anyhow::Result<()> {
        let chat = self.chats[rng.random_range(0..self.chats.len())];
        let method = [
            "sendMessage",
            "sendMessage",
            "sendMessage",
            "sendDocument",
            "editMessageText",
        ];
        let method = method[rng.random_range(0..method.len())];
        let after_effect = rng.random_bool(0.4);
        let mut fault = json!({
            "bot": BOT,
            "chat": chat,
            "method": method,
            "after_effect": after_effect,
            "times": rng.random_range(1..=2),
        });
        let name = match rng.random_range(0..100) {
            0..35 => {
                fault["status"] = 429.into();
                fault["retry_after"] = 1.into();
                "Telegram: 429"
            }
            35..65 => {
                fault["status"] = 500.into();
                "Telegram: 500"
            }
            65..85 => {
                fault["drop_connection"] = true.into();
                "Telegram: dropped connections"
            }
            85..98 => {
                fault["delay_ms"] = rng.random_range(200..3000).into();
                "Telegram: slow answers"
            }
            _ => {
                // Longer than any client waits.
                fault["delay_ms"] = 40_000.into();
                fault["times"] = 1.into();
                "Telegram: timeouts"
            }
        };
        self.town.post("/sim/faults", fault).await?;
        self.log.count(name, 1);
        let kind = if after_effect {
            DisturbanceKind::SendFailedAfterEffect
        } else {
            DisturbanceKind::Other
        };
        self.log.disturbed(kind, Some(chat), from, from + FAULT_WAITS);
        Ok(())
    }

    async fn shipping_fails(&self, from: Duration, rng: &mut StdRng) -> anyhow::Result<()> {
        let operations = ["rates", "rates", "buy", "buy", "buy", "labels", "download"];
        let operation = operations[rng.random_range(0..operations.len())];
        let mut fault = json!({"operation": operation, "times": rng.random_range(1..=3)});
        let name = match rng.random_range(0..5) {
            0 => {
                fault["status"] = 429.into();
                fault["retry_after"] = 1.into();
                "shipping API: 429"
            }
            1 => {
                fault["status"] = 500.into();
                fault["after_effect"] = rng.random_bool(0.5).into();
                "shipping API: 500"
            }
            2 => {
                fault["delay_ms"] = rng.random_range(300..3000).into();
                "shipping API: slow answers"
            }
            3 => {
                fault["drop_connection"] = true.into();
                "shipping API: dropped connections"
            }
            _ => {
                fault["drop_connection"] = true.into();
                fault["after_effect"] = true.into();
                "shipping API: lost answers"
            }
        };
        self.town.post("/shipping/sim/faults", fault).await?;
        self.log.count(name, 1);
        self.log
            .disturbed(DisturbanceKind::Other, None, from, from + Duration::from_secs(5));
        Ok(())
    }
}
