//! SQLite through rusqlite: readers inline, and all writes through one thread that commits what waits at once.

use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _};

use super::RawStore;
use super::sqlite_writer::{Write, Writer};
use crate::report::shape::RawDocument;

/// As many readers as the store has, or one for each thread that can read at the same time.
fn readers() -> usize {
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    4.max(threads + 1)
}

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS session (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, updated_bucket INTEGER NOT NULL,
    doc TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS session_by_updated_bucket ON session (updated_bucket);";

/// The floor of SQLite.
pub(super) struct RawSqlite {
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
}

impl fmt::Debug for RawSqlite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawSqlite")
    }
}

impl RawSqlite {
    /// Opens a file beside the one of this URL.
    pub(super) fn open(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("sqlite://").context("the URL of a file")?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let synchronous = query.strip_prefix("synchronous=").unwrap_or("full");
        let path = Path::new(path).with_extension("raw.sqlite");
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            Ok(connection)
        };
        let writing = connect()?;
        writing.execute_batch(SCHEMA)?;
        let readers = (0..readers()).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            readers: Mutex::new(readers),
            writer: Writer::start(writing, connect()?)?,
        })
    }

    /// Each thread reads inline, so there are never more reads at once than threads.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        let taken = self.readers.lock().pop();
        let connection = taken.context("more threads read than there are readers")?;
        let result = read(&connection);
        self.readers.lock().push(connection);
        Ok(result?)
    }
}

#[async_trait]
impl RawStore for RawSqlite {
    async fn create(&self, key: &str, document: &RawDocument, idle: bool) -> anyhow::Result<()> {
        let write = Write::Create {
            key: key.to_owned(),
            document: document.json.clone(),
            bucket: i64::from(!idle),
        };
        anyhow::ensure!(self.writer.write(write).await? == 1, "it is there already");
        Ok(())
    }

    async fn get(&self, key: &str) -> anyhow::Result<Option<u64>> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT revision, doc FROM session WHERE key = ?1")?;
            let found =
                statement.query_row([key], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
            Ok(found
                .optional()?
                .map(|(revision, _document)| revision.cast_unsigned()))
        })
    }

    async fn replace(&self, key: &str, held: u64, document: &RawDocument) -> anyhow::Result<bool> {
        let write = Write::Replace {
            key: key.to_owned(),
            held: held.cast_signed(),
            document: document.json.clone(),
        };
        Ok(self.writer.write(write).await? == 1)
    }

    async fn remove(&self, key: &str) -> anyhow::Result<bool> {
        let write = Write::Remove { key: key.to_owned() };
        Ok(self.writer.write(write).await? == 1)
    }

    async fn page(&self, limit: usize, _: &[String]) -> anyhow::Result<usize> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT key, doc FROM session ORDER BY id LIMIT ?1")?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map([limit], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?;
            let documents = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(documents.len())
        })
    }

    async fn remove_idle(&self, _: &[String]) -> anyhow::Result<u64> {
        Ok(u64::try_from(self.writer.write(Write::RemoveIdle).await?)?)
    }

    async fn empty(&self) -> anyhow::Result<()> {
        self.writer.write(Write::RemoveAll).await?;
        Ok(())
    }
}
