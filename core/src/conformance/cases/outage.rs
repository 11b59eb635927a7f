//! What a store answers while it can't be reached.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure, ensure_same, ensure_stored};
use super::super::processes::counted;
use super::super::samples::{at, field, key, plain};
use crate::change::SessionChange;
use crate::error::{Retry, StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::session::Session;
use crate::store::{CleanupPolicy, ScanFilter, SessionStore};

/// How often a store that is back is asked before it counts as gone, and how long between.
const RECOVERY_TRIES: usize = 100;
const RECOVERY_PAUSE: Duration = Duration::from_millis(100);

/// How long a handle may take until it works as before once the store is back.
const LONGEST_RECOVERY: Duration = Duration::from_secs(15);

pub(in super::super) async fn an_outage_is_an_error_and_never_an_absence(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let present = store.create(plain(key(1), at(0))).await?;
    let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));

    fixture.cut_off().await?;
    ensure_unreachable("get of a session", store.get(&key(1)).await)?;
    ensure_unreachable("get of nothing", store.get(&key(2)).await)?;
    let update = ensure_unreachable("update", store.update(&present, &change).await)?;
    let create = ensure_unreachable("create", store.create(plain(key(2), at(0))).await)?;
    let clear = ensure_unreachable("clear of nothing", store.clear(&key(3), None).await)?;
    let clear_at = store.clear(&key(1), Some(present.revision())).await;
    let clear_at = ensure_unreachable("clear of a session", clear_at)?;
    let policy = CleanupPolicy::before(at(0));
    ensure_unreachable("cleanup", store.cleanup(&policy).await)?;
    ensure_unreachable("scan", store.scan(&ScanFilter::default(), None, 10).await)?;
    fixture.restore().await?;

    // A write may have happened only where its error says so.
    let nothing_open = [&update, &create, &clear, &clear_at]
        .iter()
        .all(|error| error.kind() != StoreErrorKind::Indeterminate);
    let seen = until_reachable(|| store.get(present.key())).await?;
    if nothing_open {
        let seen = seen.ok_or_else(|| Failure::Broken("after the outage: the session is gone".to_owned()))?;
        ensure_same("after the outage", &seen, &present)?;
        let updated = store.update(&present, &change).await?;
        ensure_stored("after the outage, update", store, &updated).await?;
    }
    Ok(())
}

/// The error, if it is one that says nothing about what is stored.
fn ensure_unreachable<T>(what: &str, result: Result<T, StoreError>) -> Outcome<StoreError> {
    match result {
        Ok(_) => Err(Failure::Broken(format!(
            "{what} while the store can't be reached: expected an error, saw an answer"
        ))),
        Err(error) => match error.kind() {
            StoreErrorKind::Timeout
            | StoreErrorKind::Unavailable
            | StoreErrorKind::Indeterminate
            | StoreErrorKind::Corrupt => Ok(error),
            kind => Err(Failure::Broken(format!(
                "{what} while the store can't be reached: expected unavailable, timeout or indeterminate, saw {}",
                kind.as_str()
            ))),
        },
    }
}

/// The answer of the first try that the store could be reached for.
pub(super) async fn until_reachable<T, F>(call: impl Fn() -> F) -> Outcome<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..RECOVERY_TRIES {
        match call().await {
            Err(error) if error.retry() != Retry::Never => tokio::time::sleep(RECOVERY_PAUSE).await,
            answer => return Ok(answer?),
        }
    }
    Ok(call().await?)
}

/// What a writer did to a session that others count in as well.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Counts that are known to have happened.
    acknowledged: u32,
    /// Counts of which nobody can tell any more.
    unclear: u32,
}

impl Tally {
    /// Counts once more, or learns that the store can't be reached.
    async fn count(&mut self, store: &dyn SessionStore, user: i64) -> Outcome {
        let key = key(user);
        let held = match store.get(&key).await {
            Ok(Some(held)) => held,
            Ok(None) => {
                return Err(Failure::Broken(format!(
                    "an outage: the session of {user} is not there any more"
                )));
            }
            Err(error) if error.retry() == Retry::Safe => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let change = SessionChange::new(at(1)).set(field("n"), FieldValue::new(&(counted(&held) + 1))?);
        let Err(error) = store.update(&held, &change).await else {
            self.acknowledged += 1;
            return Ok(());
        };
        match error.kind() {
            StoreErrorKind::Conflict | StoreErrorKind::Unavailable => Ok(()),
            StoreErrorKind::Indeterminate => {
                let stored = until_reachable(|| store.get(&key)).await?;
                let seen = stored.as_ref().map(Session::revision);
                if seen == Some(change.revision_after(held.revision())) {
                    self.acknowledged += 1;
                } else {
                    // Still the held revision: it may be on its way. Another one: others went on from either.
                    self.unclear += 1;
                }
                Ok(())
            }
            _ => Err(error.into()),
        }
    }
}

pub(in super::super) async fn writers_go_on_by_themselves_after_an_outage(fixture: Fixture) -> Outcome {
    const WRITERS: usize = 8;
    const USERS: i64 = 4;
    const ENOUGH: u32 = 20;
    let handles = [fixture.handle(), fixture.peer().await?];
    for user in 0..USERS {
        fixture.store().create(plain(key(user), at(0))).await?;
    }
    let (is_back, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut writers = JoinSet::new();
    for (number, user) in (0..WRITERS).zip((0..USERS).cycle()) {
        let (store, is_back, counts) = (
            Arc::clone(&handles[number / 4]),
            Arc::clone(&is_back),
            Arc::clone(&counts),
        );
        writers.spawn(async move {
            let mut tally = Tally::default();
            let (mut enough, mut give_up_at) = (None, None);
            while enough.is_none_or(|enough| tally.acknowledged < enough) {
                let before = tally.acknowledged;
                tally.count(&*store, user).await?;
                counts.fetch_add(tally.acknowledged - before, Ordering::SeqCst);
                if enough.is_none() && is_back.load(Ordering::SeqCst) {
                    enough = Some(tally.acknowledged + ENOUGH);
                    give_up_at = Some(Instant::now() + LONGEST_RECOVERY);
                }
                ensure(give_up_at.is_none_or(|at| Instant::now() < at), || {
                    format!(
                        "an outage that is over: a writer could not count {ENOUGH} times within {} s",
                        LONGEST_RECOVERY.as_secs()
                    )
                })?;
                // Some stores never make a task wait.
                tokio::task::yield_now().await;
                if tally.acknowledged == before {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Ok::<_, Failure>((user, tally))
        });
    }
    while counts.load(Ordering::SeqCst) < 50 && writers.len() == WRITERS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    fixture.cut_off().await?;
    // Long enough that every writer has met it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    fixture.restore().await?;
    is_back.store(true, Ordering::SeqCst);

    let mut tallies = HashMap::<i64, Tally>::new();
    while let Some(writer) = writers.join_next().await {
        let (user, tally) = writer??;
        let sum = tallies.entry(user).or_default();
        sum.acknowledged += tally.acknowledged;
        sum.unclear += tally.unclear;
    }
    for (
        user,
        Tally {
            acknowledged,
            unclear,
        },
    ) in tallies
    {
        let key = key(user);
        let seen = until_reachable(|| fixture.store().get(&key)).await?;
        let seen = seen.as_ref().map_or(0, counted);
        ensure((acknowledged..=acknowledged + unclear).contains(&seen), || {
            format!(
                "counting through an outage: {acknowledged} counts were acknowledged and {unclear} are unclear, but \
                 the session has {seen}"
            )
        })?;
    }
    Ok(())
}

pub(in super::super) async fn a_store_that_is_away_at_first_is_found_later(fixture: Fixture) -> Outcome {
    let present = fixture.store().create(plain(key(1), at(0))).await?;
    fixture.cut_off().await?;
    // Some stores connect when they are opened, others when they are asked.
    let early = match fixture.try_open().await {
        Ok(store) => {
            ensure_unreachable(
                "get through a handle opened in an outage",
                store.get(&key(1)).await,
            )?;
            Some(store)
        }
        Err(error) => match error.downcast::<StoreError>() {
            Ok(error) => {
                ensure_unreachable("opening in an outage", Err::<(), _>(*error))?;
                None
            }
            Err(error) => return Err(Failure::of_target(error)),
        },
    };
    fixture.restore().await?;
    if let Some(early) = early {
        let seen = until_reachable(|| early.get(present.key())).await?;
        ensure(seen.as_ref() == Some(&present), || {
            "a handle opened in an outage, after it: expected the session, saw none or another".to_owned()
        })?;
    }
    let late = fixture.peer().await?;
    ensure_stored("a handle opened after an outage", &*late, &present).await
}
