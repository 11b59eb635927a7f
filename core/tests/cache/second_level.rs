//! Two processes, which share a second level and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use stepkeep_core::SystemClock;
use stepkeep_core::cache::{CacheConfig, Invalidation, Loaded, ReadThroughCache, Source};

use crate::oracle::{Manner, Silent};
use crate::shared_map::{Health, SharedMap};
use crate::{World, config, seconds};

/// Two caches of one source.
struct Two {
    level: Arc<SharedMap>,
    one: World,
    other: World,
}

impl Two {
    fn new() -> Self {
        let level = Arc::new(SharedMap::default());
        let one = World::new(config());
        let on = |world: &World| world.cache.clone().with_second_level(Arc::clone(&level) as _);
        let other = World {
            cache: ReadThroughCache::new(
                "test",
                Arc::clone(&one.oracle),
                config(),
                Arc::clone(&one.clock) as _,
            ),
            oracle: Arc::clone(&one.oracle),
            clock: Arc::clone(&one.clock),
        };
        Self {
            one: World {
                cache: on(&one),
                ..one
            },
            other: World {
                cache: on(&other),
                ..other
            },
            level,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_process_loads_and_the_others_take_it_from_there() {
    let Two { one, other, .. } = Two::new();
    assert_eq!(one.get(7).await, Some((1, false)));
    one.settle().await;
    one.pass(seconds(4)).await;
    let (first, second) = (
        one.cache.peek(&7).unwrap(),
        other.cache.get(&7).await.unwrap().unwrap(),
    );
    assert_eq!(first, second, "with the life that is left of it");
    assert_eq!(one.oracle.loads(), 1);
    let statistics = other.cache.statistics();
    assert_eq!((statistics.second_level_hits, statistics.loads), (1, 0));
    assert_eq!(one.cache.statistics().second_level_misses, 1);
}

#[tokio::test(start_paused = true)]
async fn that_there_is_nothing_is_shared_too() {
    let Two { one, other, .. } = Two::new();
    one.oracle.has_nothing(true);
    assert_eq!(one.get(7).await, None);
    one.settle().await;
    assert_eq!(other.get(7).await, None);
    assert_eq!(one.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cold_key_is_loaded_once_by_all_processes_together() {
    let Two { one, other, .. } = Two::new();
    one.oracle.close();
    let asking: Vec<_> = [&one, &other, &one, &other]
        .map(|world| {
            let cache = world.cache.clone();
            tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value })
        })
        .into();
    one.settle().await;
    one.pass(seconds(1)).await;
    assert_eq!(one.oracle.loads(), 1);
    one.oracle.open();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), 1);
    }
    assert_eq!(one.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_another_process() {
    let Two { one, other, .. } = Two::new();
    one.oracle.close();
    let cache = one.cache.clone();
    let stuck = tokio::spawn(async move { cache.get(&7).await });
    one.settle().await;
    let cache = other.cache.clone();
    let waiting = tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value });
    // It dies, and its lease stays.
    one.pass(seconds(1)).await;
    for _ in 0..80 {
        one.pass(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(one.oracle.loads(), 2);
    one.oracle.open();
    assert_eq!(waiting.await.unwrap(), 1);
    stuck.abort();
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_lets_the_other_process_try_at_once() {
    let Two { one, other, .. } = Two::new();
    one.oracle.behaves(Manner::Fail);
    one.cache.get(&7).await.unwrap_err();
    one.settle().await;
    one.oracle.behaves(Manner::Answer);
    let begun = tokio::time::Instant::now();
    assert_eq!(other.get(7).await, Some((1, false)));
    assert_eq!(begun.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_reaches_the_others() {
    for everything in [false, true] {
        let Two { one, other, .. } = Two::new();
        one.get(7).await;
        one.settle().await;
        other.get(7).await;
        one.oracle.tell(2);
        if everything {
            one.cache.invalidate_all().await;
        } else {
            one.cache.invalidate(&7).await;
        }
        one.settle().await;
        assert_eq!(other.cache.peek(&7), None);
        assert_eq!(other.get(7).await, Some((2, false)));
        one.settle().await;
        assert_eq!(one.get(7).await, Some((2, false)));
        assert_eq!(one.oracle.loads(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_process_puts_in_the_others_get() {
    let Two { one, other, .. } = Two::new();
    one.get(7).await;
    one.settle().await;
    other.get(7).await;
    one.cache.insert(&7, Some(9)).await;
    one.settle().await;
    assert_eq!(other.get(7).await, Some((9, false)));
    assert_eq!(one.get(7).await, Some((9, false)));
    assert_eq!(one.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_being_loaded_when_it_was_invalidated_is_not_shared() {
    let Two { one, other, .. } = Two::new();
    one.oracle.close();
    let cache = one.cache.clone();
    let before = tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value });
    one.settle().await;
    one.oracle.tell(2);
    other.cache.invalidate(&7).await;
    one.settle().await;
    one.oracle.open();
    assert_eq!(before.await.unwrap(), 1);
    one.settle().await;
    assert_eq!(one.cache.peek(&7), None);
    assert_eq!(other.get(7).await, Some((2, false)));
    other.settle().await;
    assert_eq!(one.get(7).await, Some((2, false)));
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_fresh_value_goes_past_the_second_level() {
    let Two { one, other, .. } = Two::new();
    one.get(7).await;
    one.settle().await;
    one.oracle.tell(2);
    assert_eq!(other.cache.get_fresh(&7).await.unwrap().unwrap().value, 2);
    other.settle().await;
    one.cache.invalidate_all().await;
    assert_eq!(one.oracle.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn missed_messages_make_everything_doubtful() {
    let Two { one, other, level } = Two::new();
    one.get(7).await;
    one.settle().await;
    other.get(7).await;
    level.tell(Invalidation::Missed);
    one.settle().await;
    assert_eq!((one.cache.peek(&7), other.cache.peek(&7)), (None, None));
    assert_eq!(one.get(7).await, Some((1, false)));
    assert_eq!(one.oracle.loads(), 1, "the second level has it still");
}

#[tokio::test(start_paused = true)]
async fn a_dead_second_level_is_found_out_once_and_left_alone() {
    for health in [Health::Refuses, Health::Hangs] {
        let Two { one, level, .. } = Two::new();
        level.is(health);
        let begun = tokio::time::Instant::now();
        for key in 0..50 {
            assert_eq!(one.get(key).await, Some((1, false)));
        }
        let policy = config().second_level;
        assert!(begun.elapsed() <= policy.deadline, "{:?}", begun.elapsed());
        assert_eq!(level.calls(), 1);
        assert_eq!(one.cache.statistics().second_level_errors, 1);
        level.is(Health::Fine);
        one.pass(policy.pause).await;
        one.get(99).await;
        one.get(100).await;
        one.settle().await;
        assert_eq!(one.cache.statistics().second_level_misses, 2, "it is back");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_invalidated_while_the_second_level_was_away_does_not_come_back_with_it() {
    for everything in [false, true] {
        let Two { one, other, level } = Two::new();
        one.get(7).await;
        one.settle().await;
        other.get(7).await;
        level.is(Health::Refuses);
        one.oracle.tell(2);
        if everything {
            one.cache.invalidate_all().await;
        } else {
            one.cache.invalidate(&7).await;
        }
        assert_eq!(one.get(7).await, Some((2, false)));
        level.is(Health::Fine);
        one.pass(seconds(5)).await;
        // Whatever is asked next, what is owed comes first.
        one.get(8).await;
        one.settle().await;
        assert_eq!(other.cache.peek(&7), None, "the other one is told");
        one.cache.invalidate_all().await;
        assert_eq!(other.get(7).await, Some((2, false)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_replaced() {
    let Two { one, other, level } = Two::new();
    one.get(7).await;
    one.settle().await;
    level.spoil();
    assert_eq!(other.get(7).await, Some((1, false)));
    other.settle().await;
    level.tell(Invalidation::Missed);
    one.settle().await;
    assert_eq!(one.get(7).await, Some((1, false)));
    assert_eq!(one.oracle.loads(), 2);
}

#[derive(Debug, Default)]
struct Truth(AtomicU64);

#[async_trait]
impl Source<u64> for Truth {
    type Value = u64;
    type Error = Silent;

    async fn load(&self, _: &u64) -> Result<Loaded<u64>, Silent> {
        let truth = self.0.load(Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Loaded::present(truth))
    }
}

/// Who invalidates knows it at once, whatever the second level had; the others as soon as the message reaches them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_threads_the_second_level_brings_nothing_back() {
    let level = Arc::new(SharedMap::default());
    let source = Arc::new(Truth::default());
    let cache = || {
        let clock = Arc::new(SystemClock);
        ReadThroughCache::new("threads", Arc::clone(&source), CacheConfig::default(), clock)
            .with_second_level(Arc::clone(&level) as _)
    };
    let (one, other) = (cache(), cache());
    let floor = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let cache = if number % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            let (floor, is_over) = (Arc::clone(&floor), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let floor = floor.load(Ordering::SeqCst);
                    let version = cache.get(&7).await.unwrap().unwrap().value;
                    if number % 2 == 0 {
                        assert!(version >= floor, "{version} < {floor}");
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..3_000 {
        let version = source.0.fetch_add(1, Ordering::SeqCst) + 1;
        one.invalidate(&7).await;
        floor.store(version, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    let last = source.0.load(Ordering::SeqCst);
    // The last message may still be on its way.
    while other.get(&7).await.unwrap().unwrap().value < last {
        tokio::task::yield_now().await;
    }
}
