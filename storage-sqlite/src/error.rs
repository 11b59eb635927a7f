//! What SQLite says, in the words of the store contract.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};
use stepkeep_core::{StoreError, StoreErrorKind, StoreOperation};

/// The store's name, as operators know it.
pub(crate) const BACKEND: &str = "sqlite";

/// When SQLite said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// While the file was opened and its schema set up.
    Opening,
    /// In a read, or in a transaction that was rolled back.
    Running,
    /// In the COMMIT of a transaction.
    Committing,
}

/// A failure that isn't about one session's record. It can be cloned, since a whole batch may get the same.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    kind: StoreErrorKind,
    message: String,
    source: Option<Arc<rusqlite::Error>>,
}

impl Failure {
    pub(crate) fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn from_driver(error: rusqlite::Error, moment: Moment, path: &Path) -> Self {
        Self {
            kind: classify(&error, moment),
            message: explain(&error, moment, path),
            source: Some(Arc::new(error)),
        }
    }

    /// Whether another connection held the lock that was needed.
    pub(crate) fn is_busy(&self) -> bool {
        self.source.as_deref().is_some_and(is_busy)
    }

    /// The error of an operation. Only a change of one session can be indeterminate: a cleanup that may have removed
    /// something can simply be run again.
    pub(crate) fn into_error(self, operation: StoreOperation) -> StoreError {
        let kind = match self.kind {
            StoreErrorKind::Indeterminate if !operation.is_write() => StoreErrorKind::Unavailable,
            kind => kind,
        };
        let error = StoreError::new(kind, operation, BACKEND).with_message(self.message);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// Whether another connection held the lock that was needed.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Whether a page could not be understood.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    classify(error, Moment::Running) == StoreErrorKind::Corrupt
}

/// The kind of a failure. The only place that decides it.
pub(crate) fn classify(error: &rusqlite::Error, moment: Moment) -> StoreErrorKind {
    let Some(code) = error.sqlite_error_code() else {
        // A column has a type that this program never writes there.
        return StoreErrorKind::Corrupt;
    };
    match code {
        ErrorCode::DatabaseCorrupt => StoreErrorKind::Corrupt,
        ErrorCode::NotADatabase if moment != Moment::Opening => StoreErrorKind::Corrupt,
        ErrorCode::TooBig => StoreErrorKind::TooLarge,
        // The last frame may be on the disk although SQLite could not make sure of it.
        ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::OperationAborted
        | ErrorCode::InternalMalfunction
            if moment == Moment::Committing =>
        {
            StoreErrorKind::Indeterminate
        }
        // As for a busy and a full disk: SQLite gives up before it writes the frame that makes a transaction count.
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::OperationAborted
        | ErrorCode::SchemaChanged => StoreErrorKind::Unavailable,
        ErrorCode::CannotOpen if moment != Moment::Opening => StoreErrorKind::Unavailable,
        // A file that this process can't use, statements that don't fit its schema, mistakes of this program.
        _ => StoreErrorKind::Invalid,
    }
}

/// What operators should know and do.
fn explain(error: &rusqlite::Error, moment: Moment, path: &Path) -> String {
    let file = path.display();
    let Some(code) = error.sqlite_error_code() else {
        return format!("a column of {file} has a value of the wrong type: something else wrote to it");
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            format!("another process holds the lock on {file}: look for one that keeps a transaction open")
        }
        ErrorCode::DiskFull => {
            format!("the disk is full: make space for {file}, and the store goes on by itself")
        }
        ErrorCode::ReadOnly if extended(error) == Some(ffi::SQLITE_READONLY_DBMOVED) => {
            format!("{file} was moved or deleted while it was open: put it back and start again")
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            format!("{file} is read-only: this process needs the right to write the file and its folder")
        }
        ErrorCode::CannotOpen => why_not_opened(path),
        ErrorCode::NotADatabase if moment == Moment::Opening => {
            format!("{file} is no SQLite database: it was left as it is; name another file")
        }
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
            format!("{file} is damaged: copy it aside, then restore a backup or use sqlite3's .recover")
        }
        ErrorCode::SystemIoFailure => {
            format!("the disk of {file} fails, or has no space for the -shm file beside it")
        }
        ErrorCode::OutOfMemory => "there is no memory left".to_owned(),
        _ if error.to_string().contains("no such table") => {
            format!("{file} has no schema yet: set it up first")
        }
        _ => format!("SQLite refused a statement on {file}"),
    }
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// SQLite doesn't say why; the file system does.
fn why_not_opened(path: &Path) -> String {
    let file = path.display();
    if path.is_dir() {
        return format!("{file} is a folder: name a file in it");
    }
    match path.parent() {
        Some(folder) if !folder.exists() => {
            format!("the folder {} is not there: create it first", folder.display())
        }
        Some(folder) if !folder.is_dir() => {
            format!("{} is not a folder, so {file} can't be", folder.display())
        }
        _ => format!("{file} can't be opened: this process needs the right to write the file and its folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Connection, OpenFlags};
    use std::error::Error;

    fn failed(result: rusqlite::Result<impl Sized>) -> rusqlite::Error {
        result.err().expect("SQLite should have refused this")
    }

    fn scratch() -> (tempfile::TempDir, std::path::PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scratch.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)")
            .unwrap();
        (folder, path, connection)
    }

    /// Each error comes from the driver itself, provoked, not made up.
    #[test]
    fn what_the_driver_says_has_a_kind() {
        use Moment::{Opening, Running};
        use StoreErrorKind::{Corrupt, Invalid, Unavailable};

        let (folder, path, connection) = scratch();
        let insert = "INSERT INTO t VALUES (hex(randomblob(1000)))";

        let other = Connection::open(&path).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let locked = failed(other.execute_batch("BEGIN IMMEDIATE"));
        connection.execute_batch("ROLLBACK").unwrap();

        connection.pragma_update(None, "max_page_count", 1).unwrap();
        let full = failed((0..100).try_for_each(|_| connection.execute_batch(insert)));

        let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let read_only = failed(reader.execute_batch(insert));

        let text = folder.path().join("letter.txt");
        std::fs::write(&text, "Dear Sir or Madam, this is not a database. ".repeat(99)).unwrap();
        let not_a_database = failed(Connection::open(&text).unwrap().execute_batch(insert));

        let missing = failed(Connection::open(folder.path().join("nowhere/x.db")));
        let directory = failed(Connection::open(folder.path()));
        let no_table = failed(connection.execute_batch("SELECT * FROM absent"));
        let constraint = failed(other.execute_batch("INSERT INTO t VALUES (1)"));
        let wrong_type = failed(connection.query_row("SELECT 'text'", (), |row| row.get::<_, i64>(0)));

        drop((connection, other, reader));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[4_096..8_192].fill(0xAA);
        std::fs::write(&path, bytes).unwrap();
        let damaged = failed(Connection::open(&path).unwrap().execute_batch("SELECT * FROM t"));

        let table = [
            (locked, Running, Unavailable),
            (full, Running, Unavailable),
            (read_only, Running, Invalid),
            (not_a_database, Opening, Invalid),
            (missing, Opening, Invalid),
            (directory, Opening, Invalid),
            (no_table, Running, Invalid),
            (constraint, Running, Invalid),
            (wrong_type, Running, Corrupt),
            (damaged, Running, Corrupt),
        ];
        for (error, moment, expected) in table {
            assert_eq!(classify(&error, moment), expected, "{error:?}");
        }
    }

    #[test]
    fn only_a_commit_can_be_in_doubt() {
        let of = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let kind = |code, moment| classify(&of(code), moment);
        assert_eq!(
            kind(ffi::SQLITE_IOERR_FSYNC, Moment::Committing),
            StoreErrorKind::Indeterminate
        );
        assert_eq!(
            kind(ffi::SQLITE_IOERR_FSYNC, Moment::Running),
            StoreErrorKind::Unavailable
        );
        assert_eq!(
            kind(ffi::SQLITE_FULL, Moment::Committing),
            StoreErrorKind::Unavailable
        );
        assert_eq!(
            kind(ffi::SQLITE_BUSY, Moment::Committing),
            StoreErrorKind::Unavailable
        );
        assert_eq!(kind(ffi::SQLITE_NOTADB, Moment::Running), StoreErrorKind::Corrupt);
    }

    #[test]
    fn a_cleanup_is_never_in_doubt() {
        let doubt = Failure::new(StoreErrorKind::Indeterminate, "the disk is gone");
        let error = doubt.clone().into_error(StoreOperation::Cleanup);
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        let error = doubt.into_error(StoreOperation::Update);
        assert_eq!(error.kind(), StoreErrorKind::Indeterminate);
    }

    #[test]
    fn a_failure_says_what_to_do_and_keeps_its_cause() {
        let of = |code| {
            let driver = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            Failure::from_driver(driver, Moment::Running, Path::new("/srv/bot.db"))
                .into_error(StoreOperation::Update)
        };
        insta::assert_snapshot!(of(ffi::SQLITE_FULL), @"sqlite update: the store is not available: the disk is full: make space for /srv/bot.db, and the store goes on by itself");
        insta::assert_snapshot!(of(ffi::SQLITE_BUSY), @"sqlite update: the store is not available: another process holds the lock on /srv/bot.db: look for one that keeps a transaction open");
        insta::assert_snapshot!(of(ffi::SQLITE_CORRUPT), @"sqlite update: the record is damaged: /srv/bot.db is damaged: copy it aside, then restore a backup or use sqlite3's .recover");
        insta::assert_snapshot!(of(ffi::SQLITE_READONLY), @"sqlite update: the call is not valid: /srv/bot.db is read-only: this process needs the right to write the file and its folder");
        assert!(of(ffi::SQLITE_FULL).source().is_some());
    }
}
