//! What a store answers while it can't be reached.

use std::time::Duration;

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure_same, ensure_stored};
use super::super::samples::{at, field, key, plain};
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::session::Session;
use crate::store::{CleanupPolicy, ScanFilter, SessionStore};

/// How often a store that is back is asked before it counts as gone, and how long between.
const RECOVERY_TRIES: usize = 100;
const RECOVERY_PAUSE: Duration = Duration::from_millis(100);

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
    let seen = when_reachable(store, &present).await?;
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

async fn when_reachable(store: &dyn SessionStore, session: &Session) -> Outcome<Option<Session>> {
    for _ in 1..RECOVERY_TRIES {
        if let Ok(seen) = store.get(session.key()).await {
            return Ok(seen);
        }
        tokio::time::sleep(RECOVERY_PAUSE).await;
    }
    Ok(store.get(session.key()).await?)
}
