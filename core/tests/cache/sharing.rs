//! One load at a time.

use std::sync::Arc;

use stepkeep_core::cache::CacheError;

use crate::oracle::Manner;
use crate::{World, config, seconds};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_who_ask_for_a_cold_key_share_one_load() {
    let world = World::new(config());
    world.oracle.close();
    let asking: Vec<_> = (0..1_000)
        .map(|_| {
            let cache = world.cache.clone();
            tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value })
        })
        .collect();
    while world.oracle.loads() == 0 {
        tokio::task::yield_now().await;
    }
    world.oracle.open();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), 1);
    }
    assert_eq!(world.oracle.loads(), 1);
    let statistics = world.cache.statistics();
    assert_eq!(statistics.hits + statistics.misses, 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_slow_key_does_not_keep_others_waiting() {
    let world = World::new(config());
    world.oracle.close();
    let cache = world.cache.clone();
    let slow = tokio::spawn(async move { cache.get(&1).await });
    world.settle().await;
    let cache = world.cache.clone();
    let other = tokio::spawn(async move { cache.get(&2).await });
    world.settle().await;
    assert_eq!(world.oracle.loads(), 2, "both are under way");
    world.oracle.open();
    slow.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_load_goes_on_without_those_who_went_away() {
    let world = World::new(config());
    world.oracle.close();
    let ask = || {
        let cache = world.cache.clone();
        tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value })
    };
    let (first, second) = (ask(), ask());
    world.settle().await;
    first.abort();
    world.settle().await;
    world.oracle.open();
    assert_eq!(second.await.unwrap(), 1, "the other one gets it");

    world.cache.invalidate(&7).await;
    world.oracle.close();
    let only = ask();
    world.settle().await;
    only.abort();
    world.settle().await;
    world.oracle.open();
    world.settle().await;
    assert_eq!(
        world.cache.peek(&7).unwrap().value,
        1,
        "nobody is left, and it is there"
    );
    assert_eq!(world.oracle.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_one_load_get_one_error() {
    let world = World::new(config());
    world.oracle.behaves(Manner::Fail);
    let (one, other) = tokio::join!(world.cache.get(&7), world.cache.get(&7));
    let (CacheError::Failed(one), CacheError::Failed(other)) = (one.unwrap_err(), other.unwrap_err()) else {
        panic!("the source failed");
    };
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(world.oracle.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_those_who_wait_and_the_next_one_loads_again() {
    let world = World::new(config());
    world.oracle.behaves(Manner::Panic);
    let (one, other) = tokio::join!(world.cache.get(&7), world.cache.get(&7));
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "the source panicked: the oracle has an accident"
        );
    }
    world.oracle.behaves(Manner::Answer);
    assert_eq!(world.get(7).await, Some((1, false)));
    assert_eq!(world.oracle.loads(), 2);
    assert_eq!(world.cache.statistics().load_failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_ends_at_its_deadline() {
    let world = World::new(config());
    world.oracle.behaves(Manner::Hang);
    let begun = tokio::time::Instant::now();
    let error = world.cache.get(&7).await.unwrap_err();
    assert!(
        matches!(error, CacheError::TimedOut { after } if after == seconds(4)),
        "{error}"
    );
    assert_eq!(begun.elapsed(), seconds(4));
    assert!(world.cache.statistics().load_time_max >= seconds(4));
}

#[test]
fn a_runtime_that_shuts_down_leaves_nobody_waiting() {
    let world = World::new(config());
    world.oracle.close();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let cache = world.cache.clone();
    let mut asking = Box::pin(async move { cache.get(&7).await });
    runtime.block_on(async { assert!(futures::poll!(&mut asking).is_pending()) });
    runtime.shutdown_timeout(seconds(10));
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let error = other.block_on(asking).unwrap_err();
    assert!(matches!(error, CacheError::Interrupted), "{error}");
    // Another runtime can go on with the same cache.
    world.oracle.open();
    assert_eq!(other.block_on(world.get(7)), Some((1, false)));
}
