//! The store: what the contract asks for, as one call of a script each.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use redis::{Cmd, Value};
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation, Timestamp, document,
};

use crate::cleanup;
use crate::config::{ConfigError, RedisConfig};
use crate::connection::Connection;
use crate::connections::Connections;
use crate::error::{BACKEND, Failure};
use crate::keys::{Names, SessionNames};
use crate::record;
use crate::scan;
use crate::schema;
use crate::scripts::{NamedScript, Scripts};

/// A [`SessionStore`] on Redis or Valkey.
///
/// A clone is another handle on the same connections, which all calls share. They are made anew by themselves when they are
/// lost, and after a failover. All methods have to be called on the Tokio runtime that the store was opened on.
#[derive(Clone)]
pub struct RedisStorage(Arc<Shared>);

struct Shared {
    config: RedisConfig,
    connections: Connections,
    scripts: Scripts,
    names: Names,
    /// The time to live of a record without a wake time, as scripts take it.
    time_to_live: String,
}

impl fmt::Debug for RedisStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RedisStorage")
            .field(&self.0.config)
            .finish()
    }
}

impl RedisStorage {
    /// Opens the namespace that a URL names; see [`RedisConfig::from_url`].
    ///
    /// # Errors
    /// `Invalid` for a URL that makes no sense, and as [`RedisStorage::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let config = RedisConfig::from_url(url).map_err(|error| refused(&error))?;
        Self::open(config).await
    }

    /// Connects, and opens the namespace. Unless the settings say otherwise, sets it up where it is new.
    ///
    /// # Errors
    /// `Unavailable` when Redis can't be reached; `Invalid` when it refuses the user or the password, or the namespace has
    /// another number of buckets; `TooNew` when a newer version made it.
    pub async fn open(config: RedisConfig) -> Result<Self, StoreError> {
        config.validate().map_err(|error| refused(&error))?;
        let opened = match Connections::new(&config) {
            Ok(connections) => Shared::open(config, connections).await,
            Err(failure) => Err(failure),
        };
        Self::of(opened)
    }

    /// The same by a client that is set up already, with certificates of its own, say. Of the settings, those that say where
    /// the server is count for messages only, and so do user, password and database.
    ///
    /// # Errors
    /// As [`RedisStorage::open`].
    #[cfg(feature = "client")]
    pub async fn from_client(client: redis::Client, config: RedisConfig) -> Result<Self, StoreError> {
        config.validate().map_err(|error| refused(&error))?;
        let connections = Connections::of_client(&client, &config);
        Self::of(Shared::open(config, connections).await)
    }

    fn of(opened: Result<Shared, Failure>) -> Result<Self, StoreError> {
        opened
            .map(|shared| Self(Arc::new(shared)))
            .map_err(|failure| failure.into_error(StoreOperation::Open))
    }

    /// Lets go of the connections. A handle that is used later connects again; what is under way is answered.
    #[expect(
        clippy::unused_async,
        reason = "stores are closed in one way, and others have to wait"
    )]
    pub async fn close(&self) {
        self.0.connections.disconnect();
    }

    /// The settings.
    pub fn config(&self) -> &RedisConfig {
        &self.0.config
    }

    /// The connection for what is not about one session.
    pub(crate) fn connection(&self) -> &Connection {
        self.0.connections.first()
    }

    pub(crate) fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    pub(crate) fn names(&self) -> &Names {
        &self.0.names
    }

    fn record(&self, session: &Session, operation: StoreOperation) -> Result<Vec<u8>, StoreError> {
        let limit = self.0.config.max_session_bytes;
        record::encode(session, limit)
            .map_err(|length| StoreError::too_large(operation, BACKEND, session.key(), length, limit))
    }

    /// Calls a script that writes one session, and its places in the indexes.
    async fn write<const N: usize>(
        &self,
        script: &NamedScript,
        names: &SessionNames,
        arguments: [&[u8]; N],
    ) -> Result<Written, Failure> {
        let (updated, wake) = (
            self.names().updated(names.bucket),
            self.names().wake(names.bucket),
        );
        self.call(script, names, &[&*names.record, &*updated, &*wake], &arguments)
            .await
    }

    async fn call(
        &self,
        script: &NamedScript,
        names: &SessionNames,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Written, Failure> {
        let connection = self.0.connections.of(names.hash);
        connection.call(script, keys, arguments).await.map(Written::of)
    }
}

impl Shared {
    async fn open(config: RedisConfig, connections: Connections) -> Result<Self, Failure> {
        let scripts = Scripts::new();
        let description = if config.set_up_schema {
            schema::set_up(connections.first(), &scripts, &config).await?
        } else {
            schema::look(connections.first(), &config).await?
        };
        let buckets = description.map_or_else(|| config.buckets_of_new(), |description| description.buckets);
        tracing::debug!(place = %config.topology, prefix = config.prefix, buckets, "opened");
        Ok(Self {
            names: Names::new(config.prefix.clone(), buckets),
            time_to_live: config.expire_idle_millis().to_string(),
            config,
            connections,
            scripts,
        })
    }
}

pub(crate) fn refused(error: &ConfigError) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, StoreOperation::Open, BACKEND).with_message(error.to_string())
}

/// What a script that writes answers.
enum Written {
    /// It was done.
    Done,
    /// There is none.
    Absent,
    /// Another one is there.
    Found(Vec<u8>),
}

impl Written {
    fn of(answer: Value) -> Self {
        match answer {
            Value::Int(1) => Self::Done,
            Value::BulkString(record) => Self::Found(record),
            _ => Self::Absent,
        }
    }
}

fn score(time: Timestamp) -> String {
    record::score(time).to_string()
}

/// One call about one session, as its errors tell of it.
struct Call<'a> {
    operation: StoreOperation,
    key: &'a SessionKey,
}

impl Call<'_> {
    fn done<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        result.map_err(|failure| failure.into_error(self.operation).with_key(self.key))
    }

    fn decode(&self, record: &[u8]) -> Result<Session, StoreError> {
        document::decode(self.key, record::stored_form(record))
            .map_err(|error| StoreError::decode(self.operation, BACKEND, self.key, error))
    }
}

#[async_trait]
impl SessionStore for RedisStorage {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let call = Call {
            operation: StoreOperation::Create,
            key: new.key(),
        };
        let session = new.session();
        let record = self.record(&session, call.operation)?;
        let names = self.0.names.of(call.key);
        let wake_at = session.wake_at().map(score).unwrap_or_default();
        let score = score(session.updated_at());
        let written = self.write(
            &self.0.scripts.create,
            &names,
            [
                names.member.as_bytes(),
                &record,
                score.as_bytes(),
                wake_at.as_bytes(),
                self.0.time_to_live.as_bytes(),
            ],
        );
        match call.done(written.await)? {
            Written::Found(record) => {
                let stored = call.decode(&record)?;
                if stored.revision() == session.revision() {
                    Ok(stored)
                } else {
                    Err(StoreError::already_exists(BACKEND, stored))
                }
            }
            Written::Done | Written::Absent => Ok(session),
        }
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let call = Call {
            operation: StoreOperation::Get,
            key,
        };
        let names = self.0.names.of(key);
        let mut command = Cmd::with_capacity(2, "GET".len() + names.record.len());
        command.arg("GET").arg(&names.record);
        let connection = self.0.connections.of(names.hash);
        let record: Option<Vec<u8>> = call.done(connection.query(&command).await)?;
        record.map(|record| call.decode(&record)).transpose()
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = Call {
            operation: StoreOperation::Update,
            key: held.key(),
        };
        let session = change.apply(held);
        let record = self.record(&session, call.operation)?;
        let names = self.0.names.of(call.key);
        let revision = held.revision().to_string();
        // The indexes are touched only where the session's place in them changes.
        let stays = record::keeps_its_place(held.updated_at(), session.updated_at());
        let written = if stays && session.wake_at() == held.wake_at() && self.0.config.expire_idle_days == 0 {
            let arguments = [revision.as_bytes(), &record];
            self.call(&self.0.scripts.replace, &names, &[&*names.record], &arguments)
                .await
        } else {
            let update_score = if stays {
                String::new()
            } else {
                score(session.updated_at())
            };
            let wake_at = match session.wake_at() {
                wake_at if wake_at == held.wake_at() => String::new(),
                None => "-".to_owned(),
                Some(wake_at) => score(wake_at),
            };
            let wakes = if session.wake_at().is_some() { "1" } else { "0" };
            let arguments = [
                revision.as_bytes(),
                names.member.as_bytes(),
                &record,
                update_score.as_bytes(),
                wake_at.as_bytes(),
                wakes.as_bytes(),
                self.0.time_to_live.as_bytes(),
            ];
            self.write(&self.0.scripts.update, &names, arguments).await
        };
        match call.done(written)? {
            Written::Done => Ok(session),
            Written::Absent => {
                let error = StoreError::new(StoreErrorKind::NotFound, call.operation, BACKEND);
                Err(error.with_key(call.key))
            }
            Written::Found(record) => {
                let stored = call.decode(&record)?;
                if stored.revision() == session.revision() {
                    Ok(stored)
                } else if stored.revision() == held.revision() {
                    let error = StoreError::new(StoreErrorKind::Corrupt, call.operation, BACKEND);
                    Err(error
                        .with_key(call.key)
                        .with_message("the record's header is not that of its session"))
                } else {
                    Err(StoreError::conflict(call.operation, BACKEND, stored))
                }
            }
        }
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = Call {
            operation: StoreOperation::Clear,
            key,
        };
        let names = self.0.names.of(key);
        let expected = expected.map(|revision| revision.to_string()).unwrap_or_default();
        let arguments = [names.member.as_bytes(), expected.as_bytes()];
        let written = self.write(&self.0.scripts.clear, &names, arguments);
        match call.done(written.await)? {
            Written::Done => Ok(true),
            Written::Absent => Ok(false),
            Written::Found(record) => {
                let stored = call.decode(&record)?;
                Err(StoreError::conflict(call.operation, BACKEND, stored))
            }
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
        scan::page(self, filter, after.as_ref(), limit)
            .await
            .map_err(|failure| failure.into_error(StoreOperation::Scan))
    }
}
