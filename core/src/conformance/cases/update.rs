//! `update`.

use std::sync::Arc;

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{
    ensure, ensure_absent, ensure_refused, ensure_refused_with, ensure_same, ensure_stored,
};
use super::super::race::all_at_once;
use super::super::samples::{at, field, filled_to, full, key, plain, position, turn_state};
use crate::change::SessionChange;
use crate::error::StoreErrorKind;
use crate::field::FieldValue;
use crate::store::SessionStore;

pub(in super::super) async fn an_update_stores_exactly_what_the_change_makes(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let changes = [
        ("nothing", SessionChange::new(at(1))),
        ("the step", SessionChange::new(at(2)).go_to(position("state"))),
        (
            "a new field",
            SessionChange::new(at(3)).set(field("zip"), FieldValue::text("78701")),
        ),
        (
            "a field",
            SessionChange::new(at(4)).set(field("city"), FieldValue::text("Dallas")),
        ),
        (
            "one field, and without another",
            SessionChange::new(at(5))
                .set(field("zip"), FieldValue::text("75201"))
                .unset(field("sizes")),
        ),
        (
            "without a field that is not there",
            SessionChange::new(at(6)).unset(field("absent")),
        ),
        (
            "the turn state",
            SessionChange::new(at(7)).turn(turn_state(at(7))),
        ),
        ("no wake time", SessionChange::new(at(8)).wake_at(None)),
        ("a wake time", SessionChange::new(at(9)).wake_at(Some(at(-5)))),
        ("no flow", SessionChange::new(at(10)).leave_flow()),
        ("a flow", SessionChange::new(at(11)).go_to(position("city"))),
        // The caller's clock went back; the time of the last update doesn't.
        ("an earlier time", SessionChange::new(at(-1_000))),
        (
            "no field at all",
            SessionChange::new(at(12))
                .unset(field("city"))
                .unset(field("zip"))
                .unset(field("sizes")),
        ),
        (
            "everything",
            SessionChange::new(at(13))
                .go_to(position("end"))
                .set(field("sizes"), FieldValue::text("all"))
                .unset(field("zip"))
                .turn(turn_state(at(13)))
                .wake_at(Some(at(14))),
        ),
    ];
    let mut held = store.create(full(key(1), at(0))?).await?;
    for (name, change) in changes {
        let what = format!("update to {name}");
        let expected = change.apply(&held);
        let updated = store.update(&held, &change).await?;
        ensure_same(&what, &updated, &expected)?;
        ensure_stored(&what, store, &expected).await?;
        held = updated;
    }
    Ok(())
}

pub(in super::super) async fn an_update_of_an_older_revision_changes_nothing_and_gets_the_stored_session(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let old = store.create(plain(key(1), at(0))).await?;
    let newer = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let newer = store.update(&old, &newer).await?;

    let late = SessionChange::new(at(2))
        .go_to(position("late"))
        .set(field("city"), FieldValue::text("Houston"));
    let answer = store.update(&old, &late).await;
    ensure_refused_with(
        "update of an older revision",
        answer,
        StoreErrorKind::Conflict,
        &newer,
    )?;
    ensure_stored("update of an older revision", store, &newer).await?;

    // The error is good to go on from without another read.
    let again = late.apply(&newer);
    let updated = store.update(&newer, &late).await?;
    ensure_same("update after a conflict", &updated, &again)?;
    ensure_stored("update after a conflict", store, &again).await
}

pub(in super::super) async fn the_same_update_again_answers_the_stored_session(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let held = store.create(plain(key(1), at(0))).await?;
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let first = store.update(&held, &change).await?;
    let again = store.update(&held, &change).await?;
    ensure_same("the same update again", &again, &first)?;
    let through_peer = fixture.peer().await?.update(&held, &change).await?;
    ensure_same("the same update again, second handle", &through_peer, &first)?;
    ensure_stored("the same update again", store, &first).await?;

    let next = store.update(&first, &SessionChange::new(at(2))).await?;
    let late = store.update(&held, &change).await;
    ensure_refused_with(
        "the same update after another one",
        late,
        StoreErrorKind::Conflict,
        &next,
    )?;
    ensure_stored("the same update after another one", store, &next).await
}

pub(in super::super) async fn of_many_updates_of_one_revision_one_wins(fixture: Fixture) -> Outcome {
    const TASKS: usize = 16;
    let handles = [fixture.handle(), fixture.peer().await?];
    let mut held = fixture.store().create(plain(key(1), at(0))).await?;
    for round in 0..10 {
        let answers = all_at_once(TASKS, |task| {
            let (store, held) = (Arc::clone(&handles[task % 2]), held.clone());
            async move {
                let change = SessionChange::new(at(round)).set(field("task"), FieldValue::new(&task)?);
                Ok(store.update(&held, &change).await)
            }
        })
        .await?;
        let winners: Vec<_> = answers.iter().flatten().collect();
        ensure(winners.len() == 1, || {
            format!(
                "{TASKS} updates of one revision at once: expected 1 winner, saw {}",
                winners.len()
            )
        })?;
        let winner = winners[0].clone();
        for answer in answers {
            if answer.is_err() {
                ensure_refused_with("an update that lost", answer, StoreErrorKind::Conflict, &winner)?;
            }
        }
        ensure_stored("updates at once", fixture.store(), &winner).await?;
        held = winner;
    }
    Ok(())
}

pub(in super::super) async fn counting_by_many_at_once_loses_no_count(fixture: Fixture) -> Outcome {
    const TASKS: usize = 5;
    const COUNTS: u64 = 10;
    let handles = [fixture.handle(), fixture.peer().await?];
    let created = fixture.store().create(plain(key(1), at(0))).await?;
    all_at_once(TASKS, |task| {
        let (store, held) = (Arc::clone(&handles[task % 2]), created.clone());
        async move {
            let mut held = held;
            for _ in 0..COUNTS {
                held = count_one(&*store, held).await?;
            }
            Ok(())
        }
    })
    .await?;
    let seen = fixture.store().get(&key(1)).await?;
    let count = seen.as_ref().map_or(Ok(0), counted)?;
    let expected = TASKS as u64 * COUNTS;
    ensure(count == expected, || {
        format!("{TASKS} tasks count to {COUNTS}: expected {expected}, saw {count}")
    })
}

/// Counts one, again from whatever a conflict tells, until it is counted.
async fn count_one(store: &dyn SessionStore, mut held: crate::Session) -> Outcome<crate::Session> {
    loop {
        let count = counted(&held)? + 1;
        let change = SessionChange::new(at(0)).set(field("count"), FieldValue::new(&count)?);
        match store.update(&held, &change).await {
            Ok(updated) => return Ok(updated),
            Err(error) if error.kind() == StoreErrorKind::Conflict => {
                held = error
                    .into_current()
                    .ok_or_else(|| Failure::Broken("a conflict has no session".to_owned()))?;
            }
            Err(error) => return Err(error.into()),
        }
        tokio::task::yield_now().await;
    }
}

fn counted(session: &crate::Session) -> Outcome<u64> {
    Ok(match session.field("count") {
        Some(count) => count.get()?,
        None => 0,
    })
}

pub(in super::super) async fn an_update_never_creates_a_session(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let never_stored = plain(key(1), at(0)).session();
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let answer = store.update(&never_stored, &change).await;
    ensure_refused("update of nothing", answer, StoreErrorKind::NotFound)?;
    ensure_absent("update of nothing", store, &key(1)).await?;

    let held = store.create(plain(key(2), at(0))).await?;
    store.clear(&key(2), None).await?;
    let answer = store.update(&held, &change).await;
    ensure_refused("update of a cleared session", answer, StoreErrorKind::NotFound)?;
    ensure_absent("update of a cleared session", store, &key(2)).await
}

pub(in super::super) async fn an_update_never_takes_a_recreated_session_for_the_held_one(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let held = store.create(plain(key(1), at(0))).await?;
    store.clear(&key(1), None).await?;
    // The same in everything but its revision.
    let recreated = store.create(plain(key(1), at(0))).await?;
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let answer = store.update(&held, &change).await;
    let what = "update of a session that was cleared and created again";
    ensure_refused_with(what, answer, StoreErrorKind::Conflict, &recreated)?;
    ensure_stored(what, store, &recreated).await
}

pub(in super::super) async fn an_update_over_the_limit_leaves_the_session(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let limit = fixture.max_bytes();
    let held = store.create(full(key(1), at(0))?).await?;
    for bytes in [limit + 1, limit * 3] {
        let change = filled_to(bytes, &SessionChange::new(at(1)), |change| change.apply(&held))?;
        let what = format!("update to {bytes} bytes");
        let answer = store.update(&held, &change).await;
        ensure_refused(&what, answer, StoreErrorKind::TooLarge)?;
        ensure_stored(&what, store, &held).await?;
    }
    // Nothing is in the way of a smaller one.
    let updated = store.update(&held, &SessionChange::new(at(2))).await?;
    ensure_stored("update after one over the limit", store, &updated).await
}
