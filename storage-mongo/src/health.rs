//! How the server is, and how much it holds.

use futures::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::Result;
use mongodb::options::{Acknowledgment, ReadPreference, SelectionCriteria};
use stepkeep_core::{StoreHealth, StoreStatistics};

use crate::error::{NAMESPACE_NOT_FOUND, code_of};

/// What a server of MongoDB 5.0 says that it understands.
const WIRE_VERSION_5_0: i64 = 13;

/// Asks the server what it is, which is a trip there and back.
pub(crate) async fn check(sessions: &Collection<RawDocumentBuf>) -> Result<StoreHealth> {
    let database = sessions.client().database(&sessions.namespace().db);
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    let mut warnings = warnings_of_settings(sessions);
    let is_sharded = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
    if !is_sharded && hello.get("setName").is_none() {
        warnings.push(
            "the server is no replica set: a majority is this one server, and what is lost with it is lost"
                .to_owned(),
        );
    }
    if number(hello.get("maxWireVersion")).is_some_and(|version| version < WIRE_VERSION_5_0) {
        warnings
            .push("the server is older than MongoDB 5.0, with which nobody has tried this store".to_owned());
    }
    Ok(StoreHealth::with_warnings(warnings))
}

fn warnings_of_settings(sessions: &Collection<RawDocumentBuf>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(concern) = sessions.write_concern() {
        if let Some(Acknowledgment::Nodes(servers)) = concern.w {
            warnings.push(format!(
                "w={servers}: when the primary fails, writes that were acknowledged by {servers} server(s) can be lost; \
                 leave w out to wait for the majority"
            ));
        }
        if concern.journal == Some(false) {
            warnings.push(
                "journal=false: when servers lose power, writes that were acknowledged in the last tenth of a second \
                 can be lost; leave it out to wait for the disk"
                    .to_owned(),
            );
        }
    }
    match sessions.selection_criteria() {
        None | Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)) => {}
        Some(_) => warnings.push(
            "readPreference is not primary: a read may show a session as it was, and every turn begins with a read; \
             leave it out"
                .to_owned(),
        ),
    }
    warnings
}

/// Counts by what the server keeps count of, without reading any session.
pub(crate) async fn statistics(sessions: &Collection<RawDocumentBuf>) -> Result<StoreStatistics> {
    let count = sessions.estimated_document_count().await?;
    let stats = sessions
        .clone_with_type::<Document>()
        .aggregate([
            doc! { "$collStats": { "storageStats": {} } },
            doc! { "$project": { "bytes": "$storageStats.totalSize" } },
        ])
        .await;
    let shards: Vec<Document> = match stats {
        Ok(shards) => shards.try_collect().await?,
        // Nothing was stored yet.
        Err(error) if code_of(&error) == Some(NAMESPACE_NOT_FOUND) => Vec::new(),
        Err(error) => return Err(error),
    };
    let bytes = shards
        .iter()
        .filter_map(|shard| u64::try_from(number(shard.get("bytes"))?).ok())
        .sum();
    Ok(StoreStatistics::new(count, Some(bytes)))
}

fn number(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if number.abs() < 9e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "a size in bytes, small enough")]
            let whole = *number as i64;
            Some(whole)
        }
        _ => None,
    }
}
