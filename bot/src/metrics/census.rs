//! Counts the sessions by where they are, now and then, a page at a time, so that nobody feels it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{BotId, Clock, Flows, ScanFilter, Scope, SessionStore, StoreError, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{Metrics, names};
use crate::observation::Place;

/// How the sessions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CensusConfig {
    /// How long after the start the first count begins.
    pub first_after: Duration,
    /// The pause between two counts, if the last one was short. A long one is followed by a pause of nine times its length, so that
    /// a count is under way for a tenth of the time at most.
    pub every: Duration,
    /// How many sessions are read at a time.
    pub page: usize,
    /// The pause between two pages.
    pub pause: Duration,
}

impl Default for CensusConfig {
    /// After ten seconds, then every minute; 200 sessions at a time, and 50 ms in between.
    fn default() -> Self {
        Self {
            first_after: Duration::from_secs(10),
            every: Duration::from_mins(1),
            page: 200,
            pause: Duration::from_millis(50),
        }
    }
}

/// How many sessions are where, as of one count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionCount {
    /// The sessions by place.
    pub by_place: BTreeMap<Place, u64>,
    /// Records that can't be read.
    pub unreadable: u64,
    /// When the count ended.
    pub at: Timestamp,
    /// How long it took, pauses included.
    pub took: Duration,
}

/// Counts the sessions of one bot. There is one in a process; who wants to know the figures asks it by [`Census::counts`].
#[derive(Debug)]
pub struct Census {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    flows: Flows,
    bot: BotId,
    config: CensusConfig,
    last: watch::Sender<Option<Arc<SessionCount>>>,
}

impl Census {
    /// One of this bot's sessions in this store. `flows` says which steps there are.
    pub fn new(
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        flows: Flows,
        bot: BotId,
        config: CensusConfig,
    ) -> Self {
        Self {
            store,
            clock,
            flows,
            bot,
            config,
            last: watch::Sender::new(None),
        }
    }

    /// The last count, and those to come; `None` before the first.
    pub fn counts(&self) -> watch::Receiver<Option<Arc<SessionCount>>> {
        self.last.subscribe()
    }

    /// Counts again and again until stopped, and shows the result in `metrics`. A count that fails is left out: the one before it
    /// stays.
    pub async fn run(&self, metrics: &Metrics, stop: &CancellationToken) {
        let counting = async {
            sleep(self.config.first_after).await;
            loop {
                let started = Instant::now();
                match self.count().await {
                    Ok(count) => self.publish(count, metrics),
                    Err(error) => tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the sessions could not be counted"
                    ),
                }
                sleep(self.config.every.max(started.elapsed() * 9)).await;
            }
        };
        stop.run_until_cancelled(counting).await;
    }

    /// Counts once.
    ///
    /// # Errors
    /// [`StoreError`] of the first page that can't be read.
    pub async fn count(&self) -> Result<SessionCount, StoreError> {
        let started = Instant::now();
        let filter = ScanFilter {
            scope: Some(Scope::main()),
            ..ScanFilter::default()
        };
        let mut count = SessionCount::default();
        let mut after = None;
        loop {
            let page = self.store.scan(&filter, after, self.config.page.max(1)).await?;
            count.unreadable += u64::try_from(page.unreadable.len()).unwrap_or(u64::MAX);
            for session in page
                .sessions
                .iter()
                .filter(|session| session.key().bot() == self.bot)
            {
                *count.by_place.entry(Place::of(session, &self.flows)).or_default() += 1;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
            sleep(self.config.pause).await;
        }
        count.at = self.clock.now();
        count.took = started.elapsed();
        Ok(count)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody has 2^53 sessions, and an instant may lose microseconds"
    )]
    fn publish(&self, count: SessionCount, metrics: &Metrics) {
        let set = |place: &Place, sessions: u64| {
            let (flow, step) = (place.flow().to_owned(), place.step().to_owned());
            metrics::gauge!(names::SESSIONS.name, "flow" => flow, "step" => step).set(sessions as f64);
        };
        metrics.within(|| {
            // A place that is empty by now would keep its last figure.
            let before = self.last.borrow().clone();
            for place in before.iter().flat_map(|before| before.by_place.keys()) {
                if !count.by_place.contains_key(place) {
                    set(place, 0);
                }
            }
            for (place, sessions) in &count.by_place {
                set(place, *sessions);
            }
            metrics::gauge!(names::SESSIONS_UNREADABLE.name).set(count.unreadable as f64);
            metrics::gauge!(names::SESSIONS_COUNTED.name).set(count.at.as_millis() as f64 / 1_000.0);
            metrics::gauge!(names::SESSIONS_COUNT_DURATION.name).set(count.took.as_secs_f64());
        });
        self.last.send_replace(Some(Arc::new(count)));
    }
}
