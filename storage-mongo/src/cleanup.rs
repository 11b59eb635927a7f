//! Removing idle sessions beside the work that goes on.
//!
//! The search walks the index of buckets, and never looks back: a search that starts over passes by everything that was
//! removed again and again. What it finds is removed in slices, and the server looks at the conditions of each document
//! once more at that moment, so a session that was touched in between stays.

use std::time::Instant;

use futures::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc};
use mongodb::error::Result;
use stepkeep_core::{CleanupPolicy, CleanupReport, Timestamp};

use crate::record::bucket;
use crate::schema::BUCKET_INDEX;

/// How many documents one slice looks at.
const SLICE: u32 = 500;

pub(crate) async fn run(
    sessions: &Collection<RawDocumentBuf>,
    policy: &CleanupPolicy,
) -> Result<CleanupReport> {
    let mut removed = 0;
    let (Some(latest_cutoff), Some(idle)) = (policy.latest_cutoff(), idle(policy)) else {
        return Ok(CleanupReport::removed(0));
    };
    let last_bucket = bucket(latest_cutoff);
    let candidates = sessions.clone_with_type::<Document>();
    let mut after: Option<Document> = None;
    loop {
        let begun = Instant::now();
        let ids: Vec<Document> = candidates
            .find(behind(after.as_ref(), last_bucket))
            .sort(doc! { "updated_bucket": 1, "_id": 1 })
            // The index has all of it: no document is read.
            .projection(doc! { "updated_bucket": 1, "_id": 1 })
            .limit(i64::from(SLICE))
            .batch_size(SLICE)
            .await?
            .try_collect()
            .await?;
        let Some(last) = ids.last().cloned() else {
            break;
        };
        let is_last = ids.len() < SLICE as usize;
        let ids: Vec<Bson> = ids
            .into_iter()
            .filter_map(|mut found| found.remove("_id"))
            .collect();
        let mut filter = idle.clone();
        filter.insert("_id", doc! { "$in": ids });
        removed += sessions.delete_many(filter).await?.deleted_count;
        if is_last {
            break;
        }
        after = Some(last);
        // Half of the time is the others'. A server with a lot to do takes longer to answer, and gets longer pauses.
        tokio::time::sleep(begun.elapsed()).await;
    }
    tracing::debug!(removed, index = BUCKET_INDEX, "cleaned up");
    Ok(CleanupReport::removed(removed))
}

/// The candidates behind a place, in the order of the index.
fn behind(after: Option<&Document>, last_bucket: DateTime) -> Document {
    let place = after.and_then(|after| Some((after.get_datetime("updated_bucket").ok()?, after.get("_id")?)));
    match place {
        None => doc! { "updated_bucket": { "$lte": last_bucket } },
        Some((bucket, id)) => doc! { "$or": [
            { "updated_bucket": bucket, "_id": { "$gt": id } },
            { "updated_bucket": { "$gt": bucket, "$lte": last_bucket } },
        ] },
    }
}

/// What [`CleanupPolicy::is_idle`] means; `None` when no session can be.
fn idle(policy: &CleanupPolicy) -> Option<Document> {
    let before = |cutoff: Timestamp| doc! { "$lt": DateTime::from_millis(cutoff.as_millis()) };
    let exceptions: Vec<_> = policy.exceptions().collect();
    let names: Vec<&str> = exceptions.iter().map(|(scope, _)| scope.as_str()).collect();
    let default = policy
        .default_cutoff()
        .map(|cutoff| doc! { "scope": { "$type": "string", "$nin": names }, "updated_at": before(cutoff) });
    let of_scopes = exceptions.iter().filter_map(|(scope, cutoff)| {
        Some(doc! { "scope": scope.as_str(), "updated_at": before((*cutoff)?) })
    });
    let any: Vec<Document> = default.into_iter().chain(of_scopes).collect();
    // A wake time that is null is none.
    (!any.is_empty()).then(|| doc! { "wake_at": Bson::Null, "$or": any })
}
