//! Where a store is while it is measured: a server or a folder of its own, which goes with it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};
use stepkeep_core::SessionStore;
use stepkeep_storage_mongo::{MongoConfig, MongoStorage};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_storage_sqlite::SqliteStorage;
use stepkeep_test_servers::{MongoServer, RedisServer, RedisSettings};
use tempfile::TempDir;

use super::flush;
use super::level::Footprint;
use super::population::person;
use crate::key;

/// The memory that MongoDB keeps documents in, in GiB; the servers of tests have less than a million sessions take.
const MONGO_CACHE_GIB: f64 = 3.0;

/// How long Redis may take to write its log anew.
const PATIENCE: Duration = Duration::from_mins(5);

/// A store and where it is.
#[derive(Debug)]
pub(super) struct Host {
    name: &'static str,
    url: String,
    store: Opened,
    place: Place,
    /// How long the disk took at first to keep a page, in microseconds.
    flush_us: f64,
}

#[derive(Debug)]
enum Opened {
    Sqlite(SqliteStorage),
    Redis(RedisStorage),
    Mongo(MongoStorage),
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Redis {
        server: RedisServer,
        /// The memory that it has without any session.
        empty: u64,
    },
    Mongo {
        _server: MongoServer,
        client: Client,
    },
}

impl Host {
    /// Starts what a store needs, and opens it.
    ///
    /// # Errors
    /// When it is none that is measured, or can't be opened.
    pub(super) async fn start(name: &str) -> anyhow::Result<Self> {
        let (name, url, place) = match name {
            "sqlite-full" => {
                let folder = tempfile::tempdir()?;
                let path = folder.path().join("sessions.sqlite");
                let url = format!("sqlite://{}?synchronous=full", path.display());
                ("sqlite-full", url, Place::Folder(folder))
            }
            "redis-always" => {
                let mut server = RedisServer::start(&RedisSettings::default().durable());
                let url = server.url();
                let empty = Redis::of(&mut server).memory()?;
                ("redis-always", url, Place::Redis { server, empty })
            }
            "mongodb" => {
                let server = MongoServer::start_with_cache(MONGO_CACHE_GIB).await;
                let url = server.url();
                let client = Client::with_uri_str(&url).await?;
                let place = Place::Mongo {
                    _server: server,
                    client,
                };
                ("mongodb", url, place)
            }
            other => bail!("{other} is not measured by the number of sessions"),
        };
        let store = Opened::open(&url, &place).await?;
        Ok(Self {
            name,
            url,
            store,
            place,
            flush_us: flush::flush_us(&std::env::temp_dir()).await?,
        })
    }

    /// Waits for at most so long until the disk has done what it was given, and answers how long it takes to keep a page,
    /// in microseconds.
    ///
    /// # Errors
    /// When the disk can't be written.
    pub(super) async fn calm(&self, patience: Duration) -> anyhow::Result<f64> {
        flush::calm(&std::env::temp_dir(), self.flush_us, patience).await
    }

    /// The store's name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The store's URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The store. Whoever keeps it finds it closed after [`reopen`](Self::reopen).
    pub(super) fn store(&self) -> Arc<dyn SessionStore> {
        match &self.store {
            Opened::Sqlite(store) => Arc::new(store.clone()),
            Opened::Redis(store) => Arc::new(store.clone()),
            Opened::Mongo(store) => Arc::new(store.clone()),
        }
    }

    /// Lets the filling not wait for the disk, where that would take long, until the store is settled and reopened.
    ///
    /// # Errors
    /// When the server fails.
    pub(super) async fn hurry(&mut self) -> anyhow::Result<()> {
        match &mut self.place {
            // Creations at once share what waits for the disk.
            Place::Folder(_) => {}
            // Redis waits after every 16 KiB that come in by one connection.
            Place::Redis { server, .. } => Redis::of(server).wait_for_the_disk("no")?,
            Place::Mongo { .. } => {
                let url = format!("{}&w=1&journal=false", self.url);
                self.store = Opened::open(&url, &self.place).await?;
            }
        }
        Ok(())
    }

    /// Waits until everything is where it stays, and answers how much there was on the disk before, where that was more.
    ///
    /// # Errors
    /// When the server fails.
    pub(super) async fn settle(&mut self) -> anyhow::Result<Option<u64>> {
        match &mut self.place {
            // Closing it does that.
            Place::Folder(_) => Ok(None),
            Place::Redis { server, .. } => {
                let redis = Redis::of(server);
                redis.wait_for_the_disk("always")?;
                redis.wait_for_rewrite().await?;
                let grown = bytes_of(&redis.logs)?;
                redis.ask(&redis::cmd("BGREWRITEAOF"))?;
                redis.wait_for_rewrite().await?;
                Ok(Some(grown))
            }
            Place::Mongo { client, .. } => {
                let admin = client.database("admin");
                admin.run_command(doc! { "fsync": 1 }).await?;
                Ok(None)
            }
        }
    }

    /// Closes the store and opens it again, and answers how long the second took, until the first session was read.
    ///
    /// # Errors
    /// When it can't be opened, or the session is not there.
    pub(super) async fn reopen(&mut self) -> anyhow::Result<Duration> {
        match &self.store {
            Opened::Sqlite(store) => store.close().await,
            Opened::Redis(store) => store.close().await,
            Opened::Mongo(store) => store.close().await,
        }
        let begun = Instant::now();
        self.store = Opened::open(&self.url, &self.place).await?;
        let first = self.store().get(&key(person(1))).await?;
        let took = begun.elapsed();
        first.context("the second person has a session")?;
        Ok(took)
    }

    /// What all sessions take.
    ///
    /// # Errors
    /// When it can't be told.
    pub(super) async fn footprint(&mut self) -> anyhow::Result<Footprint> {
        match &mut self.place {
            Place::Folder(folder) => Ok(Footprint {
                disk_bytes: bytes_of(folder.path())?,
                index_bytes: Some(index_bytes(&folder.path().join("sessions.sqlite"))?),
                ..Footprint::default()
            }),
            Place::Redis { server, empty } => {
                let empty = *empty;
                let redis = Redis::of(server);
                Ok(Footprint {
                    disk_bytes: bytes_of(&redis.logs)?,
                    memory_bytes: Some(redis.memory()?.saturating_sub(empty)),
                    ..Footprint::default()
                })
            }
            Place::Mongo { client, .. } => of_mongo(client, &self.url).await,
        }
    }
}

impl Opened {
    async fn open(url: &str, place: &Place) -> anyhow::Result<Self> {
        Ok(match place {
            Place::Folder(_) => Self::Sqlite(SqliteStorage::connect(url).await?),
            Place::Redis { .. } => Self::Redis(RedisStorage::connect(url).await?),
            Place::Mongo { .. } => Self::Mongo(MongoStorage::connect(url).await?),
        })
    }
}

/// What a folder's files take on the disk.
fn bytes_of(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() {
            bytes_of(&entry.path())?
        } else {
            found.blocks() * 512
        };
    }
    Ok(bytes)
}

/// What the indexes of a file take: the pages that are not of the table of sessions.
fn index_bytes(path: &Path) -> anyhow::Result<u64> {
    let connection = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let counted = connection.query_row(
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat
         WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_schema WHERE type = 'index')",
        (),
        |row| row.get::<_, i64>(0),
    );
    Ok(u64::try_from(counted?)?)
}

/// A connection to a Redis, to ask it about itself.
struct Redis<'a> {
    server: &'a RedisServer,
    /// The folder of its logs.
    logs: PathBuf,
}

impl<'a> Redis<'a> {
    fn of(server: &'a mut RedisServer) -> Self {
        let logs = server.process().folder().join("appendonlydir");
        Self { server, logs }
    }

    fn ask(&self, command: &redis::Cmd) -> anyhow::Result<()> {
        Ok(command.exec(&mut self.server.connection())?)
    }

    fn wait_for_the_disk(&self, how: &str) -> anyhow::Result<()> {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("appendfsync").arg(how);
        self.ask(&command)
    }

    fn info(&self, section: &str) -> anyhow::Result<String> {
        let mut command = redis::cmd("INFO");
        command.arg(section);
        Ok(command.query(&mut self.server.connection())?)
    }

    fn memory(&self) -> anyhow::Result<u64> {
        let info = self.info("memory")?;
        let found = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(found.context("Redis tells its memory")?.trim().parse()?)
    }

    async fn wait_for_rewrite(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let info = self.info("persistence")?;
            let idle = |name: &str| info.lines().any(|line| line.trim() == format!("{name}:0"));
            if idle("aof_rewrite_in_progress") && idle("aof_rewrite_scheduled") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("Redis still writes its log anew after {} s", PATIENCE.as_secs())
    }
}

async fn of_mongo(client: &Client, url: &str) -> anyhow::Result<Footprint> {
    let config = MongoConfig::from_url(url)?;
    let database = client.database(config.database());
    let stats = database
        .run_command(doc! { "collStats": &config.collection })
        .await?;
    let server = client
        .database("admin")
        .run_command(doc! { "serverStatus": 1 })
        .await?;
    let cache = server.get_document("wiredTiger")?.get_document("cache")?;
    let indexes = number(&stats, "totalIndexSize")?;
    Ok(Footprint {
        disk_bytes: number(&stats, "storageSize")? + indexes,
        index_bytes: Some(indexes),
        grown_bytes: None,
        memory_bytes: Some(number(cache, "bytes currently in the cache")?),
    })
}

/// MongoDB answers with whichever type of number is wide enough.
fn number(document: &Document, name: &str) -> anyhow::Result<u64> {
    Ok(match document.get(name) {
        Some(Bson::Int32(number)) => u64::try_from(*number)?,
        Some(Bson::Int64(number)) => u64::try_from(*number)?,
        Some(Bson::Double(number)) => format!("{number:.0}").parse()?,
        _ => bail!("MongoDB doesn't tell {name:?}"),
    })
}
