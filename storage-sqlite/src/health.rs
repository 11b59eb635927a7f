//! For operators: schema, health, statistics, integrity.

use std::path::Path;

use async_trait::async_trait;
use stepkeep_core::{
    SchemaStatus, StoreAdministration, StoreError, StoreErrorKind, StoreHealth, StoreOperation,
    StoreStatistics,
};

use crate::checkpoint;
use crate::config::Synchronous;
use crate::connection;
use crate::error::{BACKEND, Failure, is_damage};
use crate::schema;
use crate::store::SqliteStorage;
use crate::write::Write;

/// With less free space than this on the disk, an operator should act.
const LITTLE_SPACE: u64 = 256 * 1024 * 1024;

/// A log of more pages than this doesn't start over: somebody has been reading for long.
const LONG_LOG: u32 = 65_536;

/// The most findings of an integrity check.
const MAX_FINDINGS: u32 = 100;

impl SqliteStorage {
    /// Reads the whole file, and answers what is wrong with it; empty when nothing is.
    ///
    /// It looks at each page and at the order of each index, and that each index has what its table has. It takes about
    /// a second per gigabyte, beside reads and writes. Dropping the future doesn't stop it.
    ///
    /// # Errors
    /// `Unavailable`. Damage is no error, but what was asked for.
    pub async fn check_integrity(&self) -> Result<Vec<String>, StoreError> {
        let sql = format!("PRAGMA integrity_check({MAX_FINDINGS})");
        let checked = self.long_readers().read(move |connection| {
            let mut check = connection.prepare(&sql)?;
            let mut rows = check.query(())?;
            let mut findings = Vec::new();
            loop {
                match rows.next() {
                    Ok(Some(row)) => findings.push(row.get::<_, String>(0)?),
                    Ok(None) => break,
                    Err(error) if is_damage(&error) => {
                        findings.push(format!("the check can't go on: {error}"));
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            findings.retain(|finding| finding != "ok");
            Ok(findings)
        });
        checked.await.map_err(failed)
    }
}

#[async_trait]
impl StoreAdministration for SqliteStorage {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
        let path = self.path().to_owned();
        let read = self
            .long_readers()
            .read(move |connection| Ok(schema::status(connection, &path)));
        read.await.and_then(|status| status).map_err(failed)
    }

    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
        let config = self.config().clone();
        let set_up = tokio::task::spawn_blocking(move || {
            let mut connection = connection::open(&config, true)?;
            schema::set_up(&mut connection, &config)
        });
        let broken_off = |_| {
            Err(Failure::new(
                StoreErrorKind::Unavailable,
                "the set-up was broken off: the runtime is shutting down",
            ))
        };
        set_up.await.unwrap_or_else(broken_off).map_err(failed)
    }

    /// Goes the way of a write, without writing anything. Doesn't read the whole file: that is
    /// [`SqliteStorage::check_integrity`].
    async fn check_health(&self) -> Result<StoreHealth, StoreError> {
        self.write(Write::Probe).await.map_err(failed)?;
        let path = self.path().to_owned();
        let identity = self.identity().cloned();
        let synchronous = self.config().synchronous;
        let look = move |connection: &rusqlite::Connection| {
            if identity.is_some() && FileIdentity::of(&path) != identity {
                return Ok(Err(Failure::new(
                    StoreErrorKind::Unavailable,
                    format!(
                        "{} was moved, replaced or deleted while it was open: what is written now is lost; \
                         put it back and start again",
                        path.display()
                    ),
                )));
            }
            Ok(Ok(warnings(
                &path,
                synchronous,
                checkpoint::log_length(connection).unwrap_or(0),
                free_space(&path),
            )))
        };
        let warnings = self.long_readers().read(look).await.and_then(|warnings| warnings);
        Ok(StoreHealth::with_warnings(warnings.map_err(failed)?))
    }

    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let read = self.long_readers().read(|connection| {
            connection.query_row(
                "SELECT (SELECT count(*) FROM session),
                        (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)",
                (),
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
        });
        let (sessions, bytes) = read.await.map_err(failed)?;
        // Counts are never negative.
        Ok(StoreStatistics::new(
            sessions.unsigned_abs(),
            Some(bytes.unsigned_abs()),
        ))
    }
}

fn failed(failure: Failure) -> StoreError {
    failure.into_error(StoreOperation::Administration)
}

fn warnings(path: &Path, synchronous: Synchronous, log_length: u32, free_space: Option<u64>) -> Vec<String> {
    let mut warnings = Vec::new();
    if synchronous == Synchronous::Normal {
        warnings.push("synchronous=normal: a loss of power may take the last acknowledged writes".to_owned());
    }
    if log_length > LONG_LOG {
        warnings.push(format!(
            "the log beside {} has {log_length} pages and can't start over: look for a process that has been reading \
             for long",
            path.display()
        ));
    }
    if let Some(free) = free_space.filter(|free| *free < LITTLE_SPACE) {
        warnings.push(format!(
            "the disk of {} has {} MiB left",
            path.display(),
            free / 1024 / 1024
        ));
    }
    warnings
}

/// Which file a path leads to, so that a replaced one is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Path) -> Option<Self> {
        None
    }
}

#[cfg(unix)]
fn free_space(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_what_goes_wrong_soon() {
        let path = Path::new("/srv/bot.db");
        assert_eq!(
            warnings(path, Synchronous::Full, LONG_LOG, Some(LITTLE_SPACE)),
            Vec::<String>::new()
        );
        let all = warnings(path, Synchronous::Normal, LONG_LOG + 1, Some(LITTLE_SPACE / 2));
        insta::assert_snapshot!(all.join("\n"), @"
        synchronous=normal: a loss of power may take the last acknowledged writes
        the log beside /srv/bot.db has 65537 pages and can't start over: look for a process that has been reading for long
        the disk of /srv/bot.db has 128 MiB left
        ");
    }
}
