//! What fits in, warming up, and the statistics.

use stepkeep_core::cache::{CacheConfig, Loaded, WarmUp};

use crate::oracle::Manner;
use crate::{World, config, seconds};

#[tokio::test(start_paused = true)]
async fn what_weighs_too_much_together_is_evicted() {
    let world = World::new(CacheConfig {
        max_weight: 1_000,
        ..config()
    });
    let cache = world.cache.with_weigher(|_, _| 100);
    for key in 0..50 {
        cache.get(&key).await.unwrap();
    }
    let statistics = cache.statistics();
    assert!(statistics.weight <= 1_000, "{statistics:?}");
    assert_eq!(statistics.weight, statistics.entries * 100);
    assert_eq!(statistics.evictions, 50 - statistics.entries);
}

#[tokio::test(start_paused = true)]
async fn without_a_weigher_entries_are_counted() {
    let world = World::new(CacheConfig {
        max_weight: 10,
        ..config()
    });
    world.cache.warm_up(0..50, 4).await;
    let statistics = world.cache.statistics();
    assert_eq!(
        (statistics.entries, statistics.weight, statistics.evictions),
        (10, 10, 40)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cache_can_be_warmed_up_a_few_at_once() {
    let world = World::new(config());
    world.oracle.close();
    let cache = world.cache.clone();
    let warming = tokio::spawn(async move { cache.warm_up(0..20, 3).await });
    world.settle().await;
    assert_eq!(world.oracle.loads(), 3, "no more than three at once");
    world.oracle.open();
    let result = warming.await.unwrap();
    assert_eq!((result.present, result.absent, result.failed), (20, 0, 0));
    for key in 0..20 {
        assert_eq!(world.get(key).await, Some((1, false)));
    }
    assert_eq!(world.oracle.loads(), 20);
    world.oracle.behaves(Manner::Fail);
    assert_eq!(world.cache.warm_up([99], 0).await.failed, 1);
    assert_eq!(world.cache.warm_up([], 5).await, WarmUp::default());
}

#[tokio::test(start_paused = true)]
async fn what_is_put_in_is_there_and_older_loads_do_not_replace_it() {
    let world = World::new(config());
    world.oracle.close();
    let cache = world.cache.clone();
    let asking = tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value });
    world.settle().await;
    world.cache.insert(&7, Some(5)).await;
    assert_eq!(world.get(7).await, Some((5, false)));
    world.oracle.open();
    assert_eq!(asking.await.unwrap(), 1, "who asked before gets what was loaded");
    assert_eq!(world.get(7).await, Some((5, false)));
    world
        .cache
        .insert(&7, Loaded::absent().with_ttl(seconds(1)))
        .await;
    assert_eq!(world.get(7).await, None);
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_counted_once() {
    let world = World::new(config());
    let mut asked = 0;
    for round in 0..40_u64 {
        let manner = if round.is_multiple_of(3) {
            Manner::Fail
        } else {
            Manner::Answer
        };
        world.oracle.behaves(manner);
        world.oracle.has_nothing(round.is_multiple_of(7));
        for key in 0..3 {
            let _ = world.cache.get(&key).await;
            asked += 1;
        }
        world.pass(seconds(round % 9)).await;
    }
    let statistics = world.cache.statistics();
    let counted = statistics.hits + statistics.negative_hits + statistics.stale_hits + statistics.misses;
    assert_eq!(counted, asked, "{statistics:?}");
    assert_eq!(statistics.loads, world.oracle.loads());
    assert!(statistics.load_failures > 0 && statistics.stale_hits > 0 && statistics.negative_hits > 0);
}
