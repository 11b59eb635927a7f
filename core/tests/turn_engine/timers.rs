//! Timers fire once, in whatever process.

use std::time::Duration;

use stepkeep_core::{Input, InputId, InputKind, Outcome};

use crate::toy::REMINDER;
use crate::world::{World, applied, command, key, repeated, text, texts};

#[tokio::test]
async fn a_timer_fires_once_of_two_processes() {
    let (world, _) = World::in_order().await;
    let session = applied(world.send(3, text("Austin")).await).session;
    assert_eq!(session.wake_at(), Some(world.now() + REMINDER));
    let due = session.wake_at().unwrap();
    world.clock.set(due - Duration::from_millis(1));
    assert!(world.engine.due_timer(&session).is_none());

    world.clock.set(due);
    let other = world.another_engine();
    let (here, there) = (
        world.engine.due_timer(&session).unwrap(),
        other.due_timer(&session).unwrap(),
    );
    assert_eq!(here, there);
    let fired = applied(world.handle(&here).await);
    assert_eq!(texts(&fired.replies), ["Are you still there?"]);
    assert_eq!(fired.session.turn().timer, None);
    assert_eq!(fired.session.position(), session.position());
    repeated(other.handle(&key(), &there).await.unwrap());
    assert_eq!(world.session().await, fired.session);
}

#[tokio::test]
async fn of_two_processes_that_fire_at_the_same_moment_one_does() {
    let (world, _) = World::in_order().await;
    let session = applied(world.send(3, text("Austin")).await).session;
    world.clock.advance(REMINDER);
    let input = world.engine.due_timer(&session).unwrap();
    world.add_rival(input.clone());
    repeated(world.handle(&input).await);
}

#[tokio::test]
async fn a_timer_that_was_moved_or_taken_away_does_not_fire() {
    let (world, _) = World::in_order().await;
    let session = applied(world.send(3, text("Austin")).await).session;
    world.clock.advance(REMINDER);
    let due = world.engine.due_timer(&session).unwrap();
    applied(world.send(4, command("start", "")).await);
    let before = world.session().await;
    world.trips();
    assert!(matches!(world.handle(&due).await, Outcome::Settled));

    // Nor one of another name, nor one that is not due.
    let unknown = Input {
        id: InputId::Wake(world.now()),
        kind: InputKind::TimerFired {
            name: "unknown".to_owned(),
        },
        ..due
    };
    assert!(matches!(world.handle(&unknown).await, Outcome::Settled));
    assert_eq!((world.session().await, world.trips()), (before, (2, 0)));
}

#[tokio::test]
async fn an_answer_leaves_the_timer_running() {
    let (world, _) = World::in_order().await;
    let set = applied(world.send(3, text("Austin")).await).session;
    let later = applied(world.send(4, text("fail")).await).session;
    assert_eq!(later.turn().timer, set.turn().timer);
    assert_eq!(later.wake_at(), set.wake_at());
}

#[tokio::test]
async fn a_timer_can_be_set_again_while_the_step_is_shown_again() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("Austin")).await);
    world.clock.advance(Duration::from_mins(30));
    let snoozed = applied(world.send(4, command("snooze", "")).await);
    assert_eq!(texts(&snoozed.replies), ["zip in "]);
    assert_eq!(snoozed.session.wake_at(), Some(world.now() + REMINDER));
}
