//! The store keeps every promise, alone and in all layers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use mongodb::Client;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde_json::Value;
use stepkeep_core::conformance::{
    Capability, ConformanceTarget, Loss, Namespace, RawRecord, Support, TargetError, WRONG_PASSWORD, run_all,
};
use stepkeep_core::{Deadlines, Layers, RetryPolicy, SessionStore, Slowness, StoreError, Timestamp};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::{MONGO_USER, MongoServer, Proxy};
use tokio::sync::OnceCell;

/// What both kinds of writes have, and no read and no heartbeat.
const WRITE_MARKER: &[u8] = b"\x03writeConcern\0";

const PASSWORD: &str = "correct-horse";

/// A database of its own for each case, behind a proxy of its own.
#[derive(Clone, Copy)]
struct Mongo {
    layers: bool,
}

#[async_trait]
impl ConformanceTarget for Mongo {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let port = MongoServer::shared().await.port();
        Ok(Box::new(
            Database::new(*self, port, format!("case_{number}")).await,
        ))
    }

    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        let (port, name) = locator.split_once('/').ok_or("no locator of this target")?;
        Ok(Box::new(
            Database::new(*self, port.parse()?, name.to_owned()).await,
        ))
    }
}

struct Database {
    target: Mongo,
    port: u16,
    name: String,
    proxy: Proxy,
}

impl Database {
    async fn new(target: Mongo, port: u16, name: String) -> Self {
        let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], port))).await;
        Self {
            target,
            port,
            name,
            proxy,
        }
    }
}

/// The URL of a database, with timeouts that are short enough for outages in tests.
fn url(userinfo: &str, port: u16, database: &str) -> String {
    format!(
        "mongodb://{userinfo}127.0.0.1:{port}/{database}?directConnection=true&serverSelectionTimeoutMS=500\
         &heartbeatFrequencyMS=500&authSource=admin"
    )
}

#[async_trait]
impl Namespace for Database {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        let store = MongoStorage::connect(&url("", self.proxy.address().port(), &self.name)).await?;
        if !self.target.layers {
            return Ok(Arc::new(store));
        }
        Ok(Layers::new(store, "mongodb")
            .with_deadline(Deadlines::default())
            .with_retry(RetryPolicy::default())
            .with_tracing(Slowness::default())
            .into_shared())
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let client = Client::with_uri_str(url("", self.port, &self.name)).await?;
        let sessions = client
            .database(&self.name)
            .collection::<Document>("user_sessions");
        sessions
            .replace_one(doc! { "_id": record.key.encode() }, by_hand(record)?)
            .upsert(true)
            .await?;
        client.shutdown().immediate(true).await;
        Ok(Support::Claimed)
    }

    async fn cut_off(&self) -> Result<Support, TargetError> {
        self.proxy.cut_off();
        Ok(Support::Claimed)
    }

    async fn restore(&self) -> Result<(), TargetError> {
        self.proxy.restore();
        Ok(())
    }

    async fn lose_next_write(&self, loss: Loss) -> Result<Support, TargetError> {
        let loss = match loss {
            Loss::Request => stepkeep_test_servers::Loss::Request,
            Loss::Answer => stepkeep_test_servers::Loss::Answer,
        };
        self.proxy.lose_next(loss, WRITE_MARKER);
        Ok(Support::Claimed)
    }

    fn lost_writes(&self) -> u64 {
        self.proxy.lost()
    }

    async fn open_with_wrong_password(
        &self,
    ) -> Result<Option<Result<Arc<dyn SessionStore>, StoreError>>, TargetError> {
        let port = locked_server().await.port();
        let userinfo = format!("{MONGO_USER}:{WRONG_PASSWORD}@");
        let opened = MongoStorage::connect(&url(&userinfo, port, &self.name)).await;
        Ok(Some(opened.map(|store| Arc::new(store) as Arc<dyn SessionStore>)))
    }

    fn locator(&self) -> Option<String> {
        Some(format!("{}/{}", self.port, self.name))
    }
}

/// One that all cases share, and that lets nobody in without the password.
async fn locked_server() -> &'static MongoServer {
    static LOCKED: OnceCell<MongoServer> = OnceCell::const_new();
    LOCKED
        .get_or_init(|| MongoServer::start_with_password(PASSWORD))
        .await
}

/// The document of a record, made without the store's own code.
fn by_hand(record: &RawRecord) -> Result<Document, TargetError> {
    let form: serde_json::Map<String, Value> = serde_json::from_str(&record.stored_form)?;
    let date = |at: Timestamp| DateTime::from_millis(at.as_millis());
    let mut document = doc! {
        "_id": record.key.encode(),
        "scope": record.key.scope().as_str(),
        "updated_bucket": date(Timestamp::from_millis(record.updated_at.as_millis().div_euclid(600_000) * 600_000)),
    };
    for (name, value) in form {
        let is_time = matches!(name.as_str(), "created_at" | "updated_at" | "wake_at");
        let value = match value.as_i64() {
            Some(millis) if is_time => Bson::DateTime(DateTime::from_millis(millis)),
            _ => escaped(&value)?,
        };
        if name != "key" {
            document.insert(name, value);
        }
    }
    Ok(document)
}

fn escaped(value: &Value) -> Result<Bson, TargetError> {
    Ok(match value {
        Value::Object(members) => {
            let mut document = Document::new();
            for (name, value) in members {
                let name = name.replace('%', "%25").replace('.', "%2E").replace('\0', "%00");
                let name = match name.strip_prefix('$') {
                    Some(rest) => format!("%24{rest}"),
                    None => name,
                };
                document.insert(name, escaped(value)?);
            }
            Bson::Document(document)
        }
        Value::Array(items) => Bson::Array(items.iter().map(escaped).collect::<Result<_, _>>()?),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Bson::Int64(integer),
            (None, Some(float)) => Bson::Double(float),
            _ => return Err("a number that BSON doesn't have".into()),
        },
        Value::String(text) => Bson::String(text.clone()),
        Value::Bool(value) => Bson::Boolean(*value),
        Value::Null => Bson::Null,
    })
}

mod alone {
    stepkeep_core::conformance_tests!(super::Mongo { layers: false });
}

mod in_layers {
    stepkeep_core::conformance_tests!(super::Mongo { layers: true });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_claims_everything() {
    let report = run_all(&Mongo { layers: false }).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.claimed(), Capability::ALL);
}
