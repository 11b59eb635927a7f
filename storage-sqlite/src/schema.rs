//! The schema of the file: whose file it is, which version it has, and how it gets to this version's.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};
use stepkeep_core::{SchemaStatus, StoreErrorKind};

use crate::config::SqliteConfig;
use crate::connection::pause;
use crate::error::{Failure, Moment};

/// `Step` in ASCII, in the header of the file: SQLite's own way to tell whose file it is.
pub(crate) const APPLICATION_ID: i32 = 0x5374_6570;

/// Each script takes the schema one version up. A script that was released never changes.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_session.sql")];

/// The version that this program needs.
pub(crate) const VERSION: u32 = 1;

const _: () = assert!(MIGRATIONS.len() == VERSION as usize);

/// Looks at the schema, and changes nothing.
///
/// Refuses a file of another program, and one of a newer version.
pub(crate) fn status(connection: &Connection, path: &Path) -> Result<SchemaStatus, Failure> {
    let header = || -> rusqlite::Result<(i32, u32, bool)> {
        // In one snapshot: between two reads another process may set the schema up, and the halves of what it was and
        // what it is look like a file of another program.
        let _snapshot = if connection.is_autocommit() {
            Some(connection.unchecked_transaction()?)
        } else {
            None
        };
        Ok((
            connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", (), |row| {
                row.get(0)
            })?,
        ))
    };
    let (application_id, found, has_tables) =
        header().map_err(|error| Failure::from_driver(error, Moment::Opening, path))?;
    match application_id {
        APPLICATION_ID if found > VERSION => Err(too_new(found, path)),
        APPLICATION_ID if found == VERSION => Ok(SchemaStatus::Current { version: found }),
        APPLICATION_ID if found > 0 => Ok(SchemaStatus::Outdated {
            found,
            needed: VERSION,
        }),
        0 if !has_tables => Ok(SchemaStatus::Missing),
        _ => Err(Failure::new(
            StoreErrorKind::Invalid,
            format!(
                "{} is the database of another program: it was left as it is; name another file",
                path.display()
            ),
        )),
    }
}

/// The refusal of a file that a newer version uses.
pub(crate) fn too_new(found: u32, path: &Path) -> Failure {
    Failure::new(
        StoreErrorKind::TooNew,
        format!(
            "{} has schema {found}, and this version knows schema {VERSION}: run the newer version, or restore the \
             backup from before the upgrade",
            path.display()
        ),
    )
}

/// The refusal of a file whose schema is another version than the one that the statements are for.
pub(crate) fn mismatch(found: u32, path: &Path) -> Failure {
    if found > VERSION {
        return too_new(found, path);
    }
    Failure::new(
        StoreErrorKind::Invalid,
        format!(
            "{} has schema {found}, and this version needs schema {VERSION}: set the schema up first",
            path.display()
        ),
    )
}

/// Brings the schema to this version's, in one transaction. Of several processes that start at once one does it, and
/// the others find it done.
///
/// SQLite doesn't wait for the locks of those who switch to the write-ahead log at the same time, since that could be a
/// deadlock: it says at once that the file is busy. So whoever comes too late tries again, for as long as it may wait.
pub(crate) fn set_up(connection: &mut Connection, config: &SqliteConfig) -> Result<SchemaStatus, Failure> {
    let begun = Instant::now();
    loop {
        match try_set_up(connection, &config.path) {
            Err(failure) if failure.is_busy() && begun.elapsed() < config.busy_timeout() => pause(),
            result => return result,
        }
    }
}

fn try_set_up(connection: &mut Connection, path: &Path) -> Result<SchemaStatus, Failure> {
    // Looked at before anything is written: not even the journal mode of a foreign file changes.
    let before = status(connection, path)?;
    let driver = |error| Failure::from_driver(error, Moment::Opening, path);
    enable_wal(connection, path)?;
    if matches!(before, SchemaStatus::Current { .. }) {
        return Ok(before);
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(driver)?;
    let from = match status(&transaction, path)? {
        SchemaStatus::Missing => 0,
        SchemaStatus::Outdated { found, .. } => found,
        current @ SchemaStatus::Current { .. } => return Ok(current),
    };
    for (version, script) in (1..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= from) {
        tracing::debug!(path = %path.display(), version, "migrating the schema");
        transaction.execute_batch(script).map_err(driver)?;
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
        .and_then(|()| transaction.commit())
        .map_err(driver)?;
    Ok(SchemaStatus::Current { version: VERSION })
}

fn enable_wal(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| Failure::from_driver(error, Moment::Opening, path))?;
    if mode == "wal" {
        return Ok(());
    }
    Err(Failure::new(
        StoreErrorKind::Invalid,
        format!(
            "{} can't have a write-ahead log: put it on a local disk, not on a network file system",
            path.display()
        ),
    ))
}
