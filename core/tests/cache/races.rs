//! Invalidations in all orders with loads, insertions and time: by schedules that are drawn, and by threads.
//!
//! One rule covers them: a value is a version of the truth, and nobody who asks after an invalidation gets a version from before it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use proptest::prelude::*;
use stepkeep_core::cache::{CacheConfig, Loaded, ReadThroughCache, Source};
use stepkeep_core::{ManualClock, SystemClock, Timestamp};
use tokio::sync::oneshot;

use crate::oracle::Silent;
use crate::{config, seconds};

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    AskFresh,
    /// The truth changes, and nobody says so.
    Change,
    ChangeAndInvalidate,
    ChangeAndInvalidateAll,
    ChangeAndInsert,
    /// One of the loads under way ends, by its place in the queue.
    Answer(usize),
    Fail(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Ask),
        1 => Just(Step::AskFresh),
        1 => Just(Step::Change),
        3 => Just(Step::ChangeAndInvalidate),
        1 => Just(Step::ChangeAndInvalidateAll),
        1 => Just(Step::ChangeAndInsert),
        4 => (0_usize..4).prop_map(Step::Answer),
        1 => (0_usize..4).prop_map(Step::Fail),
        2 => (1_u64..15).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

/// Each load reads the truth and waits until it is told to end.
#[derive(Debug, Default)]
struct StepByStep {
    truth: AtomicU64,
    under_way: Mutex<VecDeque<oneshot::Sender<bool>>>,
}

#[async_trait]
impl Source<u64> for StepByStep {
    type Value = u64;
    type Error = Silent;

    async fn load(&self, _: &u64) -> Result<Loaded<u64>, Silent> {
        let truth = self.truth.load(Ordering::SeqCst);
        let (sender, receiver) = oneshot::channel();
        self.under_way.lock().push_back(sender);
        match receiver.await {
            Ok(true) => Ok(Loaded::present(truth)),
            _ => Err(Silent),
        }
    }
}

impl StepByStep {
    fn end(&self, place: usize, is_good: bool) {
        let mut under_way = self.under_way.lock();
        if !under_way.is_empty() {
            let place = place % under_way.len();
            let _ = under_way.remove(place).unwrap().send(is_good);
        }
    }
}

async fn walk(steps: Vec<Step>) {
    let source = Arc::new(StepByStep::default());
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000)));
    let config = CacheConfig {
        load_deadline: seconds(1_000_000),
        ..config()
    };
    let cache = ReadThroughCache::new("races", Arc::clone(&source), config, Arc::clone(&clock) as _);
    let mut asked = Vec::new();
    // The version that nobody who asks now may get less than.
    let mut floor = 0;
    let change = || source.truth.fetch_add(1, Ordering::SeqCst) + 1;
    for step in steps {
        match step {
            Step::Ask | Step::AskFresh => {
                let cache = cache.clone();
                let is_fresh = matches!(step, Step::AskFresh);
                asked.push(tokio::spawn(async move {
                    let answer = if is_fresh {
                        cache.get_fresh(&7).await
                    } else {
                        cache.get(&7).await
                    };
                    let version = answer.ok().map(|cached| cached.unwrap().value);
                    assert!(
                        version.is_none_or(|version| version >= floor),
                        "{version:?} < {floor}"
                    );
                }));
            }
            Step::Change => {
                change();
            }
            Step::ChangeAndInvalidate => {
                floor = change();
                cache.invalidate(&7).await;
            }
            Step::ChangeAndInvalidateAll => {
                floor = change();
                cache.invalidate_all().await;
            }
            Step::ChangeAndInsert => {
                floor = change();
                cache.insert(&7, Some(floor)).await;
            }
            Step::Answer(place) => source.end(place, true),
            Step::Fail(place) => source.end(place, false),
            Step::Pass(time) => clock.advance(seconds(time)),
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let peeked = cache.peek(&7).map(|cached| cached.value);
        assert!(
            peeked.is_none_or(|version| version >= floor),
            "{peeked:?} < {floor}"
        );
    }
    for asked in asked {
        while !asked.is_finished() {
            source.end(0, true);
            tokio::task::yield_now().await;
        }
        asked.await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_no_schedule_does_anybody_get_what_was_invalidated_before(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(walk(steps));
    }
}

/// Loads the truth as it is, giving others the chance to come in between.
#[derive(Debug, Default)]
struct Truth(AtomicU64);

#[async_trait]
impl Source<u64> for Truth {
    type Value = u64;
    type Error = Silent;

    async fn load(&self, _: &u64) -> Result<Loaded<u64>, Silent> {
        let truth = self.0.load(Ordering::SeqCst);
        if truth.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        Ok(Loaded::present(truth))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_threads_nobody_gets_what_was_invalidated_before() {
    let source = Arc::new(Truth::default());
    let cache = ReadThroughCache::new(
        "threads",
        Arc::clone(&source),
        CacheConfig::default(),
        Arc::new(SystemClock),
    );
    let floor = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|number| {
            let (cache, floor, is_over) = (cache.clone(), Arc::clone(&floor), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let floor = floor.load(Ordering::SeqCst);
                    let answer = match number {
                        0 => cache.get_fresh(&7).await,
                        _ => cache.get(&7).await,
                    };
                    let version = answer.unwrap().unwrap().value;
                    assert!(version >= floor, "{version} < {floor}");
                    if number % 2 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for round in 0..20_000_u64 {
        let version = source.0.fetch_add(1, Ordering::SeqCst) + 1;
        match round % 16 {
            15 => cache.invalidate_all().await,
            11 => cache.insert(&7, Some(version)).await,
            _ => cache.invalidate(&7).await,
        }
        floor.store(version, Ordering::SeqCst);
        if round.is_multiple_of(8) {
            tokio::task::yield_now().await;
        }
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}
