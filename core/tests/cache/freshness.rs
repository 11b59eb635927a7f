//! How long an answer counts.

use std::collections::BTreeSet;

use stepkeep_core::cache::{CacheConfig, Freshness};
use stepkeep_core::{Clock, Timestamp};

use crate::{World, config, seconds};

#[tokio::test(start_paused = true)]
async fn a_value_is_fresh_for_its_time_and_says_so() {
    let world = World::new(config());
    let loaded_at = world.clock.now();
    let first = world.cache.get(&7).await.unwrap().unwrap();
    assert_eq!(
        (first.loaded_at, first.fresh_until),
        (loaded_at, loaded_at + seconds(10))
    );
    world.pass(seconds(9)).await;
    assert_eq!(world.cache.get(&7).await.unwrap(), Some(first));
    assert_eq!(world.oracle.loads(), 1);
    let statistics = world.cache.statistics();
    assert_eq!(
        (statistics.hits, statistics.misses, statistics.entries),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_just_expired_is_answered_at_once_and_renewed_behind() {
    let world = World::new(config());
    world.get(7).await;
    world.oracle.tell(2);
    world.pass(seconds(10)).await;
    world.oracle.close();
    for _ in 0..10 {
        assert_eq!(world.get(7).await, Some((1, true)), "nobody waits");
    }
    world.settle().await;
    assert_eq!(world.oracle.loads(), 2, "one renews it");
    world.oracle.open();
    world.settle().await;
    assert_eq!(world.get(7).await, Some((2, false)));
    assert_eq!(world.cache.statistics().stale_hits, 10);
}

#[tokio::test(start_paused = true)]
async fn what_expired_earlier_is_waited_for() {
    let world = World::new(config());
    world.get(7).await;
    world.oracle.tell(2);
    world.pass(seconds(15)).await;
    assert_eq!(world.get(7).await, Some((2, false)));
}

#[tokio::test(start_paused = true)]
async fn a_source_can_give_an_answer_a_time_of_its_own() {
    let world = World::new(CacheConfig {
        revalidate_for: seconds(0),
        ..config()
    });
    world.oracle.gives_ttl(seconds(100));
    world.get(7).await;
    world.pass(seconds(99)).await;
    world.get(7).await;
    assert_eq!(world.oracle.loads(), 1);
    world.oracle.gives_ttl(seconds(1));
    world.pass(seconds(1)).await;
    world.get(7).await;
    world.pass(seconds(1)).await;
    world.get(7).await;
    assert_eq!(world.oracle.loads(), 3);
}

#[tokio::test(start_paused = true)]
async fn that_there_is_nothing_is_known_for_a_while_and_never_served_stale() {
    let world = World::new(config());
    world.oracle.has_nothing(true);
    for _ in 0..5 {
        assert_eq!(world.get(7).await, None);
    }
    assert_eq!(world.oracle.loads(), 1);
    assert_eq!(world.cache.statistics().negative_hits, 4);
    world.oracle.has_nothing(false);
    world.pass(seconds(3)).await;
    world.oracle.behaves(crate::oracle::Manner::Fail);
    world.cache.get(&7).await.unwrap_err();
    world.oracle.behaves(crate::oracle::Manner::Answer);
    world.pass(seconds(5)).await;
    assert_eq!(world.get(7).await, Some((1, false)));
}

#[tokio::test(start_paused = true)]
async fn what_was_loaded_together_does_not_expire_together() {
    let world = World::new(CacheConfig {
        jitter: 0.2,
        ..config()
    });
    world.cache.warm_up(0..200, 8).await;
    let begun = world.clock.now();
    let lives: BTreeSet<_> = (0..200)
        .map(|key| {
            world
                .cache
                .peek(&key)
                .unwrap()
                .fresh_until
                .since(begun)
                .as_millis()
        })
        .collect();
    assert!(
        lives.iter().all(|life| (8_000..=10_000).contains(life)),
        "{lives:?}"
    );
    assert!(lives.len() > 100, "{} different ones", lives.len());
    assert!(lives.last().unwrap() - lives.first().unwrap() > 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_keeps_nothing_fresh_for_ever() {
    let world = World::new(config());
    world.get(7).await;
    world.oracle.tell(2);
    world.clock.set(Timestamp::from_millis(5));
    assert_eq!(world.get(7).await, Some((1, true)));
    world.settle().await;
    assert_eq!(world.get(7).await, Some((2, false)));
}

#[tokio::test(start_paused = true)]
async fn peeking_asks_nobody() {
    let world = World::new(config());
    assert_eq!(world.cache.peek(&7), None);
    world.get(7).await;
    assert_eq!(world.cache.peek(&7).unwrap().freshness, Freshness::Fresh);
    world.pass(seconds(30)).await;
    assert_eq!(world.cache.peek(&7).unwrap().freshness, Freshness::Stale);
    world.pass(seconds(40)).await;
    assert_eq!(world.cache.peek(&7), None);
    assert_eq!(world.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_at_hand_is_fresh_and_counts_as_a_hit() {
    let world = World::new(config());
    assert_eq!(world.cache.at_hand(&7), None);
    assert_eq!(world.cache.statistics().misses, 0, "nobody asked for a load");
    world.get(7).await;
    assert_eq!(world.cache.at_hand(&7).unwrap().freshness, Freshness::Fresh);
    assert_eq!(world.cache.statistics().hits, 1);
    world.pass(seconds(30)).await;
    assert_eq!(world.cache.at_hand(&7), None, "it is stale");
    assert_eq!((world.cache.statistics().hits, world.oracle.loads()), (1, 1));
}
