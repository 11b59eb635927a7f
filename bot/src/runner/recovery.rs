//! Looking for what is due: timers, what a process that died left undone, and updates that are to be replayed.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{ScanFilter, StoreError};
use tokio::sync::Semaphore;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::dead_letters::DeadLetters;
use crate::ledger::Ledger;

/// How many sessions are read at a time.
const PAGE: usize = 100;

/// How what is due is looked for. After an outage thousands of sessions may be due at once: the bounds keep them from
/// crowding out the people who write now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryConfig {
    /// How long from one look to the next.
    pub every: Duration,
    /// The most sessions that are taken up in a second.
    pub per_second: u32,
    /// The most that are taken up and not done with.
    pub at_once: usize,
}

impl Default for RecoveryConfig {
    /// A look every second; 50 sessions a second, 32 at once.
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            per_second: 50,
            at_once: 32,
        }
    }
}

/// Looks at once, and then every so often, until stopped. A store that fails is asked again the next time.
pub(super) async fn run(shared: &Arc<Shared>, stop: &CancellationToken) {
    let config = shared.recovery;
    let mut ticks = interval(Duration::from_secs(1) / config.per_second.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let at_once = Arc::new(Semaphore::new(config.at_once.max(1)));
    let looking = async {
        loop {
            if let Err(error) = look(shared, &mut ticks, &at_once).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what is due could not be looked for"
                );
            }
            shared.flood.tidy();
            tokio::time::sleep(config.every).await;
        }
    };
    stop.run_until_cancelled(looking).await;
}

async fn look(
    shared: &Arc<Shared>,
    ticks: &mut Interval,
    at_once: &Arc<Semaphore>,
) -> Result<(), StoreError> {
    let filter = ScanFilter {
        due_at: Some(shared.engine.clock().now()),
        ..ScanFilter::default()
    };
    let mut after = None;
    loop {
        let page = shared.engine.store().scan(&filter, after, PAGE).await?;
        for unreadable in &page.unreadable {
            tracing::error!(
                error = unreadable as &dyn std::error::Error,
                "a session that is due can't be read"
            );
        }
        for session in page.sessions {
            if session.key().bot() != shared.bot || *session.key().scope() == Ledger::scope() {
                continue;
            }
            ticks.tick().await;
            // Never closed, so there is a place for each in the end.
            let Ok(place) = Arc::clone(at_once).acquire_owned().await else {
                return Ok(());
            };
            if *session.key().scope() == DeadLetters::scope() {
                shared.replay(&session, place).await;
            } else {
                shared.take_up(session, place).await;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
