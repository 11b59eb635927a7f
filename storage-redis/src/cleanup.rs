//! Removing idle sessions beside the work that goes on: small slices, each a script that looks and removes in one step.

use std::time::Instant;

use stepkeep_core::{CleanupPolicy, CleanupReport, Timestamp};

use crate::error::Failure;
use crate::keys::last_part;
use crate::record::{ordered, score};
use crate::store::RedisStorage;

/// How many sessions a slice removes: Redis does nothing else meanwhile.
const SLICE: usize = 64;

/// How many places a slice looks at.
const PLACES: usize = 512;

pub(crate) async fn run(store: &RedisStorage, policy: &CleanupPolicy) -> Result<CleanupReport, Failure> {
    let Some(latest_cutoff) = policy.latest_cutoff() else {
        return Ok(CleanupReport::removed(0));
    };
    let highest = score(latest_cutoff).to_string();
    let mut removed = 0;
    for bucket in 0..store.names().buckets() {
        let mut place = Place::default();
        loop {
            let begun = Instant::now();
            let (count, next) = slice(store, policy, &highest, bucket, &place).await?;
            removed += count;
            place = next;
            if place == Place::default() {
                break;
            }
            // Half of the time is the others'. A server with a lot to do takes longer to answer, and gets longer pauses.
            tokio::time::sleep(begun.elapsed()).await;
        }
    }
    tracing::debug!(removed, "cleaned up");
    Ok(CleanupReport::removed(removed))
}

/// How far a bucket was looked through: a score and a member of the index; the default is the beginning, and the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    rank: String,
    member: String,
}

async fn slice(
    store: &RedisStorage,
    policy: &CleanupPolicy,
    highest: &str,
    bucket: u16,
    after: &Place,
) -> Result<(u64, Place), Failure> {
    let names = store.names();
    let fixed = [
        names.records(bucket),
        after.rank.clone(),
        after.member.clone(),
        highest.to_owned(),
        SLICE.to_string(),
        PLACES.to_string(),
        cutoff_text(policy.default_cutoff()),
    ];
    let exceptions = policy
        .exceptions()
        .flat_map(|(scope, cutoff)| [last_part(scope), cutoff_text(cutoff)]);
    let arguments: Vec<String> = fixed.into_iter().chain(exceptions).collect();
    let arguments: Vec<&[u8]> = arguments.iter().map(String::as_bytes).collect();
    let keys = [names.updated(bucket), names.wake(bucket)];
    let keys = [keys[0].as_str(), keys[1].as_str()];
    let call = store.connection().call(&store.scripts().clean, &keys, &arguments);
    let (removed, rank, member) = call.await?;
    Ok((removed, Place { rank, member }))
}

fn cutoff_text(cutoff: Option<Timestamp>) -> String {
    cutoff.map(ordered).unwrap_or_default()
}
