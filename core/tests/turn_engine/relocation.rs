//! A session that gets another key is moved whole, once, whatever falls between.

use std::time::Duration;

use stepkeep_core::{
    ChatId, Fault, InputKind, Outcome, Relocated, SessionKey, SessionStore as _, StoreOperation, TurnState,
};

use crate::toy::{order, step};
use crate::world::{World, applied, command, finished, key, repeated, tap, text};

fn new_key() -> SessionKey {
    key().with_chat(ChatId(-100_500))
}

impl World {
    /// Nothing is left under the old key but where everything is now.
    async fn leaves_only_the_way(&self) {
        let left = self.session().await;
        assert_eq!((left.position(), left.wake_at()), (None, None));
        assert!(left.data().is_empty());
        let mut way = TurnState::default();
        way.moved_to = Some(new_key().chat());
        assert_eq!(*left.turn(), way);
    }

    /// Lets another process move the session between the next read and the write that follows it.
    fn moves_meanwhile(&self) {
        let rival = self.another_engine();
        self.rivals.add(move |_| async move {
            let moved = rival.relocate(&key(), &new_key()).await.unwrap();
            assert_eq!(moved, Relocated::Moved);
        });
    }
}

#[tokio::test]
async fn an_answer_during_the_move_is_applied_where_the_session_is_now() {
    let (world, _) = World::in_order().await;
    world.moves_meanwhile();
    let committed = applied(world.send(3, text("Austin")).await);
    assert_eq!(*committed.session.key(), new_key());
    assert_eq!(committed.session.step(), Some(&step("zip")));
    assert_eq!(
        world.memory.get(&new_key()).await.unwrap().as_ref(),
        Some(&committed.session)
    );
    // It comes once more, and neither makes another session nor is applied twice.
    let again = repeated(world.send(3, text("Austin")).await);
    assert_eq!(again.session, committed.session);
    world.leaves_only_the_way().await;
}

#[tokio::test]
async fn a_button_of_the_old_chat_still_counts() {
    let world = World::new();
    let group = key().with_chat(ChatId(-900));
    let start = world.update(1, command("start", ""));
    let menu = applied(world.engine.handle(&group, &start).await.unwrap());
    let (rival, old) = (world.another_engine(), group.clone());
    world.rivals.add(move |_| async move {
        assert_eq!(rival.relocate(&old, &new_key()).await.unwrap(), Relocated::Moved);
    });
    let tapped = world.update(2, tap(&menu, "Order"));
    let begun = applied(world.engine.handle(&group, &tapped).await.unwrap());
    assert_eq!(begun.session.flow(), Some(&order()));
    assert_eq!(*begun.session.key(), new_key());
}

#[tokio::test]
async fn what_was_under_way_comes_back_by_the_old_key_too() {
    let (world, effect) = World::waiting_for_rates().await;
    world.engine.relocate(&key(), &new_key()).await.unwrap();
    let at = world.now() + Duration::from_mins(7);
    assert!(world.engine.postpone(&key(), &effect.id, at).await.unwrap());
    let moved = world.memory.get(&new_key()).await.unwrap().unwrap();
    assert_eq!(moved.turn().effects[0].recover_at, at);
    let choice = applied(world.handle(&finished(&effect, world.now())).await);
    assert_eq!(choice.session.step(), Some(&step("choice")));
    assert_eq!(*choice.session.key(), new_key());
}

#[tokio::test]
async fn that_the_old_chat_is_gone_ends_nothing_in_the_new_one() {
    let (world, _) = World::in_order().await;
    world.engine.relocate(&key(), &new_key()).await.unwrap();
    let before = world.memory.get(&new_key()).await.unwrap();
    assert!(matches!(
        world.send(3, InputKind::ChatGone).await,
        Outcome::Settled
    ));
    assert_eq!(world.memory.get(&new_key()).await.unwrap(), before);
    world.leaves_only_the_way().await;
}

#[tokio::test]
async fn everything_moves_with_the_session() {
    let (world, effect) = World::waiting_for_rates().await;
    let before = world.session().await;
    assert_eq!(
        world.engine.relocate(&key(), &new_key()).await.unwrap(),
        Relocated::Moved
    );
    world.leaves_only_the_way().await;
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
    let (update, create) = (StoreOperation::Update, StoreOperation::Create);
    // The old session is written twice: to let it rest, and to empty it.
    let broken = [
        (Fault::unavailable(update), false),
        (Fault::lost_answer(update), false),
        (Fault::unavailable(create), false),
        (Fault::lost_answer(create), false),
        (Fault::unavailable(update).after_calls(1), false),
        (Fault::lost_answer(update).after_calls(1), true),
    ];
    for (fault, moved_by_the_first) in broken {
        let (world, _) = World::waiting_for_rates().await;
        let before = world.session().await;
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
        world.leaves_only_the_way().await;
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
    let tapped = begun(71, tap(&menu, "Order"));
    applied(world.engine.handle(&new_key(), &tapped).await.unwrap());
    let said = world.engine.handle(&new_key(), &begun(72, text("Dallas"))).await;
    let there = applied(said.unwrap()).session;

    assert_eq!(
        world.engine.relocate(&key(), &new_key()).await.unwrap(),
        Relocated::Superseded
    );
    let kept = world.memory.get(&new_key()).await.unwrap().unwrap();
    assert_eq!(kept, there);
    world.leaves_only_the_way().await;
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
