//! The stores of tower-sessions, which keep a record of JSON values under an id.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core_of_mongodb::SessionStore as StoreOfMongo;
use tower_sessions_core_of_mongodb::session::{Id as IdOfMongo, Record as RecordOfMongo};
use tower_sessions_mongodb_store::MongoDBStore;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, Pool};
use tower_sessions_sqlx_store::SqliteStore;
use tower_sessions_sqlx_store::sqlx::SqlitePool;
use tower_sessions_sqlx_store::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::load::Peer;
use crate::order::Order;

/// The member of a record in which the session is.
const ORDER: &str = "order";

fn in_a_day() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(1)
}

struct Tower<S>(S);

#[async_trait]
impl<S: SessionStore> Peer for Tower<S> {
    async fn begin(&self, person: i64) -> anyhow::Result<()> {
        let mut record = Record {
            id: Id(person.into()),
            data: [(ORDER.to_owned(), serde_json::to_value(Order::complete())?)].into(),
            expiry_date: in_a_day(),
        };
        // On Redis, what isn't there yet can't be saved.
        self.0.create(&mut record).await?;
        Ok(())
    }

    async fn answer(&self, person: i64, number: u64) -> anyhow::Result<()> {
        let found = self.0.load(&Id(person.into())).await?;
        let mut record = found.context("a session is gone")?;
        let order = record.data.remove(ORDER).context("a session has no order")?;
        let mut order: Order = serde_json::from_value(order)?;
        order.answer(number);
        record.data.insert(ORDER.to_owned(), serde_json::to_value(order)?);
        self.0.save(&record).await?;
        Ok(())
    }
}

/// The store for MongoDB knows an older version of the trait.
struct OnMongo(MongoDBStore);

#[async_trait]
impl Peer for OnMongo {
    async fn begin(&self, person: i64) -> anyhow::Result<()> {
        let record = RecordOfMongo {
            id: IdOfMongo(person.into()),
            data: [(ORDER.to_owned(), serde_json::to_value(Order::complete())?)].into(),
            expiry_date: in_a_day(),
        };
        self.0.save(&record).await?;
        Ok(())
    }

    async fn answer(&self, person: i64, number: u64) -> anyhow::Result<()> {
        let found = self.0.load(&IdOfMongo(person.into())).await?;
        let mut record = found.context("a session is gone")?;
        let order = record.data.remove(ORDER).context("a session has no order")?;
        let mut order: Order = serde_json::from_value(order)?;
        order.answer(number);
        record.data.insert(ORDER.to_owned(), serde_json::to_value(order)?);
        self.0.save(&record).await?;
        Ok(())
    }
}

/// In a file: as the pool comes, or as fast as SQLite can be without losing the file.
pub async fn sqlite(path: &Path, is_tuned: bool) -> anyhow::Result<Arc<dyn Peer>> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let options = if is_tuned {
        options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
    } else {
        options
    };
    let store = SqliteStore::new(SqlitePool::connect_with(options).await?);
    store.migrate().await?;
    Ok(Arc::new(Tower(store)))
}

/// On a Redis server, by a pool of six connections, as its documentation has it.
pub async fn redis(url: &str) -> anyhow::Result<Arc<dyn Peer>> {
    let pool = Pool::new(Config::from_url(url)?, None, None, None, 6)?;
    drop(pool.connect());
    pool.wait_for_connect().await?;
    Ok(Arc::new(Tower(RedisStore::new(pool))))
}

/// On a MongoDB server.
pub async fn mongodb(url: &str) -> anyhow::Result<Arc<dyn Peer>> {
    let client = mongodb_of_peers::Client::with_uri_str(url).await?;
    Ok(Arc::new(OnMongo(MongoDBStore::new(client, "peers".to_owned()))))
}
