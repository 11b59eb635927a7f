//! Two processes on the same sessions.

use std::collections::HashMap;

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure, ensure_stored};
use super::super::processes::{COUNTED, Done, Job, OtherProcess, counted};
use super::super::samples::{at, key, plain};
use crate::revision::Revision;

/// What this process and two others did, all at once.
async fn by_three_processes(fixture: &Fixture, job: Job) -> Outcome<[Done; 3]> {
    let (invocation, locator) = fixture.other_processes()?;
    let start = || {
        let (invocation, locator) = (invocation.clone(), locator.clone());
        tokio::task::spawn_blocking(move || OtherProcess::start(&invocation, &locator, job))
    };
    let (mut one, mut other) = (start().await??, start().await??);
    one.begin()?;
    other.begin()?;
    let ours = job.run(fixture.store()).await?;
    let done = tokio::task::spawn_blocking(move || Ok::<_, Failure>([one.done()?, other.done()?]));
    let [one, other] = done.await??;
    Ok([ours, one, other])
}

pub(in super::super) async fn two_processes_that_count_in_one_session_lose_no_count(
    fixture: Fixture,
) -> Outcome {
    const TIMES: u32 = 60;
    let first = fixture.store().create(plain(key(COUNTED), at(0))).await?;
    let done = by_three_processes(&fixture, Job::Count { times: TIMES }).await?;

    let Some(last) = fixture.store().get(&key(COUNTED)).await? else {
        return Err(Failure::Broken(
            "counting by processes: the session is gone".to_owned(),
        ));
    };
    ensure(counted(&last) == 3 * TIMES, || {
        format!(
            "counting by three processes, {TIMES} times each: expected {}, saw {}",
            3 * TIMES,
            counted(&last)
        )
    })?;
    // From the first revision to the last, every one became exactly one other.
    let mut successors: HashMap<Revision, Revision> = HashMap::new();
    for (held, updated) in done.into_iter().flat_map(|done| done.updates) {
        let twice = successors.insert(held, updated);
        ensure(twice.is_none(), || {
            format!("counting by processes: two updates of revision {held:?} were acknowledged")
        })?;
    }
    let mut revision = first.revision();
    while let Some(next) = successors.remove(&revision) {
        revision = next;
    }
    ensure(revision == last.revision() && successors.is_empty(), || {
        format!(
            "counting by processes: expected one chain of revisions to {:?}, saw it end at {revision:?}",
            last.revision()
        )
    })
}

pub(in super::super) async fn of_creates_by_two_processes_one_wins(fixture: Fixture) -> Outcome {
    const USERS: i64 = 40;
    let done = by_three_processes(&fixture, Job::Create { users: USERS }).await?;
    let mut winners = HashMap::new();
    for (user, revision) in done.into_iter().flat_map(|done| done.created) {
        let twice = winners.insert(user, revision);
        ensure(twice.is_none(), || {
            format!("creates by processes: two of the session of {user} were acknowledged")
        })?;
    }
    for user in 1..=USERS {
        let stored = fixture.store().get(&key(user)).await?;
        let seen = stored.as_ref().map(crate::Session::revision);
        ensure(seen.is_some() && seen.as_ref() == winners.get(&user), || {
            format!(
                "creates by processes: expected the session of {user} at {:?}, saw it at {seen:?}",
                winners.get(&user)
            )
        })?;
    }
    // And they are sessions like any other.
    let held = fixture.store().get(&key(1)).await?;
    match held {
        Some(held) => ensure_stored("creates by processes", fixture.store(), &held).await,
        None => Err(Failure::Broken(
            "creates by processes: the session is gone".to_owned(),
        )),
    }
}
