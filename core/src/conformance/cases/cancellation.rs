//! Calls whose futures are dropped before they are answered.

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure_absent, ensure_same};
use super::super::samples::{at, field, key, plain, position};
use crate::change::SessionChange;
use crate::field::FieldValue;

pub(in super::super) async fn a_dropped_update_happens_whole_or_not_at_all(fixture: Fixture) -> Outcome {
    const ROUNDS: usize = 40;
    let peer = fixture.peer().await?;
    let store = fixture.store();
    let mut held = store.create(plain(key(1), at(0))).await?;
    for round in 0..ROUNDS {
        let step = if round % 2 == 0 { "even" } else { "odd" };
        let change = SessionChange::new(at(1))
            .go_to(position(step))
            .set(field("city"), FieldValue::new(&round)?)
            .set(field("round"), FieldValue::new(&round)?);
        let updated = change.apply(&held);
        tokio::select! {
            biased;
            answer = store.update(&held, &change) => drop(answer?),
            () = others_go_on(round) => {}
        }
        // The write may still be under way, so it is looked at more than once.
        for store in [store, &*peer] {
            let seen = store.get(&key(1)).await?.ok_or_else(|| {
                Failure::Broken("a dropped update: expected a session, saw nothing".to_owned())
            })?;
            let expected = if seen.revision() == held.revision() {
                &held
            } else {
                &updated
            };
            ensure_same("a dropped update, get", &seen, expected)?;
        }
        // Made again, the very same change either succeeds or finds that it has.
        held = store.update(&held, &change).await?;
        ensure_same("a dropped update, made again", &held, &updated)?;
    }
    Ok(())
}

pub(in super::super) async fn a_dropped_create_or_clear_happens_whole_or_not_at_all(
    fixture: Fixture,
) -> Outcome {
    const ROUNDS: i64 = 20;
    let store = fixture.store();
    for (user, times) in (0..ROUNDS).zip(0..) {
        // A key of its own for each: a write whose future was dropped may come late.
        let new = plain(key(user), at(0));
        let session = new.session();
        tokio::select! {
            biased;
            answer = store.create(new.clone()) => drop(answer?),
            () = others_go_on(times) => {}
        }
        if let Some(seen) = store.get(session.key()).await? {
            ensure_same("a dropped create, get", &seen, &session)?;
        }
        let created = store.create(new).await?;
        ensure_same("a dropped create, made again", &created, &session)?;

        tokio::select! {
            biased;
            answer = store.clear(session.key(), Some(session.revision())) => drop(answer?),
            () = others_go_on(times) => {}
        }
        if let Some(seen) = store.get(session.key()).await? {
            ensure_same("a dropped clear, get", &seen, &session)?;
        }
        store.clear(session.key(), Some(session.revision())).await?;
        ensure_absent("a dropped clear, made again", store, session.key()).await?;
    }
    Ok(())
}

/// Lets everybody else go on, a little longer each time, so that calls are dropped at different points.
async fn others_go_on(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
