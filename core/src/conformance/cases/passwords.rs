//! Who may not read and write.

use std::error::Error;

use super::super::case::{Fixture, Outcome};
use super::super::check::{ensure, ensure_refused};
use super::super::samples::{at, key, plain};
use super::super::target::WRONG_PASSWORD;
use crate::error::{StoreError, StoreErrorKind};

pub(in super::super) async fn a_wrong_password_is_refused_and_never_shown(fixture: Fixture) -> Outcome {
    fixture.store().create(plain(key(1), at(0))).await?;
    let store = match fixture.open_with_wrong_password().await? {
        Err(error) => return ensure_says_no("opening with a wrong password", Err::<(), _>(error)),
        Ok(store) => store,
    };
    // A store that connects later says it then.
    let shown = format!("{store:?}");
    ensure(!shown.contains(WRONG_PASSWORD), || {
        "Debug of a store shows its password".to_owned()
    })?;
    ensure_says_no("get with a wrong password", store.get(&key(1)).await)?;
    ensure_says_no("get of nothing with a wrong password", store.get(&key(2)).await)?;
    let created = store.create(plain(key(2), at(0))).await;
    ensure_says_no("create with a wrong password", created)
}

/// Fails unless the call was refused for good, without the password in whatever way the error may be shown.
fn ensure_says_no<T>(what: &str, result: Result<T, StoreError>) -> Outcome {
    let error = ensure_refused(what, result, StoreErrorKind::Invalid)?;
    let causes = std::iter::successors(Some(&error as &dyn Error), |&error| error.source());
    for cause in causes {
        let shown = format!("{cause} {cause:?}");
        ensure(!shown.contains(WRONG_PASSWORD), || {
            format!("{what}: the error shows the password")
        })?;
    }
    Ok(())
}
