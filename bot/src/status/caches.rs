//! What the caches did.

use serde::Serialize;
use stepkeep_core::cache::CacheStatistics;

/// What one cache did since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheFigures {
    /// Which it is.
    pub name: String,
    /// Questions that it answered.
    pub hits: u64,
    /// Questions that it had to ask on.
    pub misses: u64,
    /// Answers that were out of date, and given since there was nothing better.
    pub stale: u64,
    /// Loads that failed.
    pub failures: u64,
    /// How many answers it holds.
    pub entries: u64,
}

impl CacheFigures {
    /// Those of a cache. That there is nothing is an answer as good as another.
    pub fn of(statistics: &CacheStatistics) -> Self {
        let CacheStatistics {
            name,
            hits,
            negative_hits,
            stale_hits,
            misses,
            load_failures,
            entries,
            ..
        } = *statistics;
        Self {
            name: name.to_owned(),
            hits: hits + negative_hits,
            misses,
            stale: stale_hits,
            failures: load_failures,
            entries,
        }
    }
}
