//! What is MongoDB's own: commands, documents, indexes, servers that fail. What every store promises is in
//! `conformance.rs`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

mod commands;
mod damage;
mod documents;
mod faults;
mod lifecycle;
mod schema;

use std::sync::atomic::{AtomicU64, Ordering};

use mongodb::bson::Document;
use mongodb::{Client, Collection};
use stepkeep_core::{
    BotId, FieldName, FieldValue, NewSession, Session, SessionChange, SessionKey, SessionStore, Timestamp,
    UserId,
};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::MongoServer;

/// The URL of a database of its own.
async fn new_database() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    let port = MongoServer::shared().await.port();
    format!("mongodb://127.0.0.1:{port}/mongo_{number}?directConnection=true")
}

async fn open(url: &str) -> MongoStorage {
    MongoStorage::connect(url).await.unwrap()
}

/// The sessions as any other program sees them.
async fn raw(url: &str) -> Collection<Document> {
    let client = Client::with_uri_str(url).await.unwrap();
    client.default_database().unwrap().collection("user_sessions")
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

async fn get(store: &MongoStorage, person: i64) -> Session {
    store
        .get(&key(person))
        .await
        .unwrap()
        .expect("a session that was acknowledged")
}
