//! Callers at a steady pace, before and while something else happens.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use crate::report::latency::{Figures, Latencies};
use crate::report::load::{Worker, rate};

/// When what begins and ends. An operation belongs to the time at which it was due, whenever it was begun.
#[derive(Debug)]
struct Moments {
    measured_from: Instant,
    work_begun: OnceLock<Instant>,
    work_ended: OnceLock<Instant>,
}

/// What callers met.
#[derive(Debug)]
pub(super) struct Beside<T> {
    /// Before it happened.
    pub(super) before: Figures,
    /// While it did.
    pub(super) during: Figures,
    /// How long it took.
    pub(super) took: Duration,
    /// What it brought.
    pub(super) brought: T,
}

/// Lets each of these callers begin an operation so often, first alone, and then beside some work until that is done.
///
/// An operation that is due while the caller still waits for the one before counts from when it was due: a store that
/// stands still is not told of by one slow operation alone.
///
/// # Errors
/// When the work or a caller fails.
pub(super) async fn beside<T>(
    workers: Vec<Box<dyn Worker>>,
    every: Duration,
    warm_up: Duration,
    before: Duration,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Beside<T>> {
    let begun = Instant::now();
    let moments = Arc::new(Moments {
        measured_from: begun + warm_up,
        work_begun: OnceLock::new(),
        work_ended: OnceLock::new(),
    });
    let callers = u32::try_from(workers.len()).unwrap_or(u32::MAX).max(1);
    let tasks: Vec<_> = (0_u32..)
        .zip(workers)
        // Not all at the same moment.
        .map(|(index, worker)| {
            let first = begun + every * index / callers;
            tokio::spawn(caller(worker, first, every, Arc::clone(&moments)))
        })
        .collect();
    sleep(warm_up + before).await;
    let work_begun = *moments.work_begun.get_or_init(Instant::now);
    let brought = work.await;
    let took = *moments.work_ended.get_or_init(Instant::now) - work_begun;
    let measured_from = moments.measured_from;
    let (mut alone, mut both) = (Latencies::new(), Latencies::new());
    for met in join_all(tasks).await {
        let met = met.context("a caller's task ended")??;
        alone.merge(&met.before);
        both.merge(&met.during);
    }
    Ok(Beside {
        before: alone.figures(rate(alone.count(), work_begun - measured_from)),
        during: both.figures(rate(both.count(), took)),
        took,
        brought: brought?,
    })
}

#[derive(Default)]
struct Met {
    before: Latencies,
    during: Latencies,
}

async fn caller(
    mut worker: Box<dyn Worker>,
    first: Instant,
    every: Duration,
    moments: Arc<Moments>,
) -> anyhow::Result<Met> {
    let mut met = Met::default();
    let mut due = first;
    let mut is_late = false;
    loop {
        sleep_until(due).await;
        // That a timer wakes somebody up late is nothing that the store has done.
        let begun = if is_late { due } else { Instant::now() };
        if moments.work_ended.get().is_some_and(|ended| due >= *ended) {
            return Ok(met);
        }
        worker.once().await?;
        let ended = Instant::now();
        if moments.work_begun.get().is_some_and(|begun| due >= *begun) {
            met.during.record(ended - begun);
        } else if due >= moments.measured_from {
            met.before.record(ended - begun);
        }
        due += every;
        is_late = ended > due;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::report::load::Step;

    /// A store that does one thing at a time.
    struct Store(Arc<tokio::sync::Mutex<()>>);

    #[async_trait]
    impl Worker for Store {
        async fn once(&mut self) -> anyhow::Result<Step> {
            let _alone = self.0.lock().await;
            sleep(Duration::from_millis(1)).await;
            Ok(Step::Done)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_still_for_a_while_is_told_of_by_all_who_were_due() {
        let store = Arc::new(tokio::sync::Mutex::new(()));
        let workers = (0..2).map(|_| Box::new(Store(Arc::clone(&store))) as Box<dyn Worker>);
        let work = async {
            sleep(Duration::from_millis(100)).await;
            let _alone = store.lock().await;
            sleep(Duration::from_millis(500)).await;
            Ok(7)
        };
        let (every, second) = (Duration::from_millis(20), Duration::from_secs(1));
        let beside = beside(workers.collect(), every, Duration::ZERO, second, work)
            .await
            .unwrap();
        assert_eq!(beside.brought, 7);
        // Whose turn is at the very moment when something begins is open.
        assert!((98..=102).contains(&beside.before.samples), "{beside:?}");
        assert!((58..=62).contains(&beside.during.samples), "{beside:?}");
        assert!((beside.before.per_second - 100.0).abs() < 3.0, "{beside:?}");
        assert!(beside.before.max_us < 2_100.0, "{beside:?}");
        assert!(beside.during.max_us > 450_000.0, "{beside:?}");
        // Those that were due in the meantime waited as well, though they were begun later.
        assert!(beside.during.p50_us > 100_000.0, "{beside:?}");
    }

    struct Broken;

    #[async_trait]
    impl Worker for Broken {
        async fn once(&mut self) -> anyhow::Result<Step> {
            anyhow::bail!("unlucky")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_fails_ends_it_with_an_error() {
        let second = Duration::from_secs(1);
        let error = beside(vec![Box::new(Broken)], second, second, second, async { Ok(()) }).await;
        assert_eq!(error.unwrap_err().to_string(), "unlucky");
    }
}
