//! `create`.

use super::super::case::{Fixture, Outcome};
use super::super::check::{
    ensure, ensure_absent, ensure_refused, ensure_refused_with, ensure_same, ensure_stored,
};
use super::super::race::all_at_once;
use super::super::samples::{at, filled_to, full, key, plain};
use crate::change::SessionChange;
use crate::error::StoreErrorKind;
use crate::session::NewSession;

pub(in super::super) async fn a_session_is_stored_as_it_is(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let sessions = [
        full(key(1), at(0))?,
        plain(key(2), at(0)),
        NewSession::new(key(3), SessionChange::new(at(0))),
    ];
    for new in sessions {
        let created = store.create(new.clone()).await?;
        ensure_same("create", &created, &new.session())?;
        ensure_stored("create", store, &new.session()).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_second_create_changes_nothing_and_gets_the_stored_session(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let first = store.create(full(key(1), at(0))?).await?;
    let second = store.create(plain(key(1), at(1))).await;
    ensure_refused_with("second create", second, StoreErrorKind::AlreadyExists, &first)?;
    ensure_stored("second create", store, &first).await?;

    let updated = store.update(&first, &SessionChange::new(at(2))).await?;
    let third = store.create(plain(key(1), at(3))).await;
    ensure_refused_with(
        "create over an updated session",
        third,
        StoreErrorKind::AlreadyExists,
        &updated,
    )?;
    ensure_stored("create over an updated session", store, &updated).await
}

pub(in super::super) async fn the_same_create_again_answers_the_stored_session(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let new = full(key(1), at(0))?;
    let first = store.create(new.clone()).await?;
    let again = store.create(new.clone()).await?;
    ensure_same("the same create again", &again, &first)?;
    let through_peer = fixture.peer().await?.create(new.clone()).await?;
    ensure_same("the same create again, second handle", &through_peer, &first)?;

    // Once the session went on, the create is an old one, and nobody may take it for a success.
    let updated = store.update(&first, &SessionChange::new(at(1))).await?;
    let late = store.create(new).await;
    ensure_refused_with(
        "the same create after an update",
        late,
        StoreErrorKind::AlreadyExists,
        &updated,
    )
}

pub(in super::super) async fn of_many_creates_at_once_one_wins(fixture: Fixture) -> Outcome {
    const TASKS: usize = 16;
    let handles = [fixture.handle(), fixture.peer().await?];
    for round in 0..10 {
        let answers = all_at_once(TASKS, |task| {
            let store = std::sync::Arc::clone(&handles[task % 2]);
            async move { Ok(store.create(plain(key(round), at(0))).await) }
        })
        .await?;
        let winners: Vec<_> = answers.iter().flatten().collect();
        ensure(winners.len() == 1, || {
            format!(
                "{TASKS} creates at once: expected 1 winner, saw {}",
                winners.len()
            )
        })?;
        let winner = winners[0].clone();
        for answer in answers {
            if answer.is_err() {
                let what = "a create that lost";
                ensure_refused_with(what, answer, StoreErrorKind::AlreadyExists, &winner)?;
            }
        }
        ensure_stored("creates at once", fixture.store(), &winner).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_session_after_a_clear_has_a_revision_that_the_key_never_had(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let mut revisions = std::collections::HashSet::new();
    for round in 0..5 {
        let new = plain(key(1), at(round));
        let created = store.create(new.clone()).await?;
        ensure_same("create after a clear", &created, &new.session())?;
        ensure_stored("create after a clear", store, &new.session()).await?;
        let updated = store.update(&created, &SessionChange::new(at(round))).await?;
        for revision in [created.revision(), updated.revision()] {
            ensure(revisions.insert(revision), || {
                format!("create after a clear: the revision {revision:?} came a second time")
            })?;
        }
        store.clear(&key(1), None).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_session_over_the_limit_is_not_created(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let limit = fixture.max_bytes();
    for bytes in [limit + 1, limit * 3] {
        let create = |change: &SessionChange| NewSession::new(key(1), change.clone()).session();
        let change = filled_to(bytes, &SessionChange::new(at(0)), create)?;
        let what = format!("create of {bytes} bytes");
        let answer = store.create(NewSession::new(key(1), change)).await;
        ensure_refused(&what, answer, StoreErrorKind::TooLarge)?;
        ensure_absent(&what, store, &key(1)).await?;
    }
    Ok(())
}
