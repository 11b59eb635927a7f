//! Which flow answers, and what becomes of the session when none can.

use stepkeep_core::{
    FieldValue, FlowName, Input, InputId, InputKind, Outcome, Position, SessionChange, SessionStore,
    StepName, Timer, UserId,
};

use crate::toy::{field, order, step};
use crate::world::{World, applied, command, finished, key, repeated, tap, text, texts};

/// Puts the person somewhere, as another version of the bot may have.
async fn put_at(world: &World, flow: &'static str, version: u32, at: &'static str) {
    let held = world.session().await;
    let position = Position {
        flow: FlowName::constant(flow),
        version,
        step: StepName::constant(at),
    };
    let change = SessionChange::new(world.now()).go_to(position);
    world.memory.update(&held, &change).await.unwrap();
}

#[tokio::test]
async fn a_failing_or_panicking_flow_leaves_the_session_and_records_the_error() {
    for (answer, kind) in [("fail", "broken"), ("panic", "panic")] {
        let (world, _) = World::in_order().await;
        let before = world.session().await;
        let failed = applied(world.send(3, text(answer)).await);
        assert_eq!(texts(&failed.replies), [format!("Failed: {kind}")]);
        let after = world.session().await;
        assert_eq!(
            (after.position(), after.data()),
            (before.position(), before.data())
        );
        assert_eq!(after.turn().history, before.turn().history);
        assert_eq!(after.turn().menu, before.turn().menu);

        let error = after.turn().last_error.clone().unwrap();
        assert_eq!(error.kind, kind);
        assert!((1..=300).contains(&error.message.chars().count()));
        assert_eq!((error.user, error.step), (UserId(42), Some(step("city"))));
        // It failed once, and fails no second time.
        repeated(world.send(3, text(answer)).await);
        applied(world.send(4, text("Austin")).await);
    }
}

#[tokio::test]
async fn a_flow_that_is_gone_leads_home() {
    let (world, _) = World::in_order().await;
    put_at(&world, "gone", 1, "somewhere").await;
    let lost = applied(world.send(3, text("Austin")).await);
    assert_eq!(texts(&lost.replies), ["That is gone.", "What would you like?"]);
    assert_eq!(lost.session.position(), None);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_left_as_it_is() {
    let (world, rates) = World::waiting_for_rates().await;
    put_at(&world, "order", 3, "novelty").await;
    let before = world.session().await;
    let kinds = [
        text("Austin"),
        command("start", ""),
        command("language", "ru"),
        InputKind::Other("sticker".to_owned()),
    ];
    for (id, kind) in (10..).zip(kinds) {
        let outcome = world.send(id, kind).await;
        let Outcome::Answered { replies, .. } = outcome else {
            panic!("not refused: {outcome:?}");
        };
        assert_eq!(texts(&replies), ["In a moment."]);
        // A button of a menu that isn't stored could never be taken.
        assert!(
            replies
                .iter()
                .all(|reply| reply.message().unwrap().buttons.is_empty())
        );
    }

    // What no person did waits for the newer version, without a word.
    world.clock.advance(std::time::Duration::from_hours(2));
    let gone = Input {
        id: InputId::Wake(world.now()),
        ..world.update(0, InputKind::ChatGone)
    };
    for input in [finished(&rates, world.now()), gone] {
        assert!(matches!(world.handle(&input).await, Outcome::Settled));
    }
    assert!(world.engine.due_timer(&before).is_none());
    assert!(world.engine.recover(&before, |_| false).await.unwrap().is_none());
    assert_eq!(world.session().await, before);
}

#[tokio::test]
async fn what_an_older_version_wrote_is_migrated_with_the_answer_in_one_write() {
    let (world, _) = World::in_order().await;
    put_at(&world, "order", 1, "town").await;
    let held = world.session().await;
    let change = SessionChange::new(world.now())
        .set(field("town"), FieldValue::text("Austin"))
        .set(field("colour"), FieldValue::text("red"));
    world.memory.update(&held, &change).await.unwrap();

    let committed = applied(world.send(3, text("78701")).await);
    assert_eq!(world.trips(), (1, 1));
    let session = committed.session;
    assert_eq!(session.position().map(|position| position.version), Some(2));
    assert_eq!(session.step(), Some(&step("rates")));
    assert_eq!(session.field("city"), Some(&FieldValue::text("Austin")));
    assert_eq!(session.field("zip"), Some(&FieldValue::text("78701")));
    assert_eq!((session.field("town"), session.field("colour")), (None, None));
}

#[tokio::test]
async fn leaving_takes_the_data_of_the_flow_and_keeps_what_is_the_persons() {
    let (world, _) = World::waiting_for_rates().await;
    applied(world.send(10, command("language", "ru")).await);
    let left = applied(world.send(11, command("start", "")).await);
    let kept: Vec<_> = left.session.data().keys().map(ToString::to_string).collect();
    assert_eq!(kept, ["language"]);
    assert_eq!(left.session.position(), None);
    assert!(left.session.turn().history.is_empty());
    assert_eq!(left.session.turn().timer, None);
    assert_eq!(left.session.wake_at(), None);
    // The record stays, so that the last answer can't start over.
    repeated(world.send(11, command("start", "")).await);
    repeated(world.send(4, text("78701")).await);
}

#[tokio::test]
async fn back_brings_the_data_that_the_step_had() {
    let (world, _) = World::in_order().await;
    let mut said = applied(world.send(3, text("Austin")).await);
    said = applied(world.send(4, tap(&said, "Back")).await);
    assert_eq!(said.session.step(), Some(&step("city")));
    assert_eq!(said.session.field("city"), None);

    applied(world.send(5, text("Dallas")).await);
    applied(world.send(6, text("75201")).await);
    let effect = world.session().await.turn().effects[0].clone();
    said = applied(world.handle(&finished(&effect, world.now())).await);
    for (id, at, zip) in [(7, "rates", Some("75201")), (8, "zip", None)] {
        said = applied(world.send(id, tap(&said, "Back")).await);
        assert_eq!(said.session.step(), Some(&step(at)));
        assert_eq!(said.session.field("zip"), zip.map(FieldValue::text).as_ref());
        assert_eq!(said.session.field("rates"), None);
        assert_eq!(said.session.field("city"), Some(&FieldValue::text("Dallas")));
    }
    said = applied(world.send(9, tap(&said, "Back")).await);
    said = applied(world.send(10, tap(&said, "Back")).await);
    assert_eq!(texts(&said.replies), ["This is the first step."]);
    assert_eq!(said.session.flow(), Some(&order()));
}

#[tokio::test]
async fn another_language_shows_the_step_again_and_stays_in_it() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("Austin")).await);
    let before = world.session().await;
    let shown = applied(world.send(4, command("language", "ru")).await);
    assert_eq!(texts(&shown.replies), ["zip in ru"]);
    assert_eq!(shown.session.position(), before.position());
    assert_eq!(shown.session.field("city"), Some(&FieldValue::text("Austin")));
    let timer: Option<&Timer> = shown.session.turn().timer.as_ref();
    assert_eq!(timer, before.turn().timer.as_ref());
    assert!(timer.is_some());
}

#[tokio::test]
async fn who_is_in_no_flow_sees_the_menu_in_the_other_language() {
    let world = World::new();
    let shown = applied(world.send(1, command("language", "ru")).await);
    assert_eq!(texts(&shown.replies), ["What would you like?"]);
    assert_eq!(world.memory.get(&key()).await.unwrap().unwrap().position(), None);
}

#[tokio::test]
async fn a_chat_that_is_gone_ends_the_conversation_without_a_word() {
    let (world, _) = World::waiting_for_rates().await;
    // The outcome of an effect that nobody sent: it would be tried for a day.
    let effect = world.session().await.turn().effects[0].clone();
    applied(world.handle(&finished(&effect, world.now())).await);
    let gone = applied(world.send(10, InputKind::ChatGone).await);
    assert!(gone.replies.is_empty() && gone.effects.is_empty());
    let session = gone.session;
    assert_eq!((session.position(), session.wake_at()), (None, None));
    assert!(session.data().is_empty() && session.turn().outbox.is_empty());
}

#[tokio::test]
async fn a_chat_that_is_gone_and_was_never_there_leaves_no_record() {
    let world = World::new();
    for id in [InputId::Update(1), InputId::Wake(world.now())] {
        let gone = Input {
            id,
            ..world.update(0, InputKind::ChatGone)
        };
        let outcome = world.handle(&gone).await;
        assert!(
            matches!(&outcome, Outcome::Answered { replies, .. } if replies.is_empty()),
            "{outcome:?}"
        );
    }
    assert_eq!(world.stored().await, None);
}
