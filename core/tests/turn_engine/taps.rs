//! A tap is taken only if the current turn offers that button.

use stepkeep_core::{ChatId, Outcome, Reply, SessionKey, SessionStore as _, UserId};

use crate::toy::{order, step};
use crate::world::{World, applied, command, key, raw_tap, repeated, tap, text};

fn is_outdated(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::OutdatedTap { answer } if answer == "out of date")
}

#[tokio::test]
async fn a_second_tap_on_the_same_button_changes_nothing_under_a_new_update_too() {
    let world = World::new();
    let menu = applied(world.send(1, command("start", "")).await);
    let entered = applied(world.send(2, tap(&menu, "Order")).await);
    world.confirm(&entered).await;
    let before = world.session().await;
    world.trips();

    for id in [2, 3, 4] {
        let again = repeated(world.send(id, tap(&menu, "Order")).await);
        assert!(again.replies.is_empty() && again.effects.is_empty());
    }
    assert_eq!(world.trips(), (3, 0));
    assert_eq!(world.session().await, before);
}

#[tokio::test]
async fn a_tap_that_changes_nothing_is_still_answered_once_only() {
    let world = World::new();
    let menu = applied(world.send(1, command("start", "")).await);
    applied(world.send(2, tap(&menu, "Nothing")).await);
    repeated(world.send(3, tap(&menu, "Nothing")).await);
}

#[tokio::test]
async fn a_button_of_an_older_menu_is_out_of_date_and_writes_nothing() {
    let world = World::new();
    let older = applied(world.send(1, command("start", "")).await);
    applied(world.send(2, command("start", "")).await);
    let before = world.session().await;
    world.trips();
    assert!(is_outdated(&world.send(3, tap(&older, "Order")).await));
    assert_eq!(world.trips(), (1, 0));
    assert_eq!(world.session().await, before);
}

#[tokio::test]
async fn a_person_without_a_session_has_no_buttons() {
    let world = World::new();
    assert!(is_outdated(&world.send(1, raw_tap("0123abcd:0")).await));
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn forged_data_is_out_of_date() {
    let world = World::new();
    applied(world.send(1, command("start", "")).await);
    let before = world.session().await;
    let token = before.turn().menu.as_ref().unwrap().token.clone();
    let forged = [
        String::new(),
        ":".to_owned(),
        "order".to_owned(),
        token.clone(),
        format!("{token}:"),
        format!("{token}:2"),
        format!("{token}:-1"),
        format!("{token}:0:0"),
        format!("{token}:order"),
        format!("{token}:18446744073709551616"),
        format!("x{token}:0"),
        ":0".to_owned(),
        "🦀".repeat(1_000),
    ];
    for (id, data) in (2..).zip(&forged) {
        assert!(is_outdated(&world.send(id, raw_tap(data)).await), "{data}");
    }
    assert_eq!(world.session().await, before);
}

#[tokio::test]
async fn what_a_button_carries_fits_the_messenger() {
    let world = World::new();
    let menu = applied(world.send(1, command("start", "")).await);
    let buttons = menu.replies.iter().filter_map(Reply::message);
    let mut buttons = buttons.flat_map(|message| message.buttons.iter().flatten());
    assert!(buttons.all(|button| (1..=64).contains(&button.action.len())));
}

#[tokio::test]
async fn a_remark_keeps_the_buttons_and_another_step_takes_them_away() {
    let (world, first) = World::in_order().await;
    let remark = applied(world.send(3, text("fail")).await);
    assert!(remark.session.turn().menu.is_some());
    let cancelled = applied(world.send(4, tap(&first, "Cancel")).await);
    assert_eq!(cancelled.session.turn().menu, None);
    assert!(is_outdated(&world.send(5, tap(&first, "Back")).await));
}

#[tokio::test]
async fn a_tap_leads_where_the_button_says() {
    let (world, first) = World::in_order().await;
    assert_eq!(first.session.flow(), Some(&order()));
    let next = applied(world.send(3, text("Austin")).await);
    let back = applied(world.send(4, tap(&next, "Back")).await);
    assert_eq!(back.session.step(), Some(&step("city")));
}

#[tokio::test]
async fn in_a_group_a_tap_on_somebody_elses_button_changes_nothing_for_either() {
    let world = World::new();
    let group = ChatId(-5);
    let (ann, bob) = (
        key().with_chat(group),
        SessionKey::new(key().bot(), group, UserId(43)),
    );
    let start = world.update(1, command("start", ""));
    let menu = applied(world.engine.handle(&ann, &start).await.unwrap());
    let bobs = world.update(2, command("start", ""));
    applied(world.engine.handle(&bob, &bobs).await.unwrap());
    let before = [&ann, &bob].map(|key| world.memory.get(key));
    let before = futures::future::join_all(before).await;

    let pressed = world.update(3, tap(&menu, "Order"));
    let outcome = world.engine.handle(&bob, &pressed).await.unwrap();
    assert!(matches!(outcome, Outcome::ForeignTap { answer } if answer == "not yours"));
    for forged in [
        "",
        ":",
        "::",
        "x:0:42",
        ":0:",
        "a:b:c:d",
        "0:0:99999999999999999999",
    ] {
        let forged = world.update(4, raw_tap(forged));
        let outcome = world.engine.handle(&bob, &forged).await.unwrap();
        assert!(matches!(
            outcome,
            Outcome::ForeignTap { .. } | Outcome::OutdatedTap { .. }
        ));
    }
    let after = futures::future::join_all([&ann, &bob].map(|key| world.memory.get(key))).await;
    let sessions = |read: Vec<Result<_, _>>| read.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(sessions(before), sessions(after));

    applied(world.engine.handle(&ann, &pressed).await.unwrap());
}
