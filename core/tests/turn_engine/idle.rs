//! A person who stops answering is reminded, then the conversation is closed: once, and not out of the blue.

use std::time::Duration;

use stepkeep_core::{IdleStage, InputKind, Outcome};

use crate::toy::{IDLE, order, step};
use crate::world::{World, applied, repeated, tap, text, texts};

#[tokio::test]
async fn who_stops_answering_is_reminded_and_then_the_conversation_is_closed() {
    let (world, _) = World::in_order().await;
    let last_input = world.now();

    let due = world.until_due(Duration::ZERO).await;
    assert_eq!(due.kind, InputKind::Idle(IdleStage::Remind));
    assert!(due.at >= last_input + IDLE.remind_after.unwrap());
    let reminded = applied(world.handle(&due).await);
    assert_eq!(texts(&reminded.replies), ["Your order waits."]);
    assert_eq!(reminded.session.flow(), Some(&order()));
    world.confirm(&reminded).await;

    let due = world.until_due(Duration::ZERO).await;
    assert_eq!(due.kind, InputKind::Idle(IdleStage::Close));
    assert!(due.at >= last_input + IDLE.close_after);
    let closed = applied(world.handle(&due).await);
    assert_eq!(texts(&closed.replies), ["I closed your order."]);
    assert_eq!(closed.session.position(), None);
    world.confirm(&closed).await;
    assert_eq!(world.session().await.wake_at(), None, "there is no more to say");
}

#[tokio::test]
async fn of_two_processes_one_reminds() {
    let (world, _) = World::in_order().await;
    let due = world.until_due(Duration::ZERO).await;
    world.add_rival(due.clone());
    repeated(world.handle(&due).await);
}

#[tokio::test]
async fn an_answer_begins_the_time_anew() {
    let (world, _) = World::in_order().await;
    world.clock.advance(Duration::from_mins(29));
    let answered_at = world.now();
    applied(world.send(50, text("+")).await);
    let session = world.session().await;
    assert!(session.wake_at().unwrap() >= answered_at + IDLE.remind_after.unwrap());
    applied(world.send(51, text("Austin")).await);
    assert_eq!(
        world.session().await.turn().idle,
        None,
        "in this step there is no hurry"
    );
}

#[tokio::test]
async fn a_reminder_that_comes_after_the_answer_says_nothing() {
    let (world, first) = World::in_order().await;
    let due = world.until_due(Duration::ZERO).await;
    applied(world.send(50, tap(&first, "Cancel")).await);
    assert!(matches!(world.handle(&due).await, Outcome::Settled));
}

#[tokio::test]
async fn after_a_long_outage_nobody_is_reminded_and_nobody_is_thrown_out_at_once() {
    let (world, _) = World::in_order().await;
    let due = world.until_due(Duration::from_hours(30)).await;
    let late = applied(world.handle(&due).await);
    assert!(late.replies.is_empty());
    assert_eq!(late.session.flow(), Some(&order()));
    let closing = late.session.turn().idle.unwrap();
    assert_eq!(closing.stage, IdleStage::Close);
    assert!(closing.at >= world.now() + IDLE.close_after.saturating_sub(IDLE.remind_after.unwrap()));
}

#[tokio::test]
async fn nobody_is_idle_who_waits_for_the_bot() {
    let (world, _) = World::waiting_for_rates().await;
    let session = world.session().await;
    assert_eq!(session.step(), Some(&step("rates")));
    assert_eq!(session.turn().idle, None);
}
