//! The store: what the contract asks for, as writes for the writer and reads for the readers.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation, document,
};

use crate::checkpoint::Checkpoints;
use crate::cleanup;
use crate::config::{ConfigError, SqliteConfig};
use crate::connection;
use crate::error::{BACKEND, Failure};
use crate::health::FileIdentity;
use crate::reader::Readers;
use crate::record::{Document, Record};
use crate::scan;
use crate::schema;
use crate::write::{Outcome, Write, find};
use crate::writer::Writer;

/// How many connections the long reads have: scans, counts, the search for idle sessions.
const LONG_READERS: u32 = 2;

/// A [`SessionStore`] on one SQLite file.
///
/// A clone is another handle on the same connections. Several stores may have the same file open, in one process or
/// in several of one machine. When the last handle is dropped, what waits is still done, and the threads end; to wait
/// for that, [`close`](SqliteStorage::close) the store.
///
/// All methods have to be called on a Tokio runtime.
#[derive(Clone)]
pub struct SqliteStorage(Arc<Shared>);

struct Shared {
    config: SqliteConfig,
    identity: Option<FileIdentity>,
    writer: Writer,
    readers: Readers,
    long_readers: Readers,
}

impl SqliteStorage {
    /// Opens the file that a URL names; see [`SqliteConfig::from_url`].
    ///
    /// # Errors
    /// `Invalid` for a URL that makes no sense, and as [`SqliteStorage::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let config = SqliteConfig::from_url(url).map_err(|error| refused(&error))?;
        Self::open(config).await
    }

    /// Opens the file. Unless the settings say otherwise, creates it and brings its schema up to date.
    ///
    /// # Errors
    /// `Invalid` when the file can't be used, whatever the reason: a folder that is not there, rights that are missing,
    /// no SQLite database, another program's; the message says which, and what to do. `TooNew` when a newer version
    /// uses it. `Corrupt`, `Unavailable`.
    pub async fn open(config: SqliteConfig) -> Result<Self, StoreError> {
        config.validate().map_err(|error| refused(&error))?;
        let opened = tokio::task::spawn_blocking(move || Shared::open(config)).await;
        let shared = opened.unwrap_or_else(|_| {
            Err(Failure::new(
                StoreErrorKind::Unavailable,
                "opening was broken off: the runtime is shutting down",
            ))
        });
        match shared {
            Ok(shared) => Ok(Self(Arc::new(shared))),
            Err(failure) => Err(failure.into_error(StoreOperation::Open)),
        }
    }

    /// Does what waits, moves all writes from the log into the file, and closes it, whatever other handles there are:
    /// their calls fail with `Unavailable` from now on.
    ///
    /// Dropping the future doesn't undo it.
    pub async fn close(&self) {
        // The writer goes last: the last connection that closes removes the log.
        self.0.readers.close().await;
        self.0.long_readers.close().await;
        self.0.writer.close().await;
    }

    /// The settings, with an absolute path.
    pub fn config(&self) -> &SqliteConfig {
        &self.0.config
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0.config.path
    }

    pub(crate) fn identity(&self) -> Option<&FileIdentity> {
        self.0.identity.as_ref()
    }

    pub(crate) fn long_readers(&self) -> &Readers {
        &self.0.long_readers
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, Failure> {
        self.0.writer.write(write).await
    }

    fn record(&self, session: &Session, operation: StoreOperation) -> Result<Record, StoreError> {
        let limit = self.0.config.max_session_bytes;
        Record::new(session, limit)
            .map_err(|length| StoreError::too_large(operation, BACKEND, session.key(), length, limit))
    }
}

impl Shared {
    fn open(mut config: SqliteConfig) -> Result<Self, Failure> {
        // The process may change its folder; and SQLite takes a path that begins with "file:" for a URL.
        if let Ok(absolute) = std::path::absolute(&config.path) {
            config.path = absolute;
        }
        let mut writing = connection::open(&config, config.set_up_schema)?;
        let status = if config.set_up_schema {
            schema::set_up(&mut writing, &config)?
        } else {
            schema::status(&writing, &config.path)?
        };
        let readers = |count| -> Result<Readers, Failure> {
            let connections = (0..count)
                .map(|_| connection::open_reader(&config))
                .collect::<Result<_, _>>()?;
            Ok(Readers::new(&config.path, config.busy_timeout(), connections))
        };
        let checkpointing = connection::open(&config, false)?;
        let readers = (readers(config.readers)?, readers(LONG_READERS)?);
        let no_thread = |error: std::io::Error| {
            Failure::new(
                StoreErrorKind::Unavailable,
                format!("no thread can be started: {error}"),
            )
        };
        let checkpoints = Checkpoints::start(checkpointing).map_err(no_thread)?;
        let writer = Writer::start(config.path.clone(), writing, checkpoints).map_err(no_thread)?;
        tracing::debug!(path = %config.path.display(), synchronous = %config.synchronous, ?status, "opened");
        Ok(Self {
            identity: FileIdentity::of(&config.path),
            config,
            writer,
            readers: readers.0,
            long_readers: readers.1,
        })
    }
}

fn refused(error: &ConfigError) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, StoreOperation::Open, BACKEND).with_message(error.to_string())
}

#[async_trait]
impl SessionStore for SqliteStorage {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let call = Call::new(StoreOperation::Create, new.key());
        let session = new.session();
        let record = self.record(&session, call.operation)?;
        match call.done(self.write(Write::Create(record)).await)? {
            Outcome::Found(document) => {
                let stored = call.decode(&document)?;
                if stored.revision() == session.revision() {
                    Ok(stored)
                } else {
                    Err(StoreError::already_exists(BACKEND, stored))
                }
            }
            _ => Ok(session),
        }
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let call = Call::new(StoreOperation::Get, key);
        let encoded = key.encode();
        let read = self
            .0
            .readers
            .read_briefly(move |connection| find(connection, &encoded));
        let document = call.done(read.await)?;
        document.map(|document| call.decode(&document)).transpose()
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = Call::new(StoreOperation::Update, held.key());
        let session = change.apply(held);
        let write = Write::Update {
            record: self.record(&session, call.operation)?,
            held: held.revision().to_bytes(),
            wake_changes: held.wake_at() != session.wake_at(),
        };
        match call.done(self.write(write).await)? {
            Outcome::Found(document) => {
                let stored = call.decode(&document)?;
                if stored.revision() == session.revision() {
                    Ok(stored)
                } else if stored.revision() == held.revision() {
                    Err(call.torn())
                } else {
                    Err(StoreError::conflict(call.operation, BACKEND, stored))
                }
            }
            Outcome::Absent => Err(call.error(StoreErrorKind::NotFound)),
            _ => Ok(session),
        }
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = Call::new(StoreOperation::Clear, key);
        let write = match expected {
            None => Write::Clear { key: key.encode() },
            Some(expected) => Write::ClearAt {
                key: key.clone(),
                expected: expected.to_bytes(),
            },
        };
        match call.done(self.write(write).await)? {
            Outcome::Found(document) => {
                let stored = call.decode(&document)?;
                Err(StoreError::conflict(call.operation, BACKEND, stored))
            }
            Outcome::Absent => Ok(false),
            _ => Ok(true),
        }
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        cleanup::run(self, policy)
            .await
            .map_err(|failure| failure.into_error(StoreOperation::Cleanup))
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let failed = |failure: Failure| failure.into_error(StoreOperation::Scan);
        let page = scan::Page::new(filter, after.as_ref(), limit).map_err(failed)?;
        self.long_readers()
            .read(move |connection| page.read(connection))
            .await
            .map_err(failed)
    }
}

/// One call about one session: what its errors name.
struct Call<'a> {
    operation: StoreOperation,
    key: &'a SessionKey,
}

impl<'a> Call<'a> {
    fn new(operation: StoreOperation, key: &'a SessionKey) -> Self {
        Self { operation, key }
    }

    fn done<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.into_error(self.operation).with_key(self.key))
    }

    fn decode(&self, document: &Document) -> Result<Session, StoreError> {
        document::decode(self.key, &document.0)
            .map_err(|error| StoreError::decode(self.operation, BACKEND, self.key, error))
    }

    fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(kind, self.operation, BACKEND).with_key(self.key)
    }

    fn torn(&self) -> StoreError {
        self.error(StoreErrorKind::Corrupt)
            .with_message("the document and the column beside it have different revisions")
    }
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqliteStorage")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
