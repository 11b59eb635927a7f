//! Removing idle sessions beside the work that goes on.
//!
//! The search runs on a reader, by the index of buckets. What it finds is removed by the writer in small slices, each
//! in a batch with whatever else waits. A slice removes a row only at the revision that the search saw, so a session
//! that was touched in between stays.
//!
//! An update leaves the row in the bucket that it is in: a person who is back after an hour would otherwise move it, and two pages of
//! the index would be written beside the row's own. So a bucket says when its rows were updated at the earliest. The search meets
//! those that were updated since, and puts them where they belong: once in the time that sessions may be idle, not once a visit.

use std::time::Instant;

use rusqlite::Connection;
use stepkeep_core::{CleanupPolicy, CleanupReport, Scope, Timestamp};

use crate::error::Failure;
use crate::record::bucket;
use crate::store::SqliteStorage;
use crate::write::{Outcome, Seen, Write};

/// How many rows one read looks at.
const PAGE: u32 = 1_024;

/// How many rows are removed at once: well under a millisecond of the writer's time.
const SLICE: usize = 64;

pub(crate) async fn run(store: &SqliteStorage, policy: &CleanupPolicy) -> Result<CleanupReport, Failure> {
    let mut removed = 0;
    let Some(latest_cutoff) = policy.latest_cutoff() else {
        return Ok(CleanupReport::removed(0));
    };
    let mut after = Some(Place::START);
    while let Some(place) = after {
        let policy = policy.clone();
        let candidates = store
            .long_readers()
            .read(move |connection| find_idle(connection, &policy, latest_cutoff, place))
            .await?;
        let idle = candidates
            .idle
            .chunks(SLICE)
            .map(|slice| Write::RemoveIdle(slice.to_vec()));
        let strayed = candidates
            .strayed
            .chunks(SLICE)
            .map(|slice| Write::Refile(slice.to_vec()));
        for write in idle.chain(strayed) {
            let begun = Instant::now();
            if let Outcome::Removed(count) = store.write(write).await? {
                removed += count;
            }
            // Half of the time is the others'. A store with a lot to do takes longer to answer, and gets longer pauses.
            tokio::time::sleep(begun.elapsed()).await;
        }
        after = candidates.next;
    }
    tracing::debug!(removed, "cleaned up");
    Ok(CleanupReport::removed(removed))
}

/// How far the search has come, in the order of the index.
#[derive(Clone, Copy)]
struct Place {
    bucket: i64,
    id: i64,
}

impl Place {
    const START: Self = Self {
        bucket: i64::MIN,
        id: i64::MIN,
    };
}

struct Candidates {
    idle: Vec<Seen>,
    /// Those that belong to a later bucket, and to which.
    strayed: Vec<(Seen, i64)>,
    next: Option<Place>,
}

fn find_idle(
    connection: &Connection,
    policy: &CleanupPolicy,
    latest_cutoff: Timestamp,
    after: Place,
) -> rusqlite::Result<Candidates> {
    let mut select = connection.prepare_cached(
        "SELECT updated_bucket, id, revision, scope, updated_at, wake_at FROM session
         WHERE (updated_bucket, id) > (?1, ?2) AND updated_bucket <= ?3
         ORDER BY updated_bucket, id LIMIT ?4",
    )?;
    let mut rows = select.query((after.bucket, after.id, bucket(latest_cutoff), PAGE))?;
    let mut candidates = Candidates {
        idle: Vec::new(),
        strayed: Vec::new(),
        next: None,
    };
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let place = Place {
            bucket: row.get(0)?,
            id: row.get(1)?,
        };
        seen += 1;
        if seen == PAGE {
            candidates.next = Some(place);
        }
        let waits = row.get::<_, Option<i64>>(5)?.is_some();
        let updated_at = Timestamp::from_millis(row.get(4)?);
        // What something else wrote into these columns says nothing about idleness: such a row stays, to be looked at.
        let (Ok(revision), Ok(scope)) = (row.get(2), row.get_ref(3)?.as_str()) else {
            continue;
        };
        let cutoff = Scope::new(scope).ok().and_then(|scope| policy.cutoff(&scope));
        let candidate = (place.id, revision);
        if !waits && cutoff.is_some_and(|cutoff| updated_at < cutoff) {
            candidates.idle.push(candidate);
        } else if bucket(updated_at) > place.bucket {
            candidates.strayed.push((candidate, bucket(updated_at)));
        }
    }
    Ok(candidates)
}
