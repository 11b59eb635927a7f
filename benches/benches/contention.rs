//! Many writers of one key: each reads, changes, and runs again when another was faster, until its change is there.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

use std::sync::Arc;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use stepkeep_benches::{Candidate, MEASUREMENT, answer, candidates, key, new_session, people, time_of};
use stepkeep_core::{SessionStore, StoreErrorKind};
use tokio::runtime::Runtime;

/// How many write one key at once.
const WRITERS: [usize; 3] = [2, 16, 64];

/// Changes that everybody wants to make to the same session, as often as it takes.
async fn insist(store: Arc<dyn SessionStore>, person: i64, changes: u64) {
    let key = key(person);
    let mut held = store.get(&key).await.unwrap().unwrap();
    for number in 0..changes {
        let change = answer(i64::try_from(number).unwrap());
        loop {
            match store.update(&held, &change).await {
                Ok(session) => {
                    held = session;
                    break;
                }
                Err(error) => {
                    assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}");
                    // The refusal has it: no further read.
                    held = error.into_current().unwrap();
                }
            }
        }
    }
}

fn contention(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for Candidate { name, store, .. } in &runtime.block_on(candidates()) {
        let mut group = criterion.benchmark_group("contention");
        group
            .measurement_time(MEASUREMENT)
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Elements(1));
        for writers in WRITERS {
            let person = people(1)[0];
            runtime.block_on(store.create(new_session(person))).unwrap();
            group.bench_function(
                BenchmarkId::new("one-key", format!("{name}/{writers}-writers")),
                |bencher| {
                    bencher.to_async(&runtime).iter_custom(|iterations| async move {
                        let tasks = u64::try_from(writers).unwrap();
                        let each = iterations.div_ceil(tasks);
                        let started = Instant::now();
                        let running =
                            (0..writers).map(|_| tokio::spawn(insist(Arc::clone(store), person, each)));
                        for ended in join_all(running).await {
                            ended.unwrap();
                        }
                        time_of(iterations, each * tasks, started.elapsed())
                    });
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, contention);
criterion_main!(benches);
