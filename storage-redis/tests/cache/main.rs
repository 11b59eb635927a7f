//! Processes that share a second level on a real Redis. Each process is a cache with a level of its own here; what every cache
//! promises is tested in core.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod outages;
mod sharing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use stepkeep_core::SystemClock;
use stepkeep_core::cache::{CacheConfig, Loaded, ReadThroughCache, SecondLevelPolicy, Source};
use stepkeep_storage_redis::RedisCacheLevel;

/// A source whose truth changes, and that takes its time.
#[derive(Debug, Default)]
struct Slow {
    truth: AtomicU64,
    loads: AtomicU64,
    takes: Duration,
}

impl Slow {
    fn taking(takes: Duration) -> Arc<Self> {
        Arc::new(Self {
            takes,
            ..Self::default()
        })
    }

    fn change(&self) -> u64 {
        self.truth.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Source<String> for Slow {
    type Value = u64;
    type Error = std::io::Error;

    async fn load(&self, _: &String) -> Result<Loaded<u64>, std::io::Error> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let truth = self.truth.load(Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        Ok(Loaded::present(truth))
    }
}

type Cache = ReadThroughCache<String, Arc<Slow>>;

/// A process: a cache of this source, with connections of its own.
fn process(source: &Arc<Slow>, url: &str) -> Cache {
    let level = RedisCacheLevel::connect(url).unwrap();
    let config = CacheConfig {
        second_level: SecondLevelPolicy {
            // Nothing here is about slow machines.
            deadline: Duration::from_secs(5),
            pause: Duration::from_millis(200),
            ..SecondLevelPolicy::default()
        },
        ..CacheConfig::default()
    };
    ReadThroughCache::new("rates", Arc::clone(source), config, Arc::new(SystemClock))
        .with_second_level(Arc::new(level))
}

fn key() -> String {
    "Austin → San Jose".to_owned()
}

async fn get(cache: &Cache) -> u64 {
    cache.get(&key()).await.unwrap().unwrap().value
}

/// Waits until something is so.
#[allow(clippy::future_not_send, reason = "it is awaited where it is made")]
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    assert!(waited.is_ok(), "waited in vain until {what}");
}

/// Lets a process hear messages: it hears them from its first look on, a moment later.
#[allow(clippy::future_not_send, reason = "it is awaited where it is made")]
async fn hears(cache: &Cache, other: &Cache) {
    until("a process hears", async || {
        get(cache).await;
        other.invalidate(&key()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        cache.peek(&key()).is_none()
    })
    .await;
}
