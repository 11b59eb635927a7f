//! Each operation of the contract on each store, for one caller and for many at once.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use stepkeep_benches::{Candidate, MEASUREMENT, answer, at, candidates, key, new_session};
use stepkeep_core::{CleanupPolicy, NewSession, ScanFilter, SessionChange, SessionStore, StoreErrorKind};
use tokio::runtime::Runtime;

/// How many callers there are at once.
const CONCURRENCY: [usize; 3] = [1, 16, 256];

/// Keys that no other case uses.
static NEXT_PERSON: AtomicI64 = AtomicI64::new(1);

fn people(number: usize) -> Vec<i64> {
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

fn operations(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for Candidate { name, store, .. } in &runtime.block_on(candidates()) {
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
}

/// A page of a scan, and the removal of a thousand idle sessions among ten thousand.
fn housekeeping(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for Candidate { name, store, .. } in &runtime.block_on(candidates()) {
        runtime.block_on(async {
            join_all(
                people(10_000)
                    .into_iter()
                    .map(|person| store.create(recent(person))),
            )
            .await;
        });
        let mut group = criterion.benchmark_group("housekeeping");
        group.measurement_time(MEASUREMENT).sample_size(10);
        group.bench_function(BenchmarkId::new("scan-page-of-100", name), |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                let page = store.scan(&ScanFilter::default(), None, 100).await.unwrap();
                assert_eq!(page.sessions.len(), 100);
            });
        });
        group.bench_function(BenchmarkId::new("cleanup-of-1000", name), |bencher| {
            bencher.to_async(&runtime).iter_custom(|iterations| async move {
                let mut took = Duration::ZERO;
                for _ in 0..iterations {
                    join_all(people(1_000).into_iter().map(|person| store.create(idle(person)))).await;
                    let started = Instant::now();
                    let report = store.cleanup(&CleanupPolicy::before(at(1))).await.unwrap();
                    took += started.elapsed();
                    assert_eq!(report.removed, 1_000);
                }
                took
            });
        });
        group.finish();
    }
}

fn recent(person: i64) -> NewSession {
    NewSession::new(key(person), SessionChange::new(at(1_000_000_000)))
}

fn idle(person: i64) -> NewSession {
    NewSession::new(key(person), SessionChange::new(at(0)))
}

criterion_group!(benches, operations, housekeeping);
criterion_main!(benches);
