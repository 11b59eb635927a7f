//! Removes idle sessions again and again.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Timestamp};
use crate::key::Scope;
use crate::store::{CleanupPolicy, SessionStore};

/// How much longer the pause can get after runs that failed one after another.
const MAX_BACK_OFF: u32 = 4;

/// When idle sessions are removed, and which ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupSettings {
    /// How long from one run to the next; by chance up to a tenth more or less, so that processes don't all run at once.
    /// After a run that failed it is twice as long, and after more of them up to four times.
    pub every: Duration,
    /// The first run comes by chance within this time after the start.
    pub first_within: Duration,
    /// For how long nothing was changed in a session that is removed.
    pub idle_for: Duration,
    /// Scopes with a time of their own; `None` for those whose sessions stay for ever.
    pub scopes: BTreeMap<Scope, Option<Duration>>,
}

impl Default for CleanupSettings {
    /// Every 10 minutes, from half a minute after the start at the latest, what is idle for 24 hours, in every scope.
    fn default() -> Self {
        Self {
            every: Duration::from_mins(10),
            first_within: Duration::from_secs(30),
            idle_for: Duration::from_hours(24),
            scopes: BTreeMap::new(),
        }
    }
}

impl CleanupSettings {
    /// What is idle now.
    pub fn policy(&self, now: Timestamp) -> CleanupPolicy {
        let policy = CleanupPolicy::before(now - self.idle_for);
        self.scopes
            .iter()
            .fold(policy, |policy, (scope, idle_for)| match idle_for {
                Some(idle_for) => policy.scope_before(scope.clone(), now - *idle_for),
                None => policy.keep_scope(scope.clone()),
            })
    }

    /// The pause before the next run. `chance` is from 0 to 1.
    fn pause(&self, failures: u32, chance: f64) -> Duration {
        let factor = 2_u32.saturating_pow(failures).min(MAX_BACK_OFF);
        self.every.saturating_mul(factor).mul_f64(0.9 + 0.2 * chance)
    }
}

/// A task that removes idle sessions until it is stopped or dropped. Neither an error nor a panic of a run ends it.
///
/// The clock says what is idle; the pauses are Tokio's.
///
/// ```
/// use std::sync::Arc;
/// use stepkeep_core::{CleanupSettings, CleanupTask, MemoryStorage, SystemClock};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let store = Arc::new(MemoryStorage::new());
/// let cleanup = CleanupTask::start(store, Arc::new(SystemClock), CleanupSettings::default());
/// // The bot runs.
/// cleanup.stop().await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "it stops when it is dropped"]
pub struct CleanupTask {
    task: JoinHandle<()>,
}

impl CleanupTask {
    /// Starts.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, settings: CleanupSettings) -> Self {
        Self {
            task: tokio::spawn(run(store, clock, settings)),
        }
    }

    /// Stops, also in the middle of a run: what that one removed stays removed, and the next start goes on. Afterwards
    /// the task uses the store no more.
    pub async fn stop(mut self) {
        self.task.abort();
        // It ends by having been aborted, which is what is wanted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for CleanupTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, settings: CleanupSettings) {
    tokio::time::sleep(settings.first_within.mul_f64(rand::random())).await;
    let mut failures: u32 = 0;
    loop {
        if remove_idle(&*store, &settings.policy(clock.now())).await {
            failures = 0;
        } else {
            failures = failures.saturating_add(1);
        }
        tokio::time::sleep(settings.pause(failures, rand::random())).await;
    }
}

/// One run; `false` when it failed.
async fn remove_idle(store: &dyn SessionStore, policy: &CleanupPolicy) -> bool {
    // A store is shared by many tasks, and none of them is stopped by a panic in another.
    match AssertUnwindSafe(store.cleanup(policy)).catch_unwind().await {
        Ok(Ok(report)) if report.removed == 0 => {
            tracing::debug!("no session is idle");
            true
        }
        Ok(Ok(report)) => {
            tracing::info!(removed = report.removed, "idle sessions are removed");
            true
        }
        Ok(Err(error)) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "idle sessions could not be removed; the next run tries again"
            );
            false
        }
        Err(_) => {
            tracing::error!("removing idle sessions panicked; the next run tries again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_vary_by_a_tenth_and_grow_with_failures_to_four_times() {
        let settings = CleanupSettings::default();
        let minutes = |failures, chance| settings.pause(failures, chance).as_secs_f64() / 60.0;
        let pauses: Vec<_> = [(0, 0.0), (0, 1.0), (1, 0.5), (2, 0.5), (50, 0.5)]
            .map(|(failures, chance)| format!("{:.1}", minutes(failures, chance)))
            .into();
        assert_eq!(pauses, ["9.0", "11.0", "20.0", "40.0", "40.0"]);
    }

    #[test]
    fn every_scope_has_its_own_patience() {
        let (short, kept) = (Scope::new("short").unwrap(), Scope::new("kept").unwrap());
        let settings = CleanupSettings {
            scopes: BTreeMap::from([
                (short.clone(), Some(Duration::from_hours(1))),
                (kept.clone(), None),
            ]),
            ..CleanupSettings::default()
        };
        let now = Timestamp::EPOCH + Duration::from_hours(100);
        let policy = settings.policy(now);
        assert_eq!(
            policy.cutoff(&Scope::main()),
            Some(now - Duration::from_hours(24))
        );
        assert_eq!(policy.cutoff(&short), Some(now - Duration::from_hours(1)));
        assert_eq!(policy.cutoff(&kept), None);
    }
}
