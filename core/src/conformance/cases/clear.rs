//! `clear`.

use super::super::case::{Fixture, Outcome};
use super::super::check::{ensure, ensure_absent, ensure_refused_with, ensure_stored};
use super::super::race::all_at_once;
use super::super::samples::{at, full, key, plain, scoped};
use crate::change::SessionChange;
use crate::error::StoreErrorKind;

pub(in super::super) async fn a_clear_removes_what_is_there(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let created = store.create(full(key(1), at(0))?).await?;
    store.update(&created, &SessionChange::new(at(1))).await?;
    let cleared = store.clear(&key(1), None).await?;
    ensure(cleared, || "clear: expected true, saw false".to_owned())?;
    ensure_absent("clear", store, &key(1)).await?;
    ensure_absent("clear, second handle", &*fixture.peer().await?, &key(1)).await
}

pub(in super::super) async fn of_many_clears_at_once_one_removes(fixture: Fixture) -> Outcome {
    const TASKS: usize = 12;
    let handles = [fixture.handle(), fixture.peer().await?];
    for round in 0..6 {
        let created = fixture.store().create(plain(key(round), at(0))).await?;
        let expected = (round % 2 == 0).then(|| created.revision());
        let answers = all_at_once(TASKS, |task| {
            let store = std::sync::Arc::clone(&handles[task % 2]);
            async move { Ok(store.clear(&key(round), expected).await?) }
        })
        .await?;
        let removed = answers.iter().filter(|removed| **removed).count();
        ensure(removed == 1, || {
            format!("{TASKS} clears at once: expected 1 to remove the session, saw {removed}")
        })?;
    }
    Ok(())
}

pub(in super::super) async fn a_clear_at_the_stored_revision_removes(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let created = store.create(plain(key(1), at(0))).await?;
    let updated = store.update(&created, &SessionChange::new(at(1))).await?;
    let cleared = store.clear(&key(1), Some(updated.revision())).await?;
    ensure(cleared, || {
        "clear at the stored revision: expected true, saw false".to_owned()
    })?;
    ensure_absent("clear at the stored revision", store, &key(1)).await
}

pub(in super::super) async fn a_clear_at_another_revision_changes_nothing_and_gets_the_stored_session(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let old = store.create(plain(key(1), at(0))).await?;
    let stored = store.update(&old, &SessionChange::new(at(1))).await?;
    let answer = store.clear(&key(1), Some(old.revision())).await;
    ensure_refused_with(
        "clear at an older revision",
        answer,
        StoreErrorKind::Conflict,
        &stored,
    )?;
    ensure_stored("clear at an older revision", store, &stored).await?;

    store.clear(&key(1), None).await?;
    let recreated = store.create(plain(key(1), at(0))).await?;
    for revision in [old.revision(), stored.revision()] {
        let answer = store.clear(&key(1), Some(revision)).await;
        let what = "clear at a revision from before a clear";
        ensure_refused_with(what, answer, StoreErrorKind::Conflict, &recreated)?;
        ensure_stored(what, store, &recreated).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_clear_of_nothing_answers_false(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let other = store.create(plain(key(2), at(0))).await?;
    let sibling = store.create(plain(scoped(1, "other")?, at(0))).await?;
    let never_stored = plain(key(1), at(0)).session().revision();
    for expected in [None, Some(never_stored), Some(other.revision())] {
        let cleared = store.clear(&key(1), expected).await?;
        ensure(!cleared, || {
            format!("clear of nothing at {expected:?}: expected false, saw true")
        })?;
    }
    let gone = store.create(plain(key(3), at(0))).await?;
    store.clear(&key(3), None).await?;
    for expected in [None, Some(gone.revision())] {
        let cleared = store.clear(&key(3), expected).await?;
        ensure(!cleared, || {
            format!("second clear at {expected:?}: expected false, saw true")
        })?;
    }
    ensure_stored("clear of another key", store, &other).await?;
    ensure_stored("clear of another key", store, &sibling).await
}
