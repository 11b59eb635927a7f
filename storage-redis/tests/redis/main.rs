//! What is Redis's own: round trips, scripts, namespaces, rights, what settings lose, and servers that die. What every store
//! promises is in `conformance.rs`.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

mod faults;
mod index;
mod namespaces;
mod operation;
mod round_trips;

use std::sync::Arc;

use stepkeep_core::{
    BotId, Deadlines, FieldName, FieldValue, Layers, NewSession, RetryPolicy, SessionChange, SessionKey,
    SessionStore, Slowness, Timestamp, UserId,
};
use stepkeep_storage_redis::RedisStorage;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn key(person: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(person))
}

fn new_session(person: i64) -> NewSession {
    NewSession::new(key(person), SessionChange::new(at(1_000)))
}

/// A change that sets the field `n`.
fn set_n(n: u64) -> SessionChange {
    SessionChange::new(at(2_000)).set(FieldName::constant("n"), FieldValue::new(&n).unwrap())
}

/// The store as a bot uses it.
fn layered(store: RedisStorage) -> Arc<dyn SessionStore> {
    Layers::new(store, "redis")
        .with_deadline(Deadlines::default())
        .with_retry(RetryPolicy::default())
        .with_tracing(Slowness::default())
        .into_shared()
}
