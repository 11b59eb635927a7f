//! What the read-through cache promises.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something fails"
)]

mod failures;
mod freshness;
mod invalidation;
mod oracle;
mod races;
mod second_level;
mod shared_map;
mod sharing;
mod size;

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::cache::{CacheConfig, ReadThroughCache};
use stepkeep_core::{ManualClock, Timestamp};

use crate::oracle::Oracle;

type Cache = ReadThroughCache<u64, Arc<Oracle>>;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A cache with a source and a clock that do what they are told.
struct World {
    cache: Cache,
    oracle: Arc<Oracle>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new(config: CacheConfig) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000)));
        let oracle = Arc::new(Oracle::default());
        let (source, its_clock) = (Arc::clone(&oracle), Arc::clone(&clock));
        Self {
            cache: ReadThroughCache::new("test", source, config, its_clock),
            oracle,
            clock,
        }
    }

    /// Lets time pass, for the cache's clock and for Tokio's, which has to be paused.
    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        tokio::time::advance(time).await;
        self.settle().await;
    }

    /// Lets the tasks do what they can.
    #[allow(clippy::unused_self, reason = "it reads as what happens in this world")]
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    /// What is answered, and whether it is stale.
    async fn get(&self, key: u64) -> Option<(u64, bool)> {
        let cached = self.cache.get(&key).await.unwrap();
        cached.map(|cached| (cached.value, cached.is_stale()))
    }
}

/// 10 seconds, to the millisecond; renewed within 5 s after its end, served for 60 s.
fn config() -> CacheConfig {
    CacheConfig {
        jitter: 0.0,
        revalidate_for: seconds(5),
        stale_for: seconds(60),
        negative_ttl: seconds(3),
        load_deadline: seconds(4),
        retry_after_failure: seconds(5),
        ..CacheConfig::with_ttl(seconds(10))
    }
}
