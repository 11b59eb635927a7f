//! Each operation of the contract on a store, for one caller and for many at once.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a benchmark that fails has nothing to measure"
)]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use futures::future::join_all;
use stepkeep_core::{SessionStore, StoreErrorKind};
use tokio::runtime::Runtime;

use crate::{MEASUREMENT, answer, key, new_session};

/// How many callers there are at once.
const CONCURRENCY: [usize; 3] = [1, 16, 256];

/// Keys that no other case uses.
static NEXT_PERSON: AtomicI64 = AtomicI64::new(1);

/// That many people whom nobody else uses.
pub fn people(number: usize) -> Vec<i64> {
    let number = i64::try_from(number).unwrap();
    let first = NEXT_PERSON.fetch_add(number, Ordering::Relaxed);
    (first..first + number).collect()
}

/// Runs `iterations` operations split among so many tasks, and answers how long all took.
async fn side_by_side<F, Fut>(concurrency: usize, iterations: u64, operation: F) -> Duration
where
    F: Fn(usize, u64) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let each = iterations.div_ceil(concurrency as u64);
    let started = Instant::now();
    let tasks = (0..concurrency).map(|task| tokio::spawn(operation(task, each)));
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
    started.elapsed()
}

/// Measures `create`, `get`, `update`, both together, a conflict, and `clear`, on any store, for 1, 16 and 256 callers.
///
/// The future opens the store, on the runtime that it is used on. What it has already is left alone.
pub fn bench_store<S: SessionStore>(criterion: &mut Criterion, name: &str, open: impl Future<Output = S>) {
    let runtime = Runtime::new().unwrap();
    let store = &Arc::new(runtime.block_on(open));
    for concurrency in CONCURRENCY {
        let id = |operation: &str| BenchmarkId::new(operation, format!("{name}/c{concurrency}"));
        let mut group = criterion.benchmark_group("store");
        group
            .measurement_time(MEASUREMENT)
            .sample_size(10)
            .throughput(Throughput::Elements(1));

        group.bench_function(id("create"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |_, each| {
                    let (store, people) = (Arc::clone(store), people(usize::try_from(each).unwrap()));
                    async move {
                        for person in people {
                            store.create(new_session(person)).await.unwrap();
                        }
                    }
                })
            });
        });

        let people = people(concurrency);
        runtime.block_on(async {
            for person in &people {
                store.create(new_session(*person)).await.unwrap();
            }
        });
        group.bench_function(id("get"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, key) = (Arc::clone(store), key(people[task]));
                    async move {
                        for _ in 0..each {
                            store.get(&key).await.unwrap().unwrap();
                        }
                    }
                })
            });
        });
        group.bench_function(id("update"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, key) = (Arc::clone(store), key(people[task]));
                    async move {
                        let mut held = store.get(&key).await.unwrap().unwrap();
                        for number in 0..each {
                            let change = answer(i64::try_from(number).unwrap());
                            held = store.update(&held, &change).await.unwrap();
                        }
                    }
                })
            });
        });
        group.bench_function(id("get+update"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, key) = (Arc::clone(store), key(people[task]));
                    async move {
                        for number in 0..each {
                            let held = store.get(&key).await.unwrap().unwrap();
                            store
                                .update(&held, &answer(i64::try_from(number).unwrap()))
                                .await
                                .unwrap();
                        }
                    }
                })
            });
        });
        group.bench_function(id("conflict"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, key) = (Arc::clone(store), key(people[task]));
                    async move {
                        let stale = store.get(&key).await.unwrap().unwrap();
                        store.update(&stale, &answer(1)).await.unwrap();
                        for _ in 0..each {
                            let error = store.update(&stale, &answer(2)).await.unwrap_err();
                            assert_eq!(error.kind(), StoreErrorKind::Conflict);
                        }
                    }
                })
            });
        });
        group.bench_function(id("clear+create"), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, person) = (Arc::clone(store), people[task]);
                    async move {
                        for _ in 0..each {
                            store.clear(&key(person), None).await.unwrap();
                            store.create(new_session(person)).await.unwrap();
                        }
                    }
                })
            });
        });
        group.finish();
    }
}
