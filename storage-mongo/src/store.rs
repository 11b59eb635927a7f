//! The store: what the contract asks for, as one command each.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Client, Collection};
use stepkeep_core::document::{self, SCHEMA_VERSION};
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, SchemaStatus,
    Session, SessionChange, SessionKey, SessionStore, StoreAdministration, StoreError, StoreErrorKind,
    StoreOperation,
};

use crate::cleanup;
use crate::config::{ConfigError, MongoConfig};
use crate::error::{BACKEND, DUPLICATE_KEY, code_of, failed, invalid};
use crate::record;
use crate::scan::Page;

/// How often a create is tried that met another one of the same key inside the server.
const CREATE_TRIES: usize = 5;

/// A [`SessionStore`] on a collection of MongoDB.
///
/// A clone is another handle on the same connections. They are closed when the last handle is dropped; to wait for
/// that, [`close`](MongoStorage::close) the store.
///
/// All methods have to be called on a Tokio runtime.
#[derive(Clone)]
pub struct MongoStorage(Arc<Shared>);

struct Shared {
    sessions: Collection<RawDocumentBuf>,
    max_session_bytes: usize,
    /// `None` on a collection that the caller made.
    config: Option<MongoConfig>,
}

impl MongoStorage {
    /// Opens the collection that a URL names; see [`MongoConfig::from_url`].
    ///
    /// # Errors
    /// `Invalid` for a URL that makes no sense, and as [`MongoStorage::open`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let config = MongoConfig::from_url(url).map_err(|error| refused(&error))?;
        Self::open(config).await
    }

    /// Opens the collection. Unless the settings say otherwise, creates its indexes.
    ///
    /// # Errors
    /// `Unavailable` when no server answers within the selection timeout; `Invalid` when the server refuses the user,
    /// or the user lacks a right; `TooNew` when a newer version uses the collection.
    pub async fn open(config: MongoConfig) -> Result<Self, StoreError> {
        config.validate().map_err(|error| refused(&error))?;
        let options = config.client_options().await.map_err(|error| refused(&error))?;
        let client = Client::with_options(options).map_err(|error| failed(&error, StoreOperation::Open))?;
        let sessions = client.database(config.database()).collection(&config.collection);
        let store = Self(Arc::new(Shared {
            sessions,
            max_session_bytes: config.max_session_bytes,
            config: Some(config),
        }));
        match store.prepare().await {
            Ok(status) => {
                tracing::debug!(?store, ?status, "opened");
                Ok(store)
            }
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn prepare(&self) -> Result<SchemaStatus, StoreError> {
        if self.0.config.as_ref().is_some_and(|config| config.set_up_schema) {
            crate::schema::set_up(self.sessions(), StoreOperation::Open).await
        } else {
            crate::schema::status(self.sessions(), StoreOperation::Open).await
        }
    }

    /// The store on a collection of a client that the caller has, with the driver's options that the caller chose.
    ///
    /// Where the collection says nothing else, a write waits for the majority and its journals, and a read sees what
    /// the majority has. The schema is left as it is until
    /// [`set_up_schema`](stepkeep_core::StoreAdministration::set_up_schema) is called. [`close`](MongoStorage::close)
    /// closes the client, for the caller too.
    #[cfg(feature = "client")]
    pub fn from_collection(collection: &Collection<Document>, max_session_bytes: usize) -> Self {
        use mongodb::options::{Acknowledgment, CollectionOptions, WriteConcern};

        let mut concern = collection
            .write_concern()
            .cloned()
            .unwrap_or_else(WriteConcern::majority);
        crate::config::complete_write_concern(&mut concern);
        let majority = concern.w == Some(Acknowledgment::Majority);
        let read_concern = collection
            .read_concern()
            .cloned()
            .unwrap_or_else(|| crate::config::read_concern(majority));
        let options = CollectionOptions::builder()
            .write_concern(concern)
            .read_concern(read_concern)
            .selection_criteria(collection.selection_criteria().cloned())
            .build();
        let namespace = collection.namespace();
        let sessions = collection
            .client()
            .database(&namespace.db)
            .collection_with_options(&namespace.coll, options);
        Self(Arc::new(Shared {
            sessions,
            max_session_bytes,
            config: None,
        }))
    }

    /// Closes the connections, whatever other handles there are: their calls fail with `Unavailable` from now on.
    pub async fn close(&self) {
        self.sessions().client().clone().shutdown().immediate(true).await;
    }

    pub(crate) fn sessions(&self) -> &Collection<RawDocumentBuf> {
        &self.0.sessions
    }

    fn document(&self, session: &Session, operation: StoreOperation) -> Result<Document, StoreError> {
        let limit = self.0.max_session_bytes;
        record::encode(session, limit)
            .map_err(|length| StoreError::too_large(operation, BACKEND, session.key(), length, limit))
    }
}

fn refused(error: &ConfigError) -> StoreError {
    invalid(StoreOperation::Open, error.to_string())
}

#[async_trait]
impl SessionStore for MongoStorage {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let call = Call::new(StoreOperation::Create, new.key());
        let session = new.session();
        let mut fields = self.document(&session, call.operation)?;
        // The filter has it.
        fields.remove("_id");
        let mut tries = 1;
        let found = loop {
            let created = self
                .sessions()
                .find_one_and_update(call.filter(), doc! { "$setOnInsert": &fields })
                .upsert(true)
                .return_document(ReturnDocument::Before)
                .await;
            match created {
                Err(error) if code_of(&error) == Some(DUPLICATE_KEY) && tries < CREATE_TRIES => tries += 1,
                result => break call.done(result)?,
            }
        };
        let Some(found) = found else {
            return Ok(session);
        };
        let stored = call.decode(&found)?;
        if stored.revision() == session.revision() {
            Ok(stored)
        } else {
            Err(StoreError::already_exists(BACKEND, stored))
        }
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let call = Call::new(StoreOperation::Get, key);
        let found = call.done(self.sessions().find_one(call.filter()).await)?;
        found.map(|found| call.decode(&found)).transpose()
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let call = Call::new(StoreOperation::Update, held.key());
        let session = change.apply(held);
        let document = self.document(&session, call.operation)?;
        let made = session.revision().to_string();
        // On a mismatch the document is replaced by itself, which the server notices: nothing is written, and the one
        // command answers what is stored. It still waits until a majority has what it saw. A plain filter on the
        // revision is no faster beyond the noise (`examples/update_forms.rs`), and would need a second command on a
        // mismatch.
        let replace = doc! { "$replaceWith": { "$cond": [
            { "$and": [
                { "$eq": ["$revision", held.revision().to_string()] },
                { "$lte": ["$schema", SCHEMA_VERSION] },
            ] },
            { "$literal": document },
            "$$ROOT",
        ] } };
        // The caller has the new session: it isn't sent back.
        let unless_made = doc! { "_id": 1, "found": { "$cond": [
            { "$eq": ["$revision", made] },
            "$$REMOVE",
            "$$ROOT",
        ] } };
        let answer = self
            .sessions()
            .find_one_and_update(call.filter(), vec![replace])
            .projection(unless_made)
            .return_document(ReturnDocument::After)
            .await;
        let Some(answer) = call.done(answer)? else {
            return Err(call.error(StoreErrorKind::NotFound));
        };
        let Ok(Some(found)) = answer.get("found") else {
            return Ok(session);
        };
        let found = found.as_document().ok_or_else(|| call.torn())?;
        let stored = call.decode(found)?;
        if stored.revision() == held.revision() {
            return Err(call.torn());
        }
        Err(StoreError::conflict(call.operation, BACKEND, stored))
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let call = Call::new(StoreOperation::Clear, key);
        let Some(expected) = expected else {
            let deleted = call.done(self.sessions().delete_one(call.filter()).await)?;
            return Ok(deleted.deleted_count > 0);
        };
        let mut filter = call.filter();
        filter.insert("revision", expected.to_string());
        filter.insert("schema", doc! { "$lte": SCHEMA_VERSION });
        let deleted = call.done(self.sessions().delete_one(filter).await)?;
        if deleted.deleted_count > 0 {
            return Ok(true);
        }
        // Only on a mismatch a second command: no single one removes, or else tells what is there.
        let found = self
            .sessions()
            .find_one(call.filter())
            .await
            .map_err(|error| failed(&error, StoreOperation::Get).with_key(key));
        match found {
            Ok(None) => Ok(false),
            Ok(Some(found)) => {
                let stored = call.decode(&found)?;
                if stored.revision() == expected {
                    return Err(call.torn());
                }
                Err(StoreError::conflict(call.operation, BACKEND, stored))
            }
            // Nothing was removed.
            Err(error) => Err(StoreError::new(
                match error.kind() {
                    StoreErrorKind::Timeout => StoreErrorKind::Unavailable,
                    kind => kind,
                },
                call.operation,
                BACKEND,
            )
            .with_key(key)
            .with_source(error)),
        }
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        cleanup::run(self.sessions(), policy)
            .await
            .map_err(|error| failed(&error, StoreOperation::Cleanup))
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let page = Page::new(filter, after.as_ref(), limit)?;
        page.read(self.sessions())
            .await
            .map_err(|error| failed(&error, StoreOperation::Scan))
    }
}

#[async_trait]
impl StoreAdministration for MongoStorage {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
        crate::schema::status(self.sessions(), StoreOperation::Administration).await
    }

    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
        crate::schema::set_up(self.sessions(), StoreOperation::Administration).await
    }

    async fn check_health(&self) -> Result<stepkeep_core::StoreHealth, StoreError> {
        crate::health::check(self.sessions())
            .await
            .map_err(|error| failed(&error, StoreOperation::Administration))
    }

    async fn statistics(&self) -> Result<stepkeep_core::StoreStatistics, StoreError> {
        crate::health::statistics(self.sessions())
            .await
            .map_err(|error| failed(&error, StoreOperation::Administration))
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

    fn filter(&self) -> Document {
        doc! { "_id": self.key.encode() }
    }

    fn done<T>(&self, result: mongodb::error::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| failed(&error, self.operation).with_key(self.key))
    }

    fn decode(&self, found: &RawDocument) -> Result<Session, StoreError> {
        record::decode(self.key, found).map_err(|error: document::DecodeError| {
            StoreError::decode(self.operation, BACKEND, self.key, error)
        })
    }

    fn error(&self, kind: StoreErrorKind) -> StoreError {
        StoreError::new(kind, self.operation, BACKEND).with_key(self.key)
    }

    fn torn(&self) -> StoreError {
        self.error(StoreErrorKind::Corrupt)
            .with_message("the document has the revision, but something else wrote its schema")
    }
}

impl fmt::Debug for MongoStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("MongoStorage");
        match &self.0.config {
            Some(config) => shown.field("config", config),
            None => shown.field("collection", &self.0.sessions.namespace().to_string()),
        };
        shown.finish_non_exhaustive()
    }
}
