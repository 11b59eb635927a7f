//! The schema: the indexes, and a document beside the sessions that says which version made them.

use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::Result as DriverResult;
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};
use stepkeep_core::{SchemaStatus, StoreError, StoreErrorKind, StoreOperation};

use crate::error::{BACKEND, DUPLICATE_KEY, NAMESPACE_NOT_FOUND, code_of, failed};

/// The version that this program needs.
pub(crate) const VERSION: u32 = 1;

/// What cleanup walks along.
pub(crate) const BUCKET_INDEX: &str = "stepkeep_updated_bucket";
/// What a scan for due sessions walks along.
const WAKE_INDEX: &str = "stepkeep_wake_at";
/// What a scan of a scope walks along.
const SCOPE_INDEX: &str = "stepkeep_scope";

const INDEXES: [&str; 3] = [BUCKET_INDEX, WAKE_INDEX, SCOPE_INDEX];

/// The document of the version, in the collection beside the sessions.
const VERSION_ID: &str = "schema";

/// Of several processes that set the schema up at once, one creates the document, and the others find it.
const TRIES: usize = 5;

/// Looks at the schema, and changes nothing.
pub(crate) async fn status(
    sessions: &Collection<RawDocumentBuf>,
    operation: StoreOperation,
) -> Result<SchemaStatus, StoreError> {
    let version = found_version(sessions)
        .await
        .map_err(|error| failed(&error, operation))?;
    match version {
        Some(found) if found > VERSION => Err(too_new(sessions, found, operation)),
        Some(found) if found < VERSION => Ok(SchemaStatus::Outdated {
            found,
            needed: VERSION,
        }),
        Some(version) => {
            let indexes = match sessions.list_index_names().await {
                Err(error) if code_of(&error) == Some(NAMESPACE_NOT_FOUND) => Vec::new(),
                result => result.map_err(|error| failed(&error, operation))?,
            };
            let complete = INDEXES
                .iter()
                .all(|needed| indexes.iter().any(|index| index == needed));
            Ok(if complete {
                SchemaStatus::Current { version }
            } else {
                SchemaStatus::Missing
            })
        }
        None => Ok(SchemaStatus::Missing),
    }
}

/// Creates what is missing. It can be done by several processes at once, and again.
pub(crate) async fn set_up(
    sessions: &Collection<RawDocumentBuf>,
    operation: StoreOperation,
) -> Result<SchemaStatus, StoreError> {
    let before = status(sessions, operation).await?;
    if matches!(before, SchemaStatus::Current { .. }) {
        return Ok(before);
    }
    create(sessions)
        .await
        .map_err(|error| failed(&error, operation))?;
    Ok(SchemaStatus::Current { version: VERSION })
}

async fn create(sessions: &Collection<RawDocumentBuf>) -> DriverResult<()> {
    let named = |name: &str| IndexOptions::builder().name(name.to_owned());
    sessions
        .create_indexes([
            IndexModel::builder()
                .keys(doc! { "updated_bucket": 1, "_id": 1 })
                .options(named(BUCKET_INDEX).build())
                .build(),
            // Only the few sessions with a wake time.
            IndexModel::builder()
                .keys(doc! { "wake_at": 1, "_id": 1 })
                .options(
                    named(WAKE_INDEX)
                        .partial_filter_expression(doc! { "wake_at": { "$exists": true } })
                        .build(),
                )
                .build(),
            IndexModel::builder()
                .keys(doc! { "scope": 1, "_id": 1 })
                .options(named(SCOPE_INDEX).build())
                .build(),
        ])
        .await?;
    let meta = meta(sessions);
    for attempt in 1.. {
        let marked = meta
            .update_one(
                doc! { "_id": VERSION_ID },
                // Never back, when a newer version comes first.
                doc! { "$max": { "version": VERSION } },
            )
            .upsert(true)
            .await;
        match marked {
            Err(error) if code_of(&error) == Some(DUPLICATE_KEY) && attempt < TRIES => {}
            result => {
                result?;
                break;
            }
        }
    }
    Ok(())
}

async fn found_version(sessions: &Collection<RawDocumentBuf>) -> DriverResult<Option<u32>> {
    let found = meta(sessions).find_one(doc! { "_id": VERSION_ID }).await?;
    Ok(found.and_then(|found| match found.get("version") {
        Some(mongodb::bson::Bson::Int32(version)) => u32::try_from(*version).ok(),
        Some(mongodb::bson::Bson::Int64(version)) => u32::try_from(*version).ok(),
        _ => None,
    }))
}

fn meta(sessions: &Collection<RawDocumentBuf>) -> Collection<Document> {
    let options = mongodb::options::CollectionOptions::builder()
        .selection_criteria(sessions.selection_criteria().cloned())
        .read_concern(sessions.read_concern().cloned())
        .write_concern(sessions.write_concern().cloned())
        .build();
    let namespace = sessions.namespace();
    sessions
        .client()
        .database(&namespace.db)
        .collection_with_options(&format!("{}_meta", namespace.coll), options)
}

fn too_new(sessions: &Collection<RawDocumentBuf>, found: u32, operation: StoreOperation) -> StoreError {
    StoreError::new(StoreErrorKind::TooNew, operation, BACKEND).with_message(format!(
        "{} has schema {found}, and this version knows schema {VERSION}: run the newer version, or restore the backup \
         from before the upgrade",
        sessions.namespace()
    ))
}
