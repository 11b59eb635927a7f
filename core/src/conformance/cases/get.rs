//! `get`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure, ensure_absent, ensure_stored};
use super::super::race::all_at_once;
use super::super::samples::{at, field, key, plain, sibling_keys};
use crate::change::SessionChange;
use crate::field::FieldValue;
use crate::store::{CleanupPolicy, SessionStore};

pub(in super::super) async fn a_get_answers_none_only_when_there_is_none(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    ensure_absent("an empty store", store, &key(1)).await?;
    let first = store.create(plain(key(1), at(0))).await?;
    ensure_stored("after a create", store, &first).await?;
    ensure_absent("beside a session", store, &key(2)).await?;
    store.clear(&key(1), None).await?;
    ensure_absent("after a clear", store, &key(1)).await?;
    let second = store.create(plain(key(1), at(0))).await?;
    ensure_stored("after a second create", store, &second).await?;
    store.cleanup(&CleanupPolicy::before(at(1))).await?;
    ensure_absent("after a cleanup", store, &key(1)).await
}

pub(in super::super) async fn a_get_sees_every_write_that_was_acknowledged(fixture: Fixture) -> Outcome {
    const READERS: usize = 2;
    let session = fixture.store().create(plain(key(1), at(0))).await?;
    let acknowledged = Arc::new(AtomicU64::new(session.revision().number()));
    let readers_done = Arc::new(AtomicUsize::new(0));
    // One task writes for as long as the others read, each through a handle of its own.
    let handles = [fixture.handle(), fixture.peer().await?, fixture.peer().await?];
    all_at_once(READERS + 1, |task| {
        let (acknowledged, readers_done) = (Arc::clone(&acknowledged), Arc::clone(&readers_done));
        let (store, mut held) = (Arc::clone(&handles[task]), session.clone());
        async move {
            if task == READERS {
                while readers_done.load(Ordering::SeqCst) < READERS {
                    held = store.update(&held, &SessionChange::new(at(0))).await?;
                    acknowledged.store(held.revision().number(), Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                return Ok(());
            }
            let outcome = read_along(&*store, &acknowledged).await;
            readers_done.fetch_add(1, Ordering::SeqCst);
            outcome
        }
    })
    .await
    .map(drop)
}

/// Reads until a number of reads came after another write each.
async fn read_along(store: &dyn SessionStore, acknowledged: &AtomicU64) -> Outcome {
    const READS: u64 = 20;
    let (mut reads, mut last) = (0, 0);
    while reads < READS {
        let at_least = acknowledged.load(Ordering::SeqCst);
        let seen = store.get(&key(1)).await?;
        let number = seen.map_or(0, |session| session.revision().number());
        ensure(number >= at_least, || {
            format!("get: expected commit {at_least} or later, saw {number}")
        })?;
        if at_least > last {
            (reads, last) = (reads + 1, at_least);
        }
        // Where nothing is awaited for real, everybody else would wait.
        tokio::task::yield_now().await;
    }
    Ok(())
}

pub(in super::super) async fn keys_that_differ_in_one_part_are_different_sessions(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let keys = sibling_keys()?;
    for key in &keys {
        ensure_absent("beside keys that look alike", store, key).await?;
        store.create(plain(key.clone(), at(0))).await?;
    }
    for (index, key) in keys.iter().enumerate() {
        let held = store
            .get(key)
            .await?
            .ok_or_else(|| Failure::Broken(format!("get: expected the session {key}, saw nothing")))?;
        let change = SessionChange::new(at(1)).set(field("index"), FieldValue::new(&index)?);
        let updated = store.update(&held, &change).await?;
        ensure_stored("update beside keys that look alike", store, &updated).await?;
    }
    for (index, key) in keys.iter().enumerate() {
        let seen = store.get(key).await?;
        let number = seen.and_then(|session| session.field("index")?.get::<usize>().ok());
        ensure(number == Some(index), || {
            format!("get of {key}: expected the session {index}, saw {number:?}")
        })?;
    }
    for (index, key) in keys.iter().enumerate() {
        store.clear(key, None).await?;
        for (other, left) in keys.iter().enumerate() {
            let is_there = store.get(left).await?.is_some();
            ensure(is_there == (other > index), || {
                format!(
                    "after the clear of {key}, the session {left}: expected it there: {}, saw it there: {is_there}",
                    other > index
                )
            })?;
        }
    }
    Ok(())
}
