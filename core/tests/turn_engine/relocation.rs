//! A session that gets another key is moved whole, once, whatever falls between.

use stepkeep_core::{ChatId, Fault, Relocated, SessionKey, SessionStore as _, StoreOperation};

use crate::toy::{order, step};
use crate::world::{World, applied, command, finished, key, text};

fn new_key() -> SessionKey {
    key().with_chat(ChatId(-100_500))
}

#[tokio::test]
async fn everything_moves_with_the_session() {
    let (world, effect) = World::waiting_for_rates().await;
    let before = world.session().await;
    assert_eq!(
        world.engine.relocate(&key(), &new_key()).await.unwrap(),
        Relocated::Moved
    );
    assert_eq!(world.stored().await, None);
    let moved = world.memory.get(&new_key()).await.unwrap().unwrap();
    assert_eq!(moved.position(), before.position());
    assert_eq!(moved.data(), before.data());
    assert_eq!(moved.turn(), before.turn());
    assert_eq!(moved.wake_at(), before.wake_at());

    // The dialogue goes on under the new key: with what was under way, and what was seen.
    let outcome = finished(&effect, world.now());
    let choice = applied(world.engine.handle(&new_key(), &outcome).await.unwrap());
    assert_eq!(choice.session.step(), Some(&step("choice")));
    assert_eq!(
        world.engine.relocate(&key(), &new_key()).await.unwrap(),
        Relocated::Nothing
    );
}

#[tokio::test]
async fn a_move_that_broke_off_anywhere_is_finished_by_the_next() {
    let broken = [
        StoreOperation::Update,
        StoreOperation::Create,
        StoreOperation::Clear,
    ]
    .into_iter()
    .flat_map(|write| [Fault::unavailable(write), Fault::lost_answer(write)]);
    for fault in broken {
        let (world, _) = World::waiting_for_rates().await;
        let before = world.session().await;
        let moved_by_the_first =
            format!("{fault:?}").contains("Clear") && format!("{fault:?}").contains("After");
        world.faults.inject(fault.times(1));
        world.engine.relocate(&key(), &new_key()).await.unwrap_err();
        let both = [world.stored().await, world.memory.get(&new_key()).await.unwrap()];
        let awake = both
            .iter()
            .flatten()
            .filter(|session| session.wake_at().is_some());
        assert!(awake.count() <= 1, "two of them must never act");

        let expected = if moved_by_the_first {
            Relocated::Nothing
        } else {
            Relocated::Moved
        };
        assert_eq!(
            world.another_engine().relocate(&key(), &new_key()).await.unwrap(),
            expected
        );
        assert_eq!(world.stored().await, None);
        let moved = world.memory.get(&new_key()).await.unwrap().unwrap();
        assert_eq!((moved.data(), moved.turn()), (before.data(), before.turn()));
        assert_eq!(moved.wake_at(), before.wake_at());
    }
}

#[tokio::test]
async fn who_went_on_in_the_new_chat_keeps_what_they_have_there() {
    let (world, _) = World::in_order().await;
    let begun = |id, kind| world.update(id, kind);
    let menu = world
        .engine
        .handle(&new_key(), &begun(70, command("start", "")))
        .await;
    let menu = applied(menu.unwrap());
    let tapped = begun(71, crate::world::tap(&menu, "Order"));
    applied(world.engine.handle(&new_key(), &tapped).await.unwrap());
    let said = world.engine.handle(&new_key(), &begun(72, text("Dallas"))).await;
    let there = applied(said.unwrap()).session;

    assert_eq!(
        world.engine.relocate(&key(), &new_key()).await.unwrap(),
        Relocated::Superseded
    );
    let kept = world.memory.get(&new_key()).await.unwrap().unwrap();
    assert_eq!(kept, there);
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn what_was_seen_in_the_new_chat_stays_seen() {
    let (world, _) = World::in_order().await;
    let start = world.update(70, command("start", ""));
    applied(world.engine.handle(&new_key(), &start).await.unwrap());
    world.engine.relocate(&key(), &new_key()).await.unwrap();
    let moved = world.memory.get(&new_key()).await.unwrap().unwrap();
    assert_eq!(moved.flow(), Some(&order()));
    for id in [start.id, world.update(1, command("start", "")).id] {
        assert!(moved.turn().seen.contains(&id));
    }
}
