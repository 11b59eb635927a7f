//! One load: from the second level or the source into the first level, for all who wait.

use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::entry::Entry;
use super::error::CacheError;
use super::flights::{Departure, Landing, Origin};
use super::generations::Stamp;
use super::shared::Shared;
use super::shared_level::{Lease, Search};
use super::source::{Loaded, Source};

/// How far a load has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To wherever the value is.
    Nearest,
    /// To the source.
    SourceOnly,
}

/// A load under way. It belongs to nobody who waits for it, so it goes on when they go away; dropped before its end, it leaves its
/// seat, and they learn that it was broken off.
pub(super) struct Load<K, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    shared: Arc<Shared<K, S>>,
    key: K,
    slot: u16,
    id: u64,
    stamp: Stamp,
    reach: Reach,
    /// What was there when it began.
    held: Option<Entry<S::Value>>,
    landing: watch::Sender<Option<Landing<S::Value, S::Error>>>,
}

impl<K, S> Load<K, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    pub(super) fn new(
        shared: Arc<Shared<K, S>>,
        key: K,
        slot: u16,
        departure: Departure<S::Value, S::Error>,
        reach: Reach,
        held: Option<Entry<S::Value>>,
    ) -> Self {
        let Departure { id, stamp, landing } = departure;
        Self {
            shared,
            key,
            slot,
            id,
            stamp,
            reach,
            held,
            landing,
        }
    }

    pub(super) async fn run(self) {
        let lease = match self.search().await {
            Search::Found(found) => {
                let entry = found.into_entry(self.shared.now(), self.stamp);
                return self.land(entry, Origin::SecondLevel);
            }
            Search::LoadIt(lease) => lease,
        };
        match self.ask_source().await {
            Ok(loaded) => {
                let entry = self.shared.entry(loaded, self.stamp);
                self.land(entry.clone(), Origin::Source);
                self.pass_on(lease, &entry).await;
            }
            Err(error) => {
                self.fail(&error);
                self.give_back(lease).await;
            }
        }
    }

    async fn search(&self) -> Search<S::Value> {
        match &self.shared.parts.second {
            Some(second) => {
                let longest = self.shared.parts.config.load_deadline;
                second.search(&self.key, self.reach, longest).await
            }
            None => Search::LoadIt(None),
        }
    }

    async fn ask_source(&self) -> Result<Loaded<S::Value>, CacheError<S::Error>> {
        let Shared { parts, counters, .. } = &*self.shared;
        counters.loads.count();
        let begun = Instant::now();
        let deadline = parts.config.load_deadline;
        let loading = tokio::time::timeout(deadline, async { parts.source.load(&self.key).await });
        // Nothing of ours is shared with what panics.
        let result = match AssertUnwindSafe(loading).catch_unwind().await {
            Ok(Ok(Ok(loaded))) => Ok(loaded),
            Ok(Ok(Err(error))) => Err(CacheError::Failed(Arc::new(error))),
            Ok(Err(_)) => Err(CacheError::TimedOut { after: deadline }),
            Err(payload) => Err(CacheError::of_panic(&*payload)),
        };
        counters.load_took(begun.elapsed());
        if let Err(error) = &result {
            counters.load_failures.count();
            if matches!(error, CacheError::Panicked { .. }) {
                tracing::error!(cache = parts.name, "a load ended in a panic");
            } else {
                // What the source said may quote what somebody wrote: whoever asked knows what of it may be told.
                tracing::warn!(cache = parts.name, cause = error.cause(), "a load failed");
            }
        }
        result
    }

    /// Keeps the answer, unless it was invalidated meanwhile, and hands it to those who wait: they asked before.
    fn land(&self, entry: Entry<S::Value>, origin: Origin) {
        let mut shard = self.shared.flights.lock(self.slot);
        let is_seated = shard.end(&self.key, self.id);
        if is_seated && self.shared.generations.is_current(self.stamp) {
            shard.forget_failure(&self.key);
            self.shared.keep(&self.key, entry.clone());
        }
        drop(shard);
        self.landing.send_replace(Some(Landing::Loaded { entry, origin }));
    }

    fn fail(&self, error: &CacheError<S::Error>) {
        let config = &self.shared.parts.config;
        let now = self.shared.now();
        let mut shard = self.shared.flights.lock(self.slot);
        let is_seated = shard.end(&self.key, self.id);
        let is_valid = is_seated && self.shared.generations.is_current(self.stamp);
        let last_good = self
            .held
            .clone()
            .filter(|held| is_valid && held.may_be_served(now, config));
        // A defect that nobody is spared is tried again at once: perhaps it was the first panic of its kind.
        let is_to_pause = last_good.is_some() || !matches!(error, CacheError::Panicked { .. });
        if is_to_pause {
            let pause_ends = now + config.retry_after_failure;
            shard.remember_failure(&self.key, error.clone(), now, pause_ends);
        }
        drop(shard);
        self.landing.send_replace(Some(Landing::Failed {
            error: error.clone(),
            last_good,
        }));
    }

    /// To the other processes. The lease says whether it is still valid.
    async fn pass_on(&self, lease: Option<Lease>, entry: &Entry<S::Value>) {
        if let (Some(second), Some(lease)) = (&self.shared.parts.second, lease) {
            second.put(&self.key, &lease, entry).await;
        }
    }

    async fn give_back(&self, lease: Option<Lease>) {
        if let (Some(second), Some(lease)) = (&self.shared.parts.second, lease) {
            second.release(&self.key, &lease).await;
        }
    }
}

impl<K, S> Drop for Load<K, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    fn drop(&mut self) {
        self.shared.flights.lock(self.slot).end(&self.key, self.id);
    }
}
