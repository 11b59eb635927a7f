//! Each operation of the contract on each store, for one caller and for many at once.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::future::join_all;
use stepkeep_benches::{Candidate, MEASUREMENT, at, bench_store, candidates, key, people};
use stepkeep_core::{CleanupPolicy, NewSession, ScanFilter, SessionChange, SessionStore};
use tokio::runtime::Runtime;

fn operations(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for Candidate { name, store, .. } in &runtime.block_on(candidates()) {
        bench_store(criterion, name, ready(Arc::clone(store)));
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
