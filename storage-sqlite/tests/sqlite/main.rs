//! What is SQLite's own: the file, its lock and its log, batches, processes that die, damage. What every store promises
//! is in `conformance.rs`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

mod batches;
mod cleanup;
mod damage;
mod files;
mod lifecycle;
mod operation;
mod processes;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use stepkeep_core::{
    BotId, FieldName, FieldValue, NewSession, Session, SessionChange, SessionKey, SessionStore, Timestamp,
    UserId,
};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage};

/// A folder of its own, and the path of a file in it that is not there yet.
fn new_file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stepkeep.db");
    (folder, path)
}

async fn open(path: &Path) -> SqliteStorage {
    SqliteStorage::open(SqliteConfig::new(path)).await.unwrap()
}

/// The file as any other program sees it.
fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn key(person: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(person))
}

fn field(name: &str) -> FieldName {
    FieldName::new(name).unwrap()
}

fn new_session(person: i64) -> NewSession {
    NewSession::new(key(person), SessionChange::new(at(1_000)))
}

/// A change that sets the field `n`.
fn set_n(n: u64) -> SessionChange {
    SessionChange::new(at(2_000)).set(field("n"), FieldValue::new(&n).unwrap())
}

fn n_of(session: &Session) -> u64 {
    session.field("n").map_or(0, |value| value.get().unwrap())
}

async fn get(store: &SqliteStorage, person: i64) -> Session {
    store
        .get(&key(person))
        .await
        .unwrap()
        .expect("a session that was acknowledged")
}
