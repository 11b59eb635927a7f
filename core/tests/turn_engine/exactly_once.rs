//! Every accepted answer changes the state exactly once, by one read and one write.

use stepkeep_core::{
    Fault, FieldValue, InputKind, Outcome, Reply, SessionStore, StoreErrorKind, StoreOperation, TurnError,
};

use crate::toy::{count, step};
use crate::world::{World, applied, command, finished, key, repeated, tap, text, texts};

#[tokio::test]
async fn every_answer_and_every_tap_costs_one_read_and_one_write() {
    let world = World::new();
    let mut trips = Vec::new();
    let mut said = applied(world.send(1, command("start", "")).await);
    trips.push(world.trips());
    said = applied(world.send(2, tap(&said, "Order")).await);
    trips.push(world.trips());
    for (id, answer) in [(3, "Austin"), (4, "+"), (5, "fail")] {
        world.confirm(&said).await;
        said = applied(world.send(id, text(answer)).await);
        trips.push(world.trips());
    }
    let effect = world.session().await.turn().effects[0].clone();
    said = applied(world.handle(&finished(&effect, world.now())).await);
    trips.push(world.trips());
    applied(world.send(6, tap(&said, "One")).await);
    trips.push(world.trips());
    assert_eq!(trips, [(1, 1); 7]);
}

#[tokio::test]
async fn passers_by_leave_no_record() {
    let world = World::new();
    for (id, kind) in [
        (1, text("hello")),
        (2, command("nonsense", "")),
        (3, text("fine weather")),
    ] {
        let outcome = world.send(id, kind).await;
        assert!(
            matches!(&outcome, Outcome::Answered { replies, .. } if texts(replies) == ["Try /start."]),
            "{outcome:?}"
        );
    }
    assert_eq!(world.trips(), (3, 0));
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn an_invoice_is_made_out_once_and_so_is_stored() {
    let world = World::new();
    let first = applied(world.send(1, command("bill", "")).await);
    assert!(matches!(&first.replies[..], [Reply::Invoice(_)]));
    let again = world
        .another_engine()
        .handle(&key(), &world.update(1, command("bill", "")))
        .await;
    // Computed again, its payload would be another one.
    assert_eq!(repeated(again.unwrap()).replies, first.replies);
}

#[tokio::test]
async fn what_happened_elsewhere_is_told_in_every_step_and_moves_nobody() {
    let (world, _) = World::in_order().await;
    let before = world.session().await;
    let happened = InputKind::Happened {
        name: "payment".to_owned(),
        details: FieldValue::text("5"),
    };
    let told = applied(world.send(3, happened.clone()).await);
    assert_eq!(texts(&told.replies), ["payment: \"5\""]);
    assert_eq!(told.session.position(), before.position());
    world.confirm(&told).await;
    assert!(repeated(world.send(3, happened).await).replies.is_empty());
}

#[tokio::test]
async fn a_redelivered_update_changes_nothing_and_finishes_its_unsent_replies() {
    let (world, _) = World::in_order().await;
    let first = applied(world.send(3, text("Austin")).await);
    let before = world.session().await;
    world.trips();

    let again = repeated(world.send(3, text("Austin")).await);
    assert_eq!(again.replies, first.replies);
    assert!(again.effects.is_empty());
    assert_eq!((world.session().await, world.trips()), (before.clone(), (1, 0)));

    // What is known to be sent is not sent again, and telling so costs no write.
    world.confirm(&again).await;
    assert!(repeated(world.send(3, text("Austin")).await).replies.is_empty());
    assert_eq!((world.session().await, world.trips()), (before, (1, 0)));
}

#[tokio::test]
async fn a_process_that_starts_anew_finishes_what_the_one_before_it_left() {
    let (world, _) = World::in_order().await;
    let first = applied(world.send(3, text("Austin")).await);
    let restarted = world.another_engine();
    let again = restarted
        .handle(&key(), &world.update(3, text("Austin")))
        .await
        .unwrap();
    assert_eq!(repeated(again).replies, first.replies);
}

#[tokio::test]
async fn what_a_message_left_unsent_is_not_forgotten_when_a_tap_follows() {
    let (world, first) = World::in_order().await;
    let unsent = applied(world.send(3, text("fail")).await);
    assert_eq!(texts(&unsent.replies), ["Failed: broken"]);
    // Taps come side by side with messages.
    let sent = applied(world.send(4, tap(&first, "Back")).await);
    world.confirm(&sent).await;

    assert!(
        repeated(world.send(4, tap(&first, "Back")).await)
            .replies
            .is_empty()
    );
    assert_eq!(
        repeated(world.send(3, text("fail")).await).replies,
        unsent.replies
    );
}

#[tokio::test]
async fn what_was_said_before_the_next_message_is_not_said_again() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("fail")).await);
    applied(world.send(4, text("fail")).await);
    // A process that doesn't know what was sent: the next message came, so the replies to the one before had been.
    let next = world.another_engine();
    let late = next.handle(&key(), &world.update(3, text("fail"))).await;
    assert!(repeated(late.unwrap()).replies.is_empty());
    let last = next.handle(&key(), &world.update(4, text("fail"))).await;
    assert_eq!(texts(&repeated(last.unwrap()).replies), ["Failed: broken"]);
}

#[tokio::test]
async fn what_this_process_has_not_sent_it_sends_whatever_followed() {
    let (world, _) = World::in_order().await;
    applied(world.send(3, text("fail")).await);
    applied(world.send(4, text("fail")).await);
    let late = world.send(3, text("fail")).await;
    assert_eq!(texts(&repeated(late).replies), ["Failed: broken"]);
}

#[tokio::test]
async fn what_was_late_is_said_whatever_followed() {
    let (world, _) = World::in_order().await;
    applied(world.send(5, text("fail")).await);
    // Put aside for a while, and replayed: that 6 was brought doesn't tell that the replies to 3 were sent.
    applied(world.send(3, text("fail")).await);
    applied(world.send(6, text("fail")).await);
    let next = world.another_engine();
    let late = next.handle(&key(), &world.update(3, text("fail"))).await;
    assert_eq!(texts(&repeated(late.unwrap()).replies), ["Failed: broken"]);
    let in_order = next.handle(&key(), &world.update(5, text("fail"))).await;
    assert!(repeated(in_order.unwrap()).replies.is_empty());
}

#[tokio::test]
async fn of_two_processes_one_gets_the_right_to_send() {
    let (world, _) = World::in_order().await;
    let asked = applied(world.send(3, text("Austin")).await);
    let input = &asked.inputs[0];
    let (one, other) = (world.another_engine(), world.another_engine());
    let read = repeated(
        one.handle(&key(), &world.update(3, text("Austin")))
            .await
            .unwrap(),
    );
    world.clock.advance(std::time::Duration::from_secs(4));
    let claimed = one.claim_replies(&read.session, input).await.unwrap();
    let entry = claimed.as_ref().unwrap().turn().outbox.last().unwrap().clone();
    assert_eq!((&entry.input, entry.at), (input, world.now()));
    assert!(other.claim_replies(&read.session, input).await.unwrap().is_none());
    assert_eq!(world.session().await, claimed.unwrap());
}

#[tokio::test]
async fn update_ids_may_come_in_any_order() {
    let (world, _) = World::in_order().await;
    applied(world.send(2_000_000_000, text("+")).await);
    applied(world.send(17, text("+")).await);
    repeated(world.send(2_000_000_000, text("+")).await);
    assert_eq!(count(&world.session().await), 2);
}

#[tokio::test]
async fn a_turn_runs_again_on_the_session_that_came_with_the_conflict() {
    let (world, _) = World::in_order().await;
    world.add_rival(world.update(50, text("+")));
    applied(world.send(3, text("+")).await);
    assert_eq!(count(&world.session().await), 2, "both are in");
    assert_eq!(world.trips(), (1, 2), "and nothing was read again");
}

#[tokio::test]
async fn an_input_that_another_process_applied_meanwhile_is_a_repeat() {
    let (world, _) = World::in_order().await;
    world.add_rival(world.update(3, text("+")));
    repeated(world.send(3, text("+")).await);
    assert_eq!(count(&world.session().await), 1);
    assert_eq!(world.trips(), (1, 1));
}

#[tokio::test]
async fn of_two_first_messages_at_once_both_are_applied() {
    let world = World::new();
    world.add_rival(world.update(50, command("language", "ru")));
    applied(world.send(1, command("start", "")).await);
    assert_eq!(world.trips(), (1, 2));
    let session = world.session().await;
    assert_eq!(session.field("language"), Some(&FieldValue::text("ru")));
    assert!(session.turn().menu.is_some());
    assert_eq!(session.revision().number(), 2);
}

#[tokio::test]
async fn a_session_that_goes_meanwhile_begins_anew() {
    let (world, _) = World::in_order().await;
    world.rivals.add(|memory| async move {
        memory.clear(&key(), None).await.unwrap();
    });
    applied(world.send(3, command("start", "")).await);
    assert_eq!(world.session().await.revision().number(), 1);
}

#[tokio::test]
async fn who_is_never_fastest_hears_so_and_nothing_is_applied() {
    let (world, _) = World::in_order().await;
    for id in 0..100 {
        world.add_rival(world.update(100 + id, text("+")));
    }
    let error = world.try_send(3, text("Austin")).await.unwrap_err();
    assert!(matches!(error, TurnError::Contention { .. }), "{error}");
    let rivals = 100 - world.rivals.len();
    assert!(rivals > 1, "it did not give up at once");
    let session = world.session().await;
    assert_eq!(count(&session), u64::try_from(rivals).unwrap());
    assert_eq!(session.step(), Some(&step("city")));
}

#[tokio::test]
async fn a_store_that_can_not_be_read_is_never_taken_for_an_empty_one() {
    let (world, _) = World::in_order().await;
    let before = world.session().await;
    for kind in [
        StoreErrorKind::Unavailable,
        StoreErrorKind::Timeout,
        StoreErrorKind::Corrupt,
    ] {
        world
            .faults
            .inject(Fault::error(StoreOperation::Get, kind).times(1));
        let error = world.try_send(3, command("start", "")).await.unwrap_err();
        assert!(
            matches!(&error, TurnError::Store(error) if error.kind() == kind),
            "{error}"
        );
    }
    assert_eq!(world.trips(), (3, 0));
    assert_eq!(world.session().await, before);
}

#[tokio::test]
async fn an_input_whose_commit_lost_its_answer_is_found_applied_when_it_comes_again() {
    let (world, _) = World::in_order().await;
    world
        .faults
        .inject(Fault::lost_answer(StoreOperation::Update).times(1));
    assert!(world.try_send(3, text("+")).await.is_err());
    repeated(world.send(3, text("+")).await);
    assert_eq!(count(&world.session().await), 1);
}

/// Handed in until it is taken, as updates are redelivered, by two processes in turn.
#[tokio::test]
async fn whatever_is_lost_every_answer_counts_once() {
    let (world, _) = World::in_order().await;
    let other = world.another_engine();
    for fault in [
        Fault::lost_answer(StoreOperation::Update),
        Fault::error(StoreOperation::Update, StoreErrorKind::Indeterminate),
        Fault::unavailable(StoreOperation::Get),
    ] {
        world.faults.inject(fault.with_probability(0.3));
    }
    for id in 1_000..1_100 {
        while world.try_send(id, text("+")).await.is_err() {}
        repeated(other.handle(&key(), &world.update(id, text("+"))).await.unwrap());
    }
    assert_eq!(count(&world.session().await), 100);
    assert!(world.faults.struck() > 50);
}

#[tokio::test]
async fn what_a_session_remembers_is_bounded() {
    let (world, _) = World::in_order().await;
    for id in 0..300 {
        // Nobody confirms, so nobody knows what was sent.
        applied(world.send(1_000 + id, text("fail")).await);
    }
    let session = world.session().await;
    assert_eq!(session.turn().seen.len(), stepkeep_core::Seen::LIMIT);
    assert_eq!(session.turn().outbox.len(), 4);

    // Once it is known, nothing is carried along but what was said last.
    let confirmed = applied(world.send(2_000, text("fail")).await);
    world.confirm(&confirmed).await;
    let next = applied(world.send(2_001, text("fail")).await);
    let carried = &next.session.turn().outbox;
    assert!(carried.iter().all(|entry| entry.input != confirmed.inputs[0]));
}

#[tokio::test]
async fn a_question_that_was_replaced_is_not_asked_again_by_a_late_redelivery() {
    let (world, first) = World::in_order().await;
    let asked = applied(world.send(3, text("Austin")).await);
    assert_eq!(texts(&asked.replies), ["ZIP?"]);
    // The process that comes next doesn't know what this one has sent.
    let next = world.another_engine();
    let again = next.handle(&key(), &world.update(3, text("Austin"))).await;
    assert_eq!(
        texts(&repeated(again.unwrap()).replies),
        ["ZIP?"],
        "it is still the question"
    );

    let back = next.handle(&key(), &world.update(5, tap(&asked, "Back"))).await;
    applied(back.unwrap());
    let again = next.handle(&key(), &world.update(3, text("Austin"))).await;
    assert!(repeated(again.unwrap()).replies.is_empty());
    drop(first);
}
