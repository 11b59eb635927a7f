//! Two handles on the same data, and one that was closed and opened again.

use super::super::case::{Fixture, Outcome};
use super::super::check::{ensure, ensure_absent, ensure_refused_with, ensure_same, ensure_stored};
use super::super::samples::{at, field, full, key, plain};
use super::scan::collect;
use crate::change::SessionChange;
use crate::error::StoreErrorKind;
use crate::field::FieldValue;
use crate::store::{CleanupPolicy, ScanFilter};

pub(in super::super) async fn two_handles_on_the_same_data_agree(fixture: Fixture) -> Outcome {
    let (one, other) = (fixture.store(), fixture.peer().await?);
    let other = &*other;
    // Asked before, so that whoever remembers an answer remembers a wrong one.
    ensure_absent("second handle, before", other, &key(1)).await?;
    let mut held = one.create(full(key(1), at(0))?).await?;
    ensure_stored("second handle, after a create", other, &held).await?;
    for turn in 0..10 {
        let (writer, reader) = if turn % 2 == 0 { (other, one) } else { (one, other) };
        let change = SessionChange::new(at(turn)).set(field("turn"), FieldValue::new(&turn)?);
        let updated = writer.update(&held, &change).await?;
        ensure_stored("other handle, after an update", reader, &updated).await?;
        let late = reader.update(&held, &SessionChange::new(at(turn))).await;
        let what = "other handle, update of an older revision";
        ensure_refused_with(what, late, StoreErrorKind::Conflict, &updated)?;
        held = updated;
    }
    let second = other.create(plain(key(1), at(0))).await;
    let what = "second handle, create of what is there";
    ensure_refused_with(what, second, StoreErrorKind::AlreadyExists, &held)?;

    let created = other.create(plain(key(2), at(0))).await?;
    let seen = collect(one, &ScanFilter::default(), 10).await?;
    ensure(seen.len() == 2, || {
        format!("first handle, scan: expected 2 sessions, saw {}", seen.len())
    })?;
    other.clear(&key(1), None).await?;
    ensure_absent("first handle, after a clear", one, &key(1)).await?;
    one.cleanup(&CleanupPolicy::before(at(1))).await?;
    ensure_absent("second handle, after a cleanup", other, created.key()).await
}

pub(in super::super) async fn what_was_acknowledged_is_there_after_a_reopen(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let created = store.create(full(key(1), at(0))?).await?;
    let before = store.create(full(key(2), at(0))?).await?;
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
    let updated = store.update(&before, &change).await?;
    store.create(plain(key(3), at(0))).await?;
    store.clear(&key(3), None).await?;
    store.create(plain(key(4), at(-10))).await?;
    store.cleanup(&CleanupPolicy::before(at(-5))).await?;

    let fixture = fixture.reopen().await?;
    let store = fixture.store();
    ensure_stored("a created session after a reopen", store, &created).await?;
    ensure_stored("an updated session after a reopen", store, &updated).await?;
    ensure_absent("a cleared session after a reopen", store, &key(3)).await?;
    ensure_absent("a session cleaned up, after a reopen", store, &key(4)).await?;
    let seen = collect(store, &ScanFilter::default(), 10).await?;
    ensure(seen.len() == 2, || {
        format!("scan after a reopen: expected 2 sessions, saw {}", seen.len())
    })?;

    // Whoever held a session goes on as if nothing had been, and so does whoever got no answer.
    let again = store.update(&before, &change).await?;
    ensure_same("the same update again after a reopen", &again, &updated)?;
    let late = store.update(&before, &SessionChange::new(at(2))).await;
    ensure_refused_with(
        "update of an older revision after a reopen",
        late,
        StoreErrorKind::Conflict,
        &updated,
    )?;
    let next = store.update(&updated, &SessionChange::new(at(2))).await?;
    ensure_stored("update after a reopen", store, &next).await
}
