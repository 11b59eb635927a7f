//! A source that fails.

use stepkeep_core::cache::CacheConfig;

use crate::oracle::Manner;
use crate::{World, config, seconds};

#[tokio::test(start_paused = true)]
async fn while_a_source_fails_people_get_the_last_good_value_and_it_is_asked_seldom() {
    let world = World::new(CacheConfig {
        stale_for: seconds(120),
        ..config()
    });
    world.get(7).await;
    world.pass(seconds(10)).await;
    world.oracle.behaves(Manner::Fail);
    let before = world.oracle.loads();
    // Ten people a second, for a minute.
    for _ in 0..60 {
        for _ in 0..10 {
            assert_eq!(world.get(7).await, Some((1, true)));
        }
        world.pass(seconds(1)).await;
    }
    let asked = world.oracle.loads() - before;
    assert!((10..=13).contains(&asked), "every 5 s: {asked} times");
    assert_eq!(world.cache.statistics().stale_hits, 600);

    world.oracle.behaves(Manner::Answer);
    world.oracle.tell(2);
    world.pass(seconds(5)).await;
    world.get(7).await;
    world.settle().await;
    assert_eq!(world.get(7).await, Some((2, false)), "it recovers");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_twice_for_a_source_that_hangs() {
    let world = World::new(config());
    world.get(7).await;
    world.pass(seconds(20)).await;
    world.oracle.behaves(Manner::Hang);
    let begun = tokio::time::Instant::now();
    assert_eq!(world.get(7).await, Some((1, true)));
    assert_eq!(begun.elapsed(), seconds(4), "the first one finds out");
    for _ in 0..4 {
        world.pass(seconds(6)).await;
        let begun = tokio::time::Instant::now();
        assert_eq!(world.get(7).await, Some((1, true)));
        assert_eq!(begun.elapsed(), seconds(0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_good_value_is_served_within_its_bound_and_no_longer() {
    let world = World::new(config());
    world.get(7).await;
    world.oracle.behaves(Manner::Fail);
    world.pass(seconds(69)).await;
    assert_eq!(world.get(7).await, Some((1, true)));
    world.pass(seconds(1)).await;
    world.cache.get(&7).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_serve_the_same_error_is_answered_until_the_source_may_be_asked_again() {
    let world = World::new(config());
    world.oracle.behaves(Manner::Fail);
    for _ in 0..20 {
        let error = world.cache.get(&7).await.unwrap_err();
        assert!(error.failure().is_some());
        world.cache.get_fresh(&7).await.unwrap_err();
    }
    assert_eq!(world.oracle.loads(), 1);
    world.oracle.behaves(Manner::Answer);
    assert_eq!(
        world.get(8).await,
        Some((1, false)),
        "other keys have nothing to do with it"
    );
    world.pass(seconds(5)).await;
    assert_eq!(world.get(7).await, Some((1, false)));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_does_not_make_a_failing_source_be_asked_more_often() {
    let world = World::new(config());
    world.oracle.behaves(Manner::Fail);
    for _ in 0..20 {
        world.cache.get(&7).await.unwrap_err();
        world.cache.invalidate(&7).await;
    }
    assert_eq!(world.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_takes_no_value_along() {
    let world = World::new(config());
    world.get(7).await;
    world.pass(seconds(20)).await;
    world.oracle.behaves(Manner::Panic);
    for _ in 0..20 {
        assert_eq!(world.get(7).await, Some((1, true)));
    }
    assert_eq!(world.oracle.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_fresh_value_says_when_there_is_none() {
    let world = World::new(config());
    world.get(7).await;
    world.oracle.tell(2);
    let fresh = world.cache.get_fresh(&7).await.unwrap().unwrap();
    assert_eq!((fresh.value, world.get(7).await), (2, Some((2, false))));
    world.oracle.behaves(Manner::Fail);
    world.cache.get_fresh(&7).await.unwrap_err();
    assert_eq!(world.get(7).await, Some((2, false)), "what is cached stays");
}
