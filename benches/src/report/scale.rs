//! The stores with up to millions of sessions: what an answer costs among them, what they take, and how they are
//! cleaned up beside the work that goes on.
//!
//! Each store has a server or a folder of its own that grows from one size to the next, one store after another, and is
//! removed afterwards. It is filled through its own `create`, so what is measured is what a bot would have.

mod filling;
mod flush;
mod host;
mod level;
mod paced;
mod population;
mod room;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use indicatif::ProgressBar;
use stepkeep_core::{CleanupPolicy, SessionStore};

use crate::report::case::Operation;
use crate::report::latency::{Figures, median};
use crate::report::load::{Worker, closed_loop};
use crate::report::shape::Shape;
use crate::report::store_worker::StoreWorker;
use crate::report::versions;

use filling::fill;
use host::Host;
pub use level::{Cleanup, Cost, Footprint, Growth, Level, of_store, stores, worst_growth};
pub use room::{Free, free, lacks};
pub use verdict::{Verdict, verdicts};

/// The stores that are measured, each as durable as it is set up by default.
pub const STORES: [&str; 3] = ["sqlite-full", "redis-always", "mongodb"];

/// How many sessions there are at most when nobody says anything.
pub const DEFAULT_SESSIONS: u32 = 5_000_000;

/// The sizes below the largest.
const SIZES: [u32; 2] = [10_000, 1_000_000];

/// The most sessions of MongoDB: it is filled at some thousands per second.
const MOST_OF_MONGO: u32 = 1_000_000;

const BYTES: u32 = 600;
const OPERATIONS: [Operation; 3] = [Operation::Get, Operation::Update, Operation::GetUpdate];
const CONCURRENCY: [u32; 2] = [1, 16];

/// How many callers change sessions while others are cleaned up.
const BESIDE: u32 = 16;

/// The updates beside a cleanup, as a part of what as many callers manage without a pause; and the most per second.
const MODERATE: f64 = 0.25;
const MOST_BESIDE: f64 = 4_000.0;

/// When the first callers make their changes, and how much later the next ones do, in milliseconds: time doesn't go back.
/// All of it is in one stretch of ten minutes, behind that of all who are stored.
const FIRST_CHANGES: i64 = 200_000;
const LATER: i64 = 30_000;

/// How many sessions a second are counted on while the progress is told.
const PER_MILLI: u32 = 15;

/// How long something is measured.
#[derive(Clone, Copy, Debug)]
struct Timing {
    rounds: u32,
    warm_up: Duration,
    measure: Duration,
    /// How long updates go on before a cleanup begins beside them.
    before: Duration,
    /// How long a disk is waited for that is slow with what it was given before.
    calm: Duration,
}

const TIMING: Timing = Timing {
    rounds: 3,
    warm_up: Duration::from_millis(300),
    measure: Duration::from_millis(1_500),
    before: Duration::from_secs(6),
    calm: Duration::from_secs(5),
};

/// What the measurement of a store brought.
#[derive(Debug, Default)]
pub struct Brought {
    /// Each size.
    pub levels: Vec<Level>,
    /// What there was no room for, or what failed.
    pub left_out: Vec<String>,
    /// The versions of what was measured.
    pub versions: BTreeMap<String, String>,
}

/// The sizes that a store is measured at when there are so many sessions at most.
pub fn sizes(store: &str, limit: u32) -> Vec<u32> {
    let limit = if store == "mongodb" {
        limit.min(MOST_OF_MONGO)
    } else {
        limit
    };
    let smaller = SIZES.into_iter().filter(|size| *size < limit);
    smaller.chain([limit]).collect()
}

/// Measures a store at each size that there is room for. What fails at one size leaves the smaller ones measured.
///
/// # Cancellation
/// Dropping the future ends it; the server and its folder go.
pub async fn measure(store: &str, limit: u32, progress: &ProgressBar) -> Brought {
    let mut brought = Brought::default();
    let mut fitting = Vec::new();
    for size in sizes(store, limit) {
        let lacking = match free(&std::env::temp_dir()) {
            Ok(free) => lacks(store, size, free),
            Err(error) => Some(format!("nobody knows how much room there is: {error}")),
        };
        match lacking {
            None => fitting.push(size),
            Some(lacking) => brought.left_out.push(what_is_left_out(store, size, &lacking)),
        }
    }
    progress.set_length(fitting.iter().map(|size| weight(*size, TIMING)).sum());
    progress.set_position(0);
    let Some(largest) = fitting.last().copied() else {
        return brought;
    };
    let mut host = match Host::start(store).await {
        Ok(host) => host,
        Err(error) => {
            let why = format!("{error:#}");
            brought.left_out.push(what_is_left_out(store, largest, &why));
            return brought;
        }
    };
    match versions::of([host.url()]).await {
        Ok(versions) => brought.versions = versions,
        Err(error) => brought
            .left_out
            .push(format!("the version of {store}: {error:#}")),
    }
    let mut before = 0;
    for size in fitting {
        match at_size(&mut host, before, size, TIMING, progress).await {
            Ok(level) => brought.levels.push(level),
            Err(error) => {
                let why = format!("{error:#}");
                brought.left_out.push(what_is_left_out(store, size, &why));
                break;
            }
        }
        before = size;
    }
    brought
}

fn what_is_left_out(store: &str, size: u32, why: &str) -> String {
    format!("{store} with {size} sessions: {why}")
}

/// What a size takes, about, in milliseconds.
fn weight(size: u32, timing: Timing) -> u64 {
    let cases = u32::try_from(OPERATIONS.len() * CONCURRENCY.len()).unwrap_or(1);
    let measured = (timing.warm_up + timing.measure) * timing.rounds * cases + timing.before;
    u64::from(size / PER_MILLI) + millis(measured)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Fills a store that was measured with so many sessions before, and measures it at this size.
async fn at_size(
    host: &mut Host,
    before: u32,
    stored: u32,
    timing: Timing,
    progress: &ProgressBar,
) -> anyhow::Result<Level> {
    let name = host.name().to_owned();
    let tell = |what: &str| progress.set_message(format!("{name}, {stored} sessions: {what}"));
    let shape = Arc::new(Shape::of(BYTES));
    tell("filling");
    host.hurry().await?;
    let begun = Instant::now();
    let bar = progress.clone();
    let told = move |number: u32| bar.inc(u64::from(number / PER_MILLI));
    let filled = fill(&host.store(), &shape, before, stored, told)
        .await
        .context("filling")?;
    let fill_seconds = begun.elapsed().as_secs_f64();
    tell("waiting until all of it is where it stays");
    let grown_bytes = host.settle().await?;
    let opening_ms = host.reopen().await?.as_secs_f64() * 1_000.0;
    let footprint = Footprint {
        grown_bytes,
        ..host.footprint().await?
    };
    let mut costs = Vec::new();
    let mut now = FIRST_CHANGES;
    for (seed, operation) in (0_u64..).zip(OPERATIONS) {
        for concurrency in CONCURRENCY {
            tell(&format!("{operation}, concurrency {concurrency}"));
            let (mut rounds, mut flushes) = (Vec::new(), Vec::new());
            for round in 0..timing.rounds {
                let seed = seed * 1_000 + u64::from(concurrency * 10 + round);
                flushes.push(host.calm(timing.calm).await?);
                let among = Among {
                    stored,
                    concurrency,
                    seed,
                    now,
                };
                let workers = workers(&host.store(), &shape, operation, &among).await?;
                now += LATER;
                let figures = closed_loop(workers, timing.warm_up, timing.measure).await;
                rounds.push(figures.with_context(|| operation.to_string())?);
                // It may have become slow meanwhile.
                flushes.push(host.calm(Duration::ZERO).await?);
                progress.inc(millis(timing.warm_up + timing.measure));
            }
            costs.push(Cost {
                operation,
                concurrency,
                figures: Figures::median_of(&rounds),
                flush_us: median(flushes),
            });
        }
    }
    tell("cleanup beside updates");
    host.calm(timing.calm).await?;
    let among = Among {
        stored,
        concurrency: BESIDE,
        seed: u64::from(stored),
        now,
    };
    let cleanup = clean_up(&host.store(), &shape, &among, pace(&costs), timing).await;
    progress.inc(millis(timing.before));
    Ok(Level {
        store: name.clone(),
        stored,
        filled,
        fill_seconds,
        opening_ms,
        footprint,
        costs,
        cleanup: Some(cleanup.context("cleanup")?),
    })
}

/// Whom callers work on, and when.
struct Among {
    stored: u32,
    concurrency: u32,
    seed: u64,
    now: i64,
}

/// Callers for people by chance, no person twice.
async fn workers(
    store: &Arc<dyn SessionStore>,
    shape: &Arc<Shape>,
    operation: Operation,
    among: &Among,
) -> anyhow::Result<Vec<Box<dyn Worker>>> {
    let Among {
        stored,
        concurrency,
        seed,
        now,
    } = *among;
    let people = population::callers(stored, concurrency, people_of(operation, concurrency), seed);
    let workers = people.into_iter().map(|people| async {
        let worker = StoreWorker::new(Arc::clone(store), Arc::clone(shape), operation, people).await?;
        let worker = worker.after(now);
        Ok::<_, anyhow::Error>(Box::new(worker) as Box<dyn Worker>)
    });
    try_join_all(workers).await
}

/// How many people a caller goes round among. Those of updates are all read before.
fn people_of(operation: Operation, concurrency: u32) -> usize {
    let people = match operation {
        Operation::Update => (16_000 / concurrency).min(4_000),
        _ => 400_000 / concurrency,
    };
    usize::try_from(people).unwrap_or(usize::MAX)
}

/// How many updates a second are moderate, by what was measured.
fn pace(costs: &[Cost]) -> f64 {
    let fastest = costs
        .iter()
        .find(|cost| cost.operation == Operation::Update && cost.concurrency == BESIDE);
    let fastest = fastest.map_or(0.0, |cost| cost.figures.per_second);
    (fastest * MODERATE).clamp(f64::from(BESIDE), MOST_BESIDE)
}

async fn clean_up(
    store: &Arc<dyn SessionStore>,
    shape: &Arc<Shape>,
    among: &Among,
    per_second: f64,
    timing: Timing,
) -> anyhow::Result<Cleanup> {
    let workers = workers(store, shape, Operation::Update, among).await?;
    let every = Duration::from_secs_f64(f64::from(BESIDE) / per_second);
    let policy = CleanupPolicy::before(population::cutoff());
    let removing = async { Ok(store.cleanup(&policy).await?.removed) };
    let beside = paced::beside(workers, every, timing.warm_up, timing.before, removing).await?;
    let expected = u64::from(population::idle(among.stored));
    ensure!(
        beside.brought == expected,
        "{} sessions were removed, not {expected}",
        beside.brought
    );
    Ok(Cleanup {
        removed: beside.brought,
        seconds: beside.took.as_secs_f64(),
        wanted_per_second: per_second,
        before: beside.before,
        during: beside.during,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_last_size_and_mongodb_has_one_of_its_own() {
        assert_eq!(sizes("sqlite-full", 5_000_000), [10_000, 1_000_000, 5_000_000]);
        assert_eq!(sizes("sqlite-full", 50_000), [10_000, 50_000]);
        assert_eq!(sizes("redis-always", 1_000), [1_000]);
        assert_eq!(sizes("mongodb", 5_000_000), [10_000, 1_000_000]);
    }

    #[tokio::test]
    async fn a_store_is_measured_at_one_size_after_another() {
        let timing = Timing {
            rounds: 1,
            warm_up: Duration::ZERO,
            measure: Duration::from_millis(10),
            before: Duration::from_millis(50),
            calm: Duration::ZERO,
        };
        let mut host = Host::start("sqlite-full").await.unwrap();
        let progress = ProgressBar::hidden();
        let mut levels = Vec::new();
        for (before, stored) in [(0, 400), (400, 1_000)] {
            levels.push(
                at_size(&mut host, before, stored, timing, &progress)
                    .await
                    .unwrap(),
            );
        }
        // The 40 that were removed come again, and all the others are new.
        assert_eq!(
            levels.iter().map(|level| level.filled).collect::<Vec<_>>(),
            [400, 640]
        );
        let removed = levels.iter().map(|level| level.cleanup.as_ref().unwrap().removed);
        assert_eq!(removed.collect::<Vec<_>>(), [40, 100]);
        for level in &levels {
            assert!(
                level.footprint.disk_bytes > u64::from(level.stored * BYTES),
                "{level:?}"
            );
            assert_eq!(level.costs.len(), 6);
            assert!(
                level.costs.iter().all(|cost| cost.figures.samples > 0),
                "{level:?}"
            );
            assert!(level.cleanup.as_ref().unwrap().before.samples > 0, "{level:?}");
        }
    }
}
