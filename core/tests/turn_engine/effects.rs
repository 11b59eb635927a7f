//! Outside calls: committed with the turn, made once, come back once.

use std::time::Duration;

use stepkeep_core::{FieldValue, Outcome, PendingEffect, StoreErrorKind};

use crate::toy::{LEASE, order, step};
use crate::world::{World, applied, command, finished, key, repeated, tap, text, texts};

#[tokio::test]
async fn an_effect_is_handed_out_once_by_the_turn_that_asked_for_it() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("Austin")).await);
    let asked = applied(world.send(4, text("78701")).await);
    let [effect] = &asked.effects[..] else {
        panic!("one effect: {:?}", asked.effects);
    };
    assert_eq!((effect.name.as_str(), &effect.flow), ("rates", &order()));
    assert_eq!(effect.payload, FieldValue::text("78701"));
    assert_eq!(asked.session.turn().effects, asked.effects);
    assert_eq!(asked.session.wake_at(), Some(effect.recover_at));

    assert!(repeated(world.send(4, text("78701")).await).effects.is_empty());
    // Neither does a later turn hand out what is under way.
    assert!(applied(world.send(5, text("well?")).await).effects.is_empty());
}

/// What is the same everywhere may ask for something too: the person stays where they are, and the home hears the outcome.
#[tokio::test]
async fn the_home_hears_what_it_asked_for_wherever_the_person_is() {
    let (world, begun) = World::in_order().await;
    let asked = applied(world.send(3, command("balance", "")).await);
    assert_eq!(asked.session.position(), begun.session.position());
    let outcome = finished(&asked.effects[0], world.now());
    let told = applied(world.handle(&outcome).await);
    assert_eq!(texts(&told.replies), [r#"balance: "the outcome""#]);
    assert_eq!(told.session.position(), begun.session.position());
}

#[tokio::test]
async fn two_effects_never_have_the_same_id() {
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..20 {
        let (_, effect) = World::waiting_for_rates().await;
        assert!(!ids.contains(&effect.id));
        ids.push(effect.id);
    }
}

#[tokio::test]
async fn an_outcome_is_taken_once() {
    let (world, effect) = World::waiting_for_rates().await;
    let outcome = finished(&effect, world.now());
    let choice = applied(world.handle(&outcome).await);
    assert_eq!(choice.session.step(), Some(&step("choice")));
    assert!(choice.session.turn().effects.is_empty());
    world.confirm(&choice).await;

    let before = world.session().await;
    let again = repeated(world.handle(&outcome).await);
    assert!(again.replies.is_empty() && again.effects.is_empty());
    assert_eq!(world.session().await, before);

    // Also when so much happened meanwhile that the outcome itself is forgotten.
    for id in 1_000..1_200 {
        applied(world.send(id, text("well?")).await);
    }
    let before = world.session().await;
    world.trips();
    assert!(matches!(world.handle(&outcome).await, Outcome::Settled));
    assert_eq!((world.session().await, world.trips()), (before, (1, 0)));
}

#[tokio::test]
async fn what_was_said_when_a_call_began_is_not_said_after_its_outcome() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("Austin")).await);
    world.clock.advance(Duration::from_secs(1));
    let asked = applied(world.send(4, text("78701")).await);
    let said = texts(&asked.replies);
    assert_eq!(said.len(), 1, "it says that it looks");
    // A process that doesn't know what was sent.
    let next = world.another_engine();
    let again = next.handle(&key(), &world.update(4, text("78701"))).await;
    assert_eq!(texts(&repeated(again.unwrap()).replies), said);
    world.clock.advance(Duration::from_secs(1));
    applied(world.handle(&finished(&asked.effects[0], world.now())).await);
    let again = next.handle(&key(), &world.update(4, text("78701"))).await;
    assert!(repeated(again.unwrap()).replies.is_empty());
}

#[tokio::test]
async fn leaving_drops_what_was_asked_for() {
    let (world, effect) = World::waiting_for_rates().await;
    let left = applied(world.send(10, command("start", "")).await);
    assert!(left.session.turn().effects.is_empty());
    let outcome = world.handle(&finished(&effect, world.now())).await;
    assert!(matches!(outcome, Outcome::Settled), "{outcome:?}");
}

#[tokio::test]
async fn what_is_paid_for_comes_to_its_end_wherever_the_person_is() {
    let (world, label) = World::buying().await;
    assert_eq!((label.name.as_str(), label.outlives_flow), ("label", true));
    let left = applied(world.send(10, command("start", "")).await);
    assert_eq!(left.session.turn().effects, std::slice::from_ref(&label));

    let menu = left.session.turn().menu.clone();
    let bought = applied(world.handle(&finished(&label, world.now())).await);
    assert_eq!(
        texts(&bought.replies),
        [r#"By the way, your label: "the outcome""#]
    );
    assert_eq!(bought.session.position(), None);
    assert_eq!(bought.session.turn().menu, menu, "the menu is still the person's");
    assert!(bought.session.turn().effects.is_empty());
}

#[tokio::test]
async fn of_two_processes_one_takes_an_abandoned_effect_up() {
    let (world, effect) = World::waiting_for_rates().await;
    let other = world.another_engine();
    let found = world.session().await;
    let nothing_runs = |_: &str| false;
    assert!(
        other.recover(&found, nothing_runs).await.unwrap().is_none(),
        "its lease is not over"
    );

    world.clock.advance(LEASE);
    assert!(
        other
            .recover(&found, |id| id == effect.id)
            .await
            .unwrap()
            .is_none(),
        "it runs here: it is only slow"
    );
    let mut taken: Vec<PendingEffect> = Vec::new();
    for engine in [&world.engine, &other] {
        if let Some(committed) = engine.recover(&found, nothing_runs).await.unwrap() {
            taken.extend(committed.effects);
        }
    }
    let [taken] = &taken[..] else {
        panic!("taken by one: {taken:?}");
    };
    assert_eq!((&taken.id, taken.recoveries), (&effect.id, 1));
    assert_eq!(taken.recover_at, world.now() + LEASE);
    assert_eq!(world.session().await.wake_at(), Some(taken.recover_at));

    // The outcome of the process that was only slow counts as well, once.
    applied(world.handle(&finished(&effect, world.now())).await);
    repeated(other.handle(&key(), &finished(taken, world.now())).await.unwrap());
}

#[tokio::test]
async fn the_replies_to_an_outcome_are_sent_by_another_process_when_this_one_dies() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    let lease = said.session.wake_at().unwrap();
    assert!(lease > world.now());
    let other = world.another_engine();
    let nothing_runs = |_: &str| false;
    assert!(
        other
            .recover(&said.session, nothing_runs)
            .await
            .unwrap()
            .is_none()
    );

    world.clock.set(lease);
    let recovered = other.recover(&said.session, nothing_runs).await.unwrap().unwrap();
    assert_eq!(recovered.replies, said.replies);
    assert!(
        world
            .engine
            .recover(&said.session, nothing_runs)
            .await
            .unwrap()
            .is_none()
    );

    // Its tap answers are those of the same buttons.
    other
        .confirm_delivery(&recovered.session, &recovered.inputs)
        .await
        .unwrap();
    assert!(
        world
            .session()
            .await
            .turn()
            .outbox
            .iter()
            .all(|entry| entry.recover_at.is_none())
    );
    applied(world.send(5, tap(&recovered, "One")).await);
}

#[tokio::test]
async fn an_outcome_that_is_told_late_has_no_buttons_beside_those_of_the_present_question() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    let has_buttons = |replies: &[stepkeep_core::Reply]| {
        let mut messages = replies.iter().filter_map(stepkeep_core::Reply::message);
        messages.any(|message| !message.buttons.is_empty())
    };
    assert!(has_buttons(&said.replies));
    let other = world.another_engine();
    let start = other.handle(&key(), &world.update(5, command("start", ""))).await;
    let started = applied(start.unwrap());
    assert!(has_buttons(&started.replies));

    world.clock.set(said.session.wake_at().unwrap());
    let recovered = other.recover(&started.session, |_| false).await.unwrap().unwrap();
    assert_eq!(texts(&recovered.replies), texts(&said.replies));
    assert!(!has_buttons(&recovered.replies));
    assert_eq!(recovered.session.turn().menu, started.session.turn().menu);
}

#[tokio::test]
async fn a_confirmed_outcome_is_stored_as_sent_and_an_answer_is_not_stored_again() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    world.trips();
    world.confirm(&said).await;
    assert_eq!(world.trips(), (0, 1));
    let session = world.session().await;
    assert!(
        session
            .turn()
            .outbox
            .iter()
            .all(|entry| entry.recover_at.is_none())
    );
    let timer = session.turn().timer.clone().unwrap();
    assert_eq!(
        session.wake_at(),
        Some(timer.at),
        "nothing but the reminder is left"
    );

    let answered = applied(world.send(10, text("well?")).await);
    world.trips();
    world.confirm(&answered).await;
    assert_eq!(world.trips(), (0, 0));
}

#[tokio::test]
async fn a_confirmation_that_comes_too_late_changes_nothing() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    applied(world.send(10, text("well?")).await);
    let before = world.session().await;
    world.confirm(&said).await;
    assert_eq!(world.session().await, before);
    // The next turn here drops it, since it is known to be sent.
    let next = applied(world.send(11, text("well?")).await);
    assert!(
        next.session
            .turn()
            .outbox
            .iter()
            .all(|entry| entry.recover_at.is_none())
    );
}

#[tokio::test]
async fn a_confirmation_that_fails_says_so() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    let fault = stepkeep_core::Fault::unavailable(stepkeep_core::StoreOperation::Update);
    world.faults.inject(fault.times(1));
    let confirmed = world.engine.confirm_delivery(&said.session, &said.inputs).await;
    assert_eq!(confirmed.unwrap_err().kind(), StoreErrorKind::Unavailable);
    world.clock.advance(Duration::from_hours(1));
    // Whoever sent them knows, and only notes it now.
    let recovered = world
        .engine
        .recover(&said.session, |_| false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(texts(&recovered.replies), Vec::<&str>::new());
    assert!(
        world
            .session()
            .await
            .turn()
            .outbox
            .iter()
            .all(|entry| entry.recover_at.is_none())
    );
}

#[tokio::test]
async fn replies_whose_confirmation_failed_are_sent_again_by_another_process() {
    let (world, effect) = World::waiting_for_rates().await;
    let said = applied(world.handle(&finished(&effect, world.now())).await);
    let fault = stepkeep_core::Fault::unavailable(stepkeep_core::StoreOperation::Update);
    world.faults.inject(fault.times(1));
    let confirmed = world.engine.confirm_delivery(&said.session, &said.inputs).await;
    assert!(confirmed.is_err());
    world.clock.advance(Duration::from_hours(1));
    let recovered = world
        .another_engine()
        .recover(&said.session, |_| false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        recovered.replies, said.replies,
        "they may be sent twice, and never not at all"
    );
}
