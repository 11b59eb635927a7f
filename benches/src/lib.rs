//! What the benchmarks share: the stores under test, sessions of a realistic size, and the measurements of one store.

pub mod floor;
mod observed_bot;
mod operations;
pub mod report;

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{
    BotId, FieldName, FieldValue, FlowName, MemoryStorage, NewSession, Position, SessionChange, SessionKey,
    SessionStore, StepName, Timestamp, UserId,
};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_storage_redis::RedisStorage;
use stepkeep_storage_sqlite::SqliteStorage;
use stepkeep_test_servers::{MongoServer, RedisServer, RedisSettings};
use tempfile::TempDir;

pub use observed_bot::{TelegramAt, observed_bot, order_in_chat, telegram_over_http};
pub use operations::{DEFAULT_MINUTES, MINUTES_VARIABLE, bench_store, people, time_of};

/// What a person answers in an order, from the sender's name to the dimensions.
pub const ANSWERS: [&str; 14] = [
    "Maria Lopez",
    "500 W 2nd St",
    "Austin",
    "TX",
    "78701",
    "(512) 555-0100",
    "Ann Miller",
    "2 Santana Row",
    "San Jose",
    "California",
    "95128",
    "(408) 555-0111",
    "1 lb 4 oz",
    "10 x 6 x 4",
];

/// A store under test, with what has to live as long as it.
#[derive(Debug)]
pub struct Candidate {
    /// Its name in the report.
    pub name: &'static str,
    /// What an acknowledged write survives.
    pub survives: &'static str,
    /// Where it is; empty when it is in the process only.
    pub url: String,
    /// The store.
    pub store: Arc<dyn SessionStore>,
    _place: Place,
}

/// What goes when the store is not measured any more.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and dropped at the end")]
enum Place {
    Process,
    Folder(TempDir),
    Redis(RedisServer),
    Mongo(MongoServer),
}

/// The names of all stores.
pub const STORES: [&str; 5] = [
    "memory",
    "sqlite-full",
    "sqlite-normal",
    "redis-always",
    "mongodb",
];

/// Every store, empty. SQLite stands in the list twice: with writes that survive a loss of power, and with writes that
/// survive the death of the process. Redis and MongoDB are servers of this process, as durable as the first.
///
/// # Panics
/// When a store can't be opened: without it there is nothing to measure.
pub async fn candidates() -> Vec<Candidate> {
    candidates_of(&STORES.map(str::to_owned)).await
}

/// The same, of these [`STORES`] only.
///
/// # Panics
/// When a store can't be opened.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't open its store has nothing to measure"
)]
pub async fn candidates_of(wanted: &[String]) -> Vec<Candidate> {
    let is_wanted = |name: &str| wanted.iter().any(|wanted| wanted == name);
    let mut candidates = Vec::new();
    if is_wanted("memory") {
        candidates.push(Candidate {
            name: "memory",
            survives: "nothing",
            url: String::new(),
            store: Arc::new(MemoryStorage::new()),
            _place: Place::Process,
        });
    }
    for (name, synchronous, survives) in [
        ("sqlite-full", "full", "a loss of power"),
        ("sqlite-normal", "normal", "the death of the process"),
    ] {
        if !is_wanted(name) {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let url = format!(
            "sqlite://{}/sessions.sqlite?synchronous={synchronous}",
            folder.path().display()
        );
        let store = SqliteStorage::connect(&url).await.expect("a store that opens");
        candidates.push(Candidate {
            name,
            survives,
            url,
            store: Arc::new(store),
            _place: Place::Folder(folder),
        });
    }
    if is_wanted("redis-always") {
        let redis = RedisServer::start(&RedisSettings::default().durable());
        let url = redis.url();
        let store = RedisStorage::connect(&url).await.expect("a store that opens");
        candidates.push(Candidate {
            name: "redis-always",
            survives: "a loss of power",
            url,
            store: Arc::new(store),
            _place: Place::Redis(redis),
        });
    }
    if is_wanted("mongodb") {
        let mongo = MongoServer::start().await;
        let url = mongo.url();
        let store = MongoStorage::connect(&url).await.expect("a store that opens");
        candidates.push(Candidate {
            name: "mongodb",
            survives: "a loss of power",
            url,
            store: Arc::new(store),
            _place: Place::Mongo(mongo),
        });
    }
    candidates
}

/// The key of a person.
pub fn key(person: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(person))
}

/// The instant of a commit.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A session of about 600 bytes: fifteen answers of an order.
pub fn new_session(person: i64) -> NewSession {
    let change = (0..15).fold(SessionChange::new(at(0)), |change, number| {
        let name = FieldName::constant(FIELDS[number]);
        change.set(name, FieldValue::text("500 West 2nd St, Apt 4"))
    });
    NewSession::new(key(person), change.go_to(position("field_0")))
}

/// What an answer changes: one field and the step.
pub fn answer(number: i64) -> SessionChange {
    let index = usize::try_from(number.rem_euclid(15)).unwrap_or(0);
    SessionChange::new(at(number))
        .set(
            FieldName::constant(FIELDS[index]),
            FieldValue::text("2 Santana Row, Suite 1010"),
        )
        .go_to(position(FIELDS[index]))
}

fn position(step: &'static str) -> Position {
    Position {
        flow: FlowName::constant("order"),
        version: 1,
        step: StepName::constant(step),
    }
}

const FIELDS: [&str; 15] = [
    "field_0", "field_1", "field_2", "field_3", "field_4", "field_5", "field_6", "field_7", "field_8",
    "field_9", "field_10", "field_11", "field_12", "field_13", "field_14",
];

/// How long Criterion measures each case: enough for a stable median, short enough for the whole set.
pub const MEASUREMENT: Duration = Duration::from_secs(3);
