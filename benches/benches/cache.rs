//! What the read-through cache costs on top of moka: a hit, a load, and many who ask for one cold key.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::FutureExt;
use stepkeep_benches::MEASUREMENT;
use stepkeep_core::SystemClock;
use stepkeep_core::cache::{CacheConfig, Loaded, ReadThroughCache, Source};
use tokio::runtime::Runtime;

const KEYS: u64 = 1_000;
const ASKERS: u64 = 256;

static NEXT_KEY: AtomicU64 = AtomicU64::new(KEYS);

type Value = Arc<[u8]>;

fn value() -> Value {
    vec![7; 600].into()
}

/// It has everything at once.
#[derive(Debug)]
struct Ready(Value);

#[async_trait]
impl Source<u64> for Ready {
    type Value = Value;
    type Error = Infallible;

    async fn load(&self, _: &u64) -> Result<Loaded<Value>, Infallible> {
        Ok(Loaded::present(Arc::clone(&self.0)))
    }
}

fn cache() -> ReadThroughCache<u64, Ready> {
    let config = CacheConfig::default();
    ReadThroughCache::new("bench", Ready(value()), config, Arc::new(SystemClock))
}

fn hits(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("cache-hit");
    group
        .measurement_time(MEASUREMENT)
        .throughput(Throughput::Elements(1));

    let bare = moka::sync::Cache::new(10_000);
    let bare_async = moka::future::Cache::new(10_000);
    let ours = cache();
    runtime.block_on(async {
        for key in 0..KEYS {
            bare.insert(key, value());
            bare_async.insert(key, value()).await;
        }
        ours.warm_up(0..KEYS, 8).await;
    });
    let mut key = 0;
    let mut next = move || {
        key = (key + 1) % KEYS;
        key
    };
    group.bench_function("moka-sync", |bencher| {
        bencher.iter(|| black_box(bare.get(&next())));
    });
    // All futures are polled in the same way: once, by hand.
    group.bench_function("moka-future", |bencher| {
        bencher.iter(|| black_box(bare_async.get(&next()).now_or_never()));
    });
    group.bench_function("moka-sync-in-a-future", |bencher| {
        bencher.iter(|| black_box(async { bare.get(&next()) }.now_or_never()));
    });
    group.bench_function("read-through", |bencher| {
        bencher.iter(|| black_box(ours.get(&next()).now_or_never()));
    });
    group.bench_function("read-through-peek", |bencher| {
        bencher.iter(|| black_box(ours.peek(&next())));
    });
    group.finish();
}

fn loads(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("cache-load");
    group
        .measurement_time(MEASUREMENT)
        .throughput(Throughput::Elements(1));
    let bare = moka::future::Cache::new(10_000);
    group.bench_function("moka-get-with", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
            bare.get_with(key, async { value() }).await
        });
    });
    let ours = cache();
    group.bench_function("read-through", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
            ours.get(&key).await.unwrap()
        });
    });
    group.finish();
}

fn single_flight(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("cache-single-flight");
    group
        .measurement_time(MEASUREMENT)
        .throughput(Throughput::Elements(ASKERS));
    let ours = cache();
    group.bench_function("read-through/256-askers", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            |key| {
                let ours = ours.clone();
                async move {
                    let asking = (0..ASKERS).map(|_| {
                        let ours = ours.clone();
                        tokio::spawn(async move { ours.get(&key).await.unwrap() })
                    });
                    futures::future::join_all(asking).await
                }
            },
            BatchSize::SmallInput,
        );
    });
    let bare = moka::future::Cache::new(10_000);
    group.bench_function("moka-get-with/256-askers", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            |key| {
                let bare = bare.clone();
                async move {
                    let asking = (0..ASKERS).map(|_| {
                        let bare = bare.clone();
                        tokio::spawn(async move { bare.get_with(key, async { value() }).await })
                    });
                    futures::future::join_all(asking).await
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, hits, loads, single_flight);
criterion_main!(benches);
