//! What was invalidated is gone, at each of the places where an invalidation can meet a load.

use crate::oracle::Manner;
use crate::{World, config, seconds};

#[tokio::test(start_paused = true)]
async fn what_was_being_loaded_is_not_cached_nor_shared_with_those_who_ask_afterwards() {
    for everything in [false, true] {
        let world = World::new(config());
        let ask = || {
            let cache = world.cache.clone();
            tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value })
        };
        world.oracle.close();
        let before = ask();
        world.settle().await;
        world.oracle.tell(2);
        if everything {
            world.cache.invalidate_all().await;
        } else {
            world.cache.invalidate(&7).await;
        }
        let after = ask();
        world.settle().await;
        assert_eq!(world.oracle.loads(), 2, "the load under way is not joined");
        world.oracle.open();
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (1, 2));
        assert_eq!(world.get(7).await, Some((2, false)));
        assert_eq!(world.oracle.loads(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_from_before_does_not_replace_what_was_loaded_after() {
    let world = World::new(config());
    // The load from before ends last: it hangs until its deadline and is too late in any case, so let it end by the gate instead.
    world.oracle.close();
    let cache = world.cache.clone();
    let before = tokio::spawn(async move { cache.get(&7).await.unwrap().unwrap().value });
    world.settle().await;
    world.cache.invalidate(&7).await;
    world.cache.insert(&7, Some(2)).await;
    world.oracle.open();
    assert_eq!(before.await.unwrap(), 1);
    world.settle().await;
    assert_eq!(world.cache.peek(&7).unwrap().value, 2);
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_value_is_not_served_stale_either() {
    let world = World::new(config());
    world.get(7).await;
    world.pass(seconds(12)).await;
    world.oracle.behaves(Manner::Fail);
    world.cache.invalidate(&7).await;
    assert_eq!(world.cache.peek(&7), None);
    world.cache.get(&7).await.unwrap_err();

    // Nor by a load that had seen it.
    let world = World::new(config());
    world.get(7).await;
    world.pass(seconds(30)).await;
    world.oracle.behaves(Manner::Fail);
    world.oracle.close();
    let cache = world.cache.clone();
    let before = tokio::spawn(async move { cache.get(&7).await });
    world.settle().await;
    world.cache.invalidate(&7).await;
    let cache = world.cache.clone();
    let after = tokio::spawn(async move { cache.get(&7).await });
    world.settle().await;
    world.oracle.open();
    after.await.unwrap().unwrap_err();
    let _ = before.await.unwrap();
    assert_eq!(world.cache.peek(&7), None);
}

#[tokio::test(start_paused = true)]
async fn invalidating_one_key_leaves_the_others() {
    let world = World::new(config());
    world.cache.warm_up(0..100, 8).await;
    world.cache.invalidate(&7).await;
    for key in 0..100 {
        world.get(key).await;
    }
    assert_eq!(world.oracle.loads(), 101);
    world.cache.invalidate_all().await;
    for key in 0..100 {
        assert_eq!(world.cache.peek(&key), None);
    }
    assert_eq!(world.cache.statistics().entries, 0);
}
