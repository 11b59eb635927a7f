//! Connections to the file, each set up for what it is for.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use stepkeep_core::StoreErrorKind;

use crate::config::SqliteConfig;
use crate::error::{Failure, Moment};

/// The size that the write-ahead log is cut back to when it starts over, in bytes.
const LOG_SIZE_LIMIT: i64 = 64 * 1024 * 1024;

/// Opens the file, and creates it if that is wanted. Nothing is read or written yet.
pub(crate) fn open(config: &SqliteConfig, create: bool) -> Result<Connection, Failure> {
    let path = config.path.as_path();
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| explain_opening(error, create, path))?;
    let mut set_up = || -> rusqlite::Result<bool> {
        wait_for_locks(&mut connection, config.busy_timeout())?;
        connection.pragma_update(None, "synchronous", config.synchronous.to_string())?;
        // What SQLite finds wrong with a page it says, instead of going on with it.
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
        // Checkpoints have a thread of their own.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.is_readonly("main")
    };
    match set_up() {
        Ok(false) => Ok(connection),
        // SQLite falls back to reading when the file can't be written.
        Ok(true) => Err(Failure::new(
            StoreErrorKind::Invalid,
            format!(
                "{} is read-only: this process needs the right to write the file and its folder",
                path.display()
            ),
        )),
        Err(error) => Err(Failure::from_driver(error, Moment::Opening, path)),
    }
}

/// Opens the file for reading.
pub(crate) fn open_reader(config: &SqliteConfig) -> Result<Connection, Failure> {
    let connection = open(config, false)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| Failure::from_driver(error, Moment::Opening, &config.path))?;
    Ok(connection)
}

fn explain_opening(error: rusqlite::Error, create: bool, path: &Path) -> Failure {
    if !create && !path.exists() {
        return Failure::new(
            StoreErrorKind::Invalid,
            format!(
                "{} is not there: set the schema up, which creates it",
                path.display()
            ),
        );
    }
    Failure::from_driver(error, Moment::Opening, path)
}

/// Makes a connection wait for locks that others hold, for at most this long. Not for async threads.
///
/// SQLite's own handler soon sleeps 100 ms at a time. Another process that writes a lot leaves gaps of well under a
/// millisecond between its transactions, and whoever looks that seldom waits for seconds.
pub(crate) fn wait_for_locks(connection: &mut Connection, limit: Duration) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries| {
        if tries == 0 {
            since = Instant::now();
        }
        let goes_on = since.elapsed() < limit;
        if goes_on {
            pause();
        }
        goes_on
    }))
}

/// Waits a moment for a lock that another holds. Not for async threads.
#[expect(
    clippy::disallowed_methods,
    reason = "this runs on the writer's thread and in the blocking pool only"
)]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_micros(500));
}

impl SqliteConfig {
    pub(crate) fn busy_timeout(&self) -> Duration {
        Duration::from_millis(self.busy_timeout_ms.into())
    }
}
