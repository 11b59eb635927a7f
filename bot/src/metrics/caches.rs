//! What the caches did.

use std::fmt;

use stepkeep_core::cache::CacheStatistics;

use super::{Collector, names};

/// Asks the caches what they did.
pub struct CacheCollector(Box<dyn Fn() -> Vec<CacheStatistics> + Send + Sync>);

impl CacheCollector {
    /// Asks this, which must not wait.
    pub fn new(statistics: impl Fn() -> Vec<CacheStatistics> + Send + Sync + 'static) -> Self {
        Self(Box::new(statistics))
    }
}

impl fmt::Debug for CacheCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CacheCollector").finish_non_exhaustive()
    }
}

impl Collector for CacheCollector {
    fn collect(&self) {
        (self.0)().iter().for_each(set);
    }
}

fn set(statistics: &CacheStatistics) {
    let CacheStatistics {
        name: cache,
        hits,
        negative_hits,
        stale_hits,
        misses,
        loads,
        load_failures,
        load_time_total,
        load_time_max,
        evictions,
        entries,
        second_level_hits,
        second_level_misses,
        second_level_errors,
        ..
    } = *statistics;
    let answers = [
        ("hit", hits),
        ("negative", negative_hits),
        ("stale", stale_hits),
        ("miss", misses),
    ];
    for (outcome, count) in answers {
        metrics::counter!(names::CACHE_ANSWERS.name, "cache" => cache, "outcome" => outcome).absolute(count);
    }
    let shared = [
        ("hit", second_level_hits),
        ("miss", second_level_misses),
        ("error", second_level_errors),
    ];
    for (outcome, count) in shared {
        metrics::counter!(names::CACHE_SHARED.name, "cache" => cache, "outcome" => outcome).absolute(count);
    }
    let counts = [
        (names::CACHE_LOADS, loads),
        (names::CACHE_LOAD_FAILURES, load_failures),
        (names::CACHE_EVICTIONS, evictions),
    ];
    for (metric, count) in counts {
        metrics::counter!(metric.name, "cache" => cache).absolute(count);
    }
    // Far below where a floating-point number has gaps.
    #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
    let (entries, loads) = (entries as f64, loads.max(1) as f64);
    let gauges = [
        (names::CACHE_ENTRIES, entries),
        (names::CACHE_LOAD_MEAN, load_time_total.as_secs_f64() / loads),
        (names::CACHE_LOAD_MAX, load_time_max.as_secs_f64()),
    ];
    for (metric, value) in gauges {
        metrics::gauge!(metric.name, "cache" => cache).set(value);
    }
}
