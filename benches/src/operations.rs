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

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use futures::future::join_all;
use stepkeep_core::{SessionStore, StoreErrorKind};
use tokio::runtime::Runtime;

use crate::report::case::size;
use crate::report::shape::Shape;
use crate::{MEASUREMENT, key};

/// How many callers there are at once.
const CONCURRENCY: [usize; 3] = [1, 16, 256];

/// How large sessions are, in bytes of their stored form.
const SIZES: [u32; 3] = [600, 4_096, 65_536];

/// The most bytes that are created before they are removed again: memory has an end.
const MOST_BYTES: u64 = 64 * 1_024 * 1_024;

/// How many operations are measured for each size and concurrency.
const OPERATIONS: u32 = 6;

/// The variable that says how many minutes the measurements of one store may take, about; without it,
/// [`DEFAULT_MINUTES`].
pub const MINUTES_VARIABLE: &str = "STEPKEEP_BENCH_MINUTES";

/// How many minutes the measurements of one store may take when nobody says anything.
pub const DEFAULT_MINUTES: u32 = 4;

/// How long each case is measured, so that all fit in so many minutes with a warm-up of a third each.
fn measurement(minutes: u32) -> Duration {
    let cases = u32::try_from(SIZES.len() * CONCURRENCY.len()).unwrap() * OPERATIONS;
    let each = Duration::from_mins(1) * minutes / cases;
    (each * 3 / 4).clamp(Duration::from_millis(100), MEASUREMENT)
}

/// Keys that no other case uses.
static NEXT_PERSON: AtomicI64 = AtomicI64::new(1);

/// That many people whom nobody else uses.
pub fn people(number: usize) -> Vec<i64> {
    let number = i64::try_from(number).unwrap();
    let first = NEXT_PERSON.fetch_add(number, Ordering::Relaxed);
    (first..first + number).collect()
}

/// What `iterations` operations take, when `done` of them took so long.
///
/// Each task does as many as the others, so more are done than Criterion asked for: 256 by 256 callers where it asked for
/// one.
pub fn time_of(iterations: u64, done: u64, took: Duration) -> Duration {
    let nanos = took.as_nanos() * u128::from(iterations) / u128::from(done.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Runs `iterations` operations split among so many tasks, and answers how long so many took.
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
    time_of(iterations, each * concurrency as u64, started.elapsed())
}

/// Measures `create`, `get`, `update`, both together, a conflict, and `clear`, on any store: sessions of 600 bytes, 4 KB and
/// 64 KB, for 1, 16 and 256 callers.
///
/// The future opens the store, on the runtime that it is used on. What it has already is left alone. It takes about as
/// many minutes as [`MINUTES_VARIABLE`] says; Criterion's own filter picks cases, such as `update/.*600 B`.
pub fn bench_store<S: SessionStore>(criterion: &mut Criterion, name: &str, open: impl Future<Output = S>) {
    let runtime = Runtime::new().unwrap();
    let store = Arc::new(runtime.block_on(open));
    let minutes = std::env::var(MINUTES_VARIABLE).map_or(DEFAULT_MINUTES, |minutes| minutes.parse().unwrap());
    for bytes in SIZES {
        for concurrency in CONCURRENCY {
            let case = Measured {
                runtime: &runtime,
                store: &store,
                shape: Arc::new(Shape::of(bytes)),
                bytes,
                concurrency,
                label: format!("{name}/{}/c{concurrency}", size(bytes)),
                measurement: measurement(minutes),
            };
            case.bench(criterion);
        }
    }
}

/// A store with sessions of a size and a number of callers.
struct Measured<'a, S> {
    runtime: &'a Runtime,
    store: &'a Arc<S>,
    shape: Arc<Shape>,
    bytes: u32,
    concurrency: usize,
    label: String,
    measurement: Duration,
}

impl<S: SessionStore> Measured<'_, S> {
    #[expect(
        clippy::too_many_lines,
        reason = "one operation after another, each in a few lines"
    )]
    fn bench(self, criterion: &mut Criterion) {
        let Self {
            runtime,
            store,
            shape,
            bytes,
            concurrency,
            label,
            measurement,
        } = self;
        let shape = &shape;
        let slice = MOST_BYTES / u64::from(bytes);
        let id = |operation: &str| BenchmarkId::new(operation, &label);
        let mut group = criterion.benchmark_group("store");
        group
            .warm_up_time(measurement / 3)
            .measurement_time(measurement)
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Elements(1));

        group.bench_function(id("create"), |bencher| {
            bencher.to_async(runtime).iter_custom(|iterations| async move {
                let (mut took, mut left) = (Duration::ZERO, iterations);
                while left > 0 {
                    let slice = left.min(slice);
                    took += create_and_remove(store, shape, concurrency, slice).await;
                    left -= slice;
                }
                took
            });
        });

        let people = people(concurrency);
        runtime.block_on(async {
            for person in &people {
                store.create(shape.session(*person)).await.unwrap();
            }
        });
        group.bench_function(id("get"), |bencher| {
            bencher.to_async(runtime).iter_custom(|iterations| {
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
            bencher.to_async(runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, shape, key) = (Arc::clone(store), Arc::clone(shape), key(people[task]));
                    async move {
                        let mut held = store.get(&key).await.unwrap().unwrap();
                        for number in 0..each {
                            let change = shape.change(i64::try_from(number).unwrap());
                            held = store.update(&held, &change).await.unwrap();
                        }
                    }
                })
            });
        });
        group.bench_function(id("get+update"), |bencher| {
            bencher.to_async(runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, shape, key) = (Arc::clone(store), Arc::clone(shape), key(people[task]));
                    async move {
                        for number in 0..each {
                            let held = store.get(&key).await.unwrap().unwrap();
                            store
                                .update(&held, &shape.change(i64::try_from(number).unwrap()))
                                .await
                                .unwrap();
                        }
                    }
                })
            });
        });
        group.bench_function(id("conflict"), |bencher| {
            bencher.to_async(runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, shape, key) = (Arc::clone(store), Arc::clone(shape), key(people[task]));
                    async move {
                        let stale = store.get(&key).await.unwrap().unwrap();
                        store.update(&stale, &shape.change(1)).await.unwrap();
                        for _ in 0..each {
                            let error = store.update(&stale, &shape.change(2)).await.unwrap_err();
                            assert_eq!(error.kind(), StoreErrorKind::Conflict);
                        }
                    }
                })
            });
        });
        group.bench_function(id("clear+create"), |bencher| {
            bencher.to_async(runtime).iter_custom(|iterations| {
                side_by_side(concurrency, iterations, |task, each| {
                    let (store, shape, person) = (Arc::clone(store), Arc::clone(shape), people[task]);
                    async move {
                        for _ in 0..each {
                            store.clear(&key(person), None).await.unwrap();
                            store.create(shape.session(person)).await.unwrap();
                        }
                    }
                })
            });
        });
        group.finish();
    }
}

/// How long it takes to create so many sessions; they are removed after that.
async fn create_and_remove<S: SessionStore>(
    store: &Arc<S>,
    shape: &Arc<Shape>,
    concurrency: usize,
    number: u64,
) -> Duration {
    let each = usize::try_from(number).unwrap().div_ceil(concurrency);
    let all: Vec<Vec<i64>> = (0..concurrency).map(|_| people(each)).collect();
    let took = side_by_side(concurrency, number, |task, _| {
        let (store, shape, people) = (Arc::clone(store), Arc::clone(shape), all[task].clone());
        async move {
            for person in people {
                store.create(shape.session(person)).await.unwrap();
            }
        }
    });
    let took = took.await;
    side_by_side(concurrency, number, |task, _| {
        let (store, people) = (Arc::clone(store), all[task].clone());
        async move {
            for person in people {
                store.clear(&key(person), None).await.unwrap();
            }
        }
    })
    .await;
    took
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_beyond_what_was_asked_for_takes_no_time() {
        let took = Duration::from_millis(256);
        assert_eq!(time_of(1, 256, took), Duration::from_millis(1));
        assert_eq!(time_of(512, 512, took), took);
        assert_eq!(time_of(300, 512, took), Duration::from_millis(150));
    }
}
