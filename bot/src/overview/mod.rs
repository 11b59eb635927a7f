//! The bot in figures, for its admins: who is known, who is where, what is open. Counted by a walk through the store, page by page and
//! for a limited time, and kept for a minute, so that many who ask cost one walk.

mod count;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{
    BotId, Clock, ScanFilter, Scope, Session, SessionStore, StoreAdministration, StoreError, Timestamp,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::dead_letters::DeadLetters;
use crate::flows::FlowMap;
use crate::ledger::{Ledger, LedgerError, LedgerTotals};
use crate::people::People;
use crate::telegram::SessionShelf;
use count::Count;

/// How a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverviewConfig {
    /// How many records are read at a time.
    pub page: usize,
    /// The pause between two pages, so that people's answers get through.
    pub pause: Duration,
    /// How long a walk takes at most. What was not counted by then is left out, and that is said.
    pub limit: Duration,
    /// How long an overview is kept.
    pub kept_for: Duration,
}

impl Default for OverviewConfig {
    /// 500 records at a time, 5 ms in between, for 12 s at most; kept for a minute.
    fn default() -> Self {
        Self {
            page: 500,
            pause: Duration::from_millis(5),
            limit: Duration::from_secs(12),
            kept_for: Duration::from_mins(1),
        }
    }
}

/// The bot in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// When it was counted.
    pub at: Timestamp,
    /// How long that took.
    pub took_millis: u64,
    /// Whether all was counted; else the figures are lower bounds.
    pub is_whole: bool,
    /// People whom the bot knows.
    pub people: u64,
    /// Those who were seen in the last 24 hours, within an hour.
    pub seen_in_a_day: u64,
    /// The same for seven days.
    pub seen_in_a_week: u64,
    /// People in a dialogue that waits for them.
    pub in_dialogue: u64,
    /// People by flow.
    pub flows: Vec<FlowOverview>,
    /// Outside calls that turns asked for and that have not come back.
    pub calls: u64,
    /// Updates that wait to be handled, or to be handled once more.
    pub updates: u64,
    /// Updates that were put aside.
    pub letters: u64,
    /// The accounts, where they could be read.
    pub ledger: Option<LedgerTotals>,
    /// The store, where it tells.
    pub store: Option<StoreOverview>,
    /// How long this process runs.
    pub uptime_millis: u64,
}

/// The people in one flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowOverview {
    /// The flow.
    pub flow: String,
    /// How many.
    pub people: u64,
    /// The same by step, in the order in which people go through them; steps without anybody are left out.
    pub steps: Vec<(String, u64)>,
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOverview {
    /// Its name.
    pub backend: String,
    /// How many records.
    pub records: u64,
    /// How many bytes they take, where it knows.
    pub bytes: Option<u64>,
}

/// What an overview is made of.
#[derive(Debug)]
pub struct OverviewParts {
    /// The store of the sessions.
    pub store: Arc<dyn SessionStore>,
    /// What the store tells of itself, if it does.
    pub administration: Option<Arc<dyn StoreAdministration>>,
    /// The accounts.
    pub ledger: Ledger,
    /// The clock of the sessions.
    pub clock: Arc<dyn Clock>,
    /// Whose they are.
    pub bot: BotId,
    /// Which dialogues there are.
    pub flows: Vec<FlowMap>,
    /// How a walk goes.
    pub config: OverviewConfig,
}

/// Makes overviews. Clones share the last one.
#[derive(Debug, Clone)]
pub struct Overviews {
    parts: Arc<OverviewParts>,
    began: Instant,
    last: Arc<Mutex<Option<(Instant, Overview)>>>,
}

impl Overviews {
    /// Makes them of these. The process counts as running from now on.
    pub fn new(parts: OverviewParts) -> Self {
        Self {
            parts: Arc::new(parts),
            began: Instant::now(),
            last: Arc::default(),
        }
    }

    /// The last overview, if it is young enough; else a new one. Who asks while one is made waits for it.
    ///
    /// # Errors
    /// [`StoreError`] when nothing can be counted. What only in part can't be is left out, and that is said.
    pub async fn latest(&self) -> Result<Overview, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((at, overview)) = &*last
            && at.elapsed() < self.parts.config.kept_for
        {
            return Ok(overview.clone());
        }
        let overview = self.make().await?;
        *last = Some((Instant::now(), overview.clone()));
        Ok(overview)
    }

    async fn make(&self) -> Result<Overview, StoreError> {
        let OverviewParts {
            administration,
            ledger,
            clock,
            flows,
            config,
            ..
        } = &*self.parts;
        let started = Instant::now();
        let until = started + config.limit;
        let mut count = Count::at(clock.now(), flows);
        let half = started + config.limit / 2;
        // The small ones first, so that a store too large to be walked through hides none of them; and neither people nor
        // sessions use up the other's time.
        let walks = [
            self.walk(DeadLetters::scope(), until, |_| count.letters += 1)
                .await,
            self.walk(SessionShelf::scope(), until, |_| count.updates += 1)
                .await,
            self.walk(People::seen_scope(), until, |seen| count.see(seen))
                .await,
            self.walk(People::scope(), half, |_| count.people += 1).await,
            self.walk(Scope::main(), until, |session| count.visit(session))
                .await,
        ];
        let mut is_whole = all_whole(walks)?;
        let ledger = accounts(ledger.totals(until).await);
        is_whole &= ledger.as_ref().is_some_and(|totals| totals.is_whole);
        let store = match administration {
            Some(administration) => store(&**administration).await,
            None => None,
        };
        Ok(Overview {
            at: clock.now(),
            took_millis: millis(started.elapsed()),
            is_whole,
            ledger,
            store,
            uptime_millis: millis(self.began.elapsed()),
            ..count.finish()
        })
    }

    /// Visits the records of a scope; answers whether there was time for all.
    async fn walk(
        &self,
        scope: Scope,
        until: Instant,
        mut visit: impl FnMut(&Session) + Send,
    ) -> Result<bool, StoreError> {
        let OverviewParts {
            store, bot, config, ..
        } = &*self.parts;
        let filter = ScanFilter {
            scope: Some(scope),
            ..ScanFilter::default()
        };
        let mut after = None;
        loop {
            let page = store.scan(&filter, after, config.page.max(1)).await?;
            page.sessions
                .iter()
                .filter(|session| session.key().bot() == *bot)
                .for_each(&mut visit);
            after = page.next;
            if after.is_none() {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(config.pause).await;
        }
    }
}

/// Whether every walk came to its end. One that failed in a store that is too slow for it only leaves something out; when all fail,
/// there is nothing to show.
fn all_whole<const N: usize>(walks: [Result<bool, StoreError>; N]) -> Result<bool, StoreError> {
    let (mut is_whole, mut failed, mut last) = (true, 0, None);
    for walk in walks {
        match walk {
            Ok(ended) => is_whole &= ended,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a part of the store could not be counted"
                );
                (is_whole, failed, last) = (false, failed + 1, Some(error));
            }
        }
    }
    match last {
        Some(error) if failed == N => Err(error),
        _ => Ok(is_whole),
    }
}

fn accounts(totals: Result<LedgerTotals, LedgerError>) -> Option<LedgerTotals> {
    totals
        .inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "the accounts could not be added up");
        })
        .ok()
}

async fn store(administration: &dyn StoreAdministration) -> Option<StoreOverview> {
    match administration.statistics().await {
        Ok(statistics) => Some(StoreOverview {
            backend: administration.backend().to_owned(),
            records: statistics.sessions,
            bytes: statistics.bytes,
        }),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the store could not tell what it holds");
            None
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
