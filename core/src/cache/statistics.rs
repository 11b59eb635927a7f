//! What a cache did, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// What one cache did since it was made. Every `get` that was answered, and every `at_hand` that found something, is one of `hits`, `negative_hits`, `stale_hits` and `misses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheStatistics {
    /// The cache's name.
    pub name: &'static str,
    /// Values that were there and fresh.
    pub hits: u64,
    /// Answers that there is nothing, from the cache.
    pub negative_hits: u64,
    /// Values that had expired, and were answered since the source failed or while it was asked anew.
    pub stale_hits: u64,
    /// Answers, values and errors, that came from a load or from the pause after a failed one.
    pub misses: u64,
    /// How often the source was asked.
    pub loads: u64,
    /// How often it failed, did not answer in time or panicked.
    pub load_failures: u64,
    /// How long all loads took together.
    pub load_time_total: Duration,
    /// How long the longest one took.
    pub load_time_max: Duration,
    /// Entries that had to go for lack of space.
    pub evictions: u64,
    /// Entries that are there, expired ones among them.
    pub entries: u64,
    /// What they weigh together.
    pub weight: u64,
    /// Values that the second level had.
    pub second_level_hits: u64,
    /// Values that it did not have.
    pub second_level_misses: u64,
    /// Calls of it that failed or took too long.
    pub second_level_errors: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: Counter,
    pub(super) negative_hits: Counter,
    pub(super) stale_hits: Counter,
    pub(super) misses: Counter,
    pub(super) loads: Counter,
    pub(super) load_failures: Counter,
    load_nanos_total: AtomicU64,
    load_nanos_max: AtomicU64,
    pub(super) evictions: Counter,
}

/// What a second level did for one cache.
#[derive(Debug, Default)]
pub(super) struct LevelCounters {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) errors: Counter,
}

/// One number, on cache lines of its own: hits are counted by all processors at once.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn load_took(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.load_nanos_total.fetch_add(nanos, Ordering::Relaxed);
        self.load_nanos_max.fetch_max(nanos, Ordering::Relaxed);
    }

    pub(super) fn statistics(
        &self,
        name: &'static str,
        (entries, weight): (u64, u64),
        level: Option<&LevelCounters>,
    ) -> CacheStatistics {
        let Self {
            hits,
            negative_hits,
            stale_hits,
            misses,
            loads,
            load_failures,
            load_nanos_total,
            load_nanos_max,
            evictions,
        } = self;
        let of_level =
            |counter: fn(&LevelCounters) -> &Counter| level.map_or(0, |level| counter(level).get());
        CacheStatistics {
            name,
            hits: hits.get(),
            negative_hits: negative_hits.get(),
            stale_hits: stale_hits.get(),
            misses: misses.get(),
            loads: loads.get(),
            load_failures: load_failures.get(),
            load_time_total: Duration::from_nanos(load_nanos_total.load(Ordering::Relaxed)),
            load_time_max: Duration::from_nanos(load_nanos_max.load(Ordering::Relaxed)),
            evictions: evictions.get(),
            entries,
            weight,
            second_level_hits: of_level(|level| &level.hits),
            second_level_misses: of_level(|level| &level.misses),
            second_level_errors: of_level(|level| &level.errors),
        }
    }
}
