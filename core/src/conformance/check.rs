//! What cases compare, and how they say what differs.

use super::case::{Failure, Outcome};
use crate::error::{StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::key::SessionKey;
use crate::session::{Session, SessionParts};
use crate::store::SessionStore;

/// Fails with the problem unless it holds.
pub(super) fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Failure::Broken(problem()))
    }
}

/// Fails unless the two sessions are the same in every part.
pub(super) fn ensure_same(what: &str, seen: &Session, expected: &Session) -> Outcome {
    ensure(seen == expected, || {
        format!("{what}: {}", difference(seen, expected))
    })
}

/// Fails unless the session is stored, and the same in every part.
pub(super) async fn ensure_stored(what: &str, store: &dyn SessionStore, expected: &Session) -> Outcome {
    match store.get(expected.key()).await? {
        Some(seen) => ensure_same(&format!("{what}, get"), &seen, expected),
        None => Err(Failure::Broken(format!(
            "{what}, get: expected {}, saw nothing",
            brief(expected)
        ))),
    }
}

/// Fails unless there is nothing under the key.
pub(super) async fn ensure_absent(what: &str, store: &dyn SessionStore, key: &SessionKey) -> Outcome {
    match store.get(key).await? {
        Some(seen) => Err(Failure::Broken(format!(
            "{what}, get: expected nothing, saw {}",
            brief(&seen)
        ))),
        None => Ok(()),
    }
}

/// The error, if the call failed with this kind.
pub(super) fn ensure_refused<T>(
    what: &str,
    result: Result<T, StoreError>,
    expected: StoreErrorKind,
) -> Outcome<StoreError> {
    match result {
        Err(error) if error.kind() == expected => Ok(error),
        Err(error) => Err(Failure::Broken(format!(
            "{what}: expected {}, saw {}: {error}",
            expected.as_str(),
            error.kind().as_str()
        ))),
        Ok(_) => Err(Failure::Broken(format!(
            "{what}: expected {}, saw a success",
            expected.as_str()
        ))),
    }
}

/// Fails unless the call failed with this kind and the error has the session that is stored.
pub(super) fn ensure_refused_with<T>(
    what: &str,
    result: Result<T, StoreError>,
    expected: StoreErrorKind,
    stored: &Session,
) -> Outcome {
    let error = ensure_refused(what, result, expected)?;
    match error.current() {
        Some(current) => ensure_same(&format!("{what}, the session in the error"), current, stored),
        None => Err(Failure::Broken(format!("{what}: the error has no session"))),
    }
}

/// A session as one word.
pub(super) fn brief(session: &Session) -> String {
    format!("the session {} at {:?}", session.key(), session.revision())
}

fn difference(seen: &Session, expected: &Session) -> String {
    // Taken apart, so that a new part of a session can't be forgotten here.
    let SessionParts {
        key,
        position,
        data,
        turn,
        revision,
        created_at,
        updated_at,
        wake_at,
        unknown,
    } = &*seen.0;
    let wanted = &*expected.0;
    let mut differences = Vec::new();
    let mut compare = |part: &str, same: bool, seen: String, expected: String| {
        if !same {
            differences.push(format!("{part}: expected {expected}, saw {seen}"));
        }
    };
    compare("key", *key == wanted.key, key.encode(), wanted.key.encode());
    compare(
        "revision",
        *revision == wanted.revision,
        format!("{revision:?}"),
        format!("{:?}", wanted.revision),
    );
    compare(
        "position",
        *position == wanted.position,
        format!("{position:?}"),
        format!("{:?}", wanted.position),
    );
    compare(
        "created_at",
        *created_at == wanted.created_at,
        created_at.to_string(),
        wanted.created_at.to_string(),
    );
    compare(
        "updated_at",
        *updated_at == wanted.updated_at,
        updated_at.to_string(),
        wanted.updated_at.to_string(),
    );
    compare(
        "wake_at",
        *wake_at == wanted.wake_at,
        format!("{wake_at:?}"),
        format!("{:?}", wanted.wake_at),
    );
    compare("turn state", *turn == wanted.turn, json(turn), json(&wanted.turn));
    compare(
        "unknown members",
        *unknown == wanted.unknown,
        json(unknown),
        json(&wanted.unknown),
    );
    let names = data.keys().chain(wanted.data.keys());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        let (seen, expected) = (data.get(name), wanted.data.get(name));
        compare(
            &format!("field {name}"),
            seen == expected,
            field_value(seen),
            field_value(expected),
        );
    }
    differences.join("; ")
}

fn field_value(value: Option<&FieldValue>) -> String {
    value.map_or_else(|| "no such field".to_owned(), json)
}

/// Shortened, since a field may have many kilobytes. The data is the suite's own.
fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|error| error.to_string());
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
