//! The load: so many callers, each of whom begins the next operation when the last is answered.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use futures::future::join_all;

use crate::report::latency::{Figures, Latencies};

/// A caller.
#[async_trait]
pub trait Worker: Send {
    /// Does the operation once.
    ///
    /// # Errors
    /// When it fails, or does something else than it should: the run ends, since its figures would mean nothing.
    async fn once(&mut self) -> anyhow::Result<Step>;
}

/// What a call of [`Worker::once`] was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operation was done; the whole call is its time.
    Done,
    /// It was done, and took so long; the rest of the call was preparation.
    Took(Duration),
    /// There is nothing left to do it with.
    Exhausted,
}

/// After how many operations a caller lets others run: an operation that never waits would keep its thread for itself.
const TURN: u32 = 16;

/// What one caller did.
struct Share {
    latencies: Latencies,
    /// The time that operations took, where they tell it themselves.
    told: Duration,
    exhausted: bool,
    ended: Instant,
}

/// Lets these callers work for so long after a warm-up that isn't counted.
///
/// # Errors
/// When a caller fails.
pub async fn closed_loop(
    workers: Vec<Box<dyn Worker>>,
    warm_up: Duration,
    measure: Duration,
) -> anyhow::Result<Figures> {
    let callers = workers.len();
    let begin = Instant::now() + warm_up;
    let end = begin + measure;
    let tasks = workers
        .into_iter()
        .map(|worker| tokio::spawn(work(worker, begin, end)));
    let mut all = Latencies::new();
    let (mut told, mut exhausted, mut ended) = (Duration::ZERO, false, begin);
    for share in join_all(tasks).await {
        let share = share.context("a caller's task ended")??;
        all.merge(&share.latencies);
        told += share.told;
        exhausted |= share.exhausted;
        ended = ended.max(share.ended);
    }
    let took = if told > Duration::ZERO {
        told / u32::try_from(callers).unwrap_or(1).max(1)
    } else if exhausted {
        ended.saturating_duration_since(begin)
    } else {
        measure
    };
    Ok(all.figures(rate(all.count(), took)))
}

async fn work(mut worker: Box<dyn Worker>, begin: Instant, end: Instant) -> anyhow::Result<Share> {
    let mut share = Share {
        latencies: Latencies::new(),
        told: Duration::ZERO,
        exhausted: false,
        ended: begin,
    };
    let mut done = 0_u32;
    let mut started = Instant::now();
    while started < end {
        let step = worker.once().await?;
        let now = Instant::now();
        let took = match step {
            Step::Done => now - started,
            Step::Took(took) => took,
            Step::Exhausted => {
                share.exhausted = true;
                break;
            }
        };
        if started >= begin {
            share.latencies.record(took);
            share.ended = now;
            if step != Step::Done {
                share.told += took;
            }
        }
        started = now;
        done = done.wrapping_add(1);
        if done.is_multiple_of(TURN) {
            tokio::task::yield_now().await;
            started = Instant::now();
        }
    }
    Ok(share)
}

/// How many there were per second.
#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
pub(crate) fn rate(count: u64, took: Duration) -> f64 {
    if took.is_zero() {
        0.0
    } else {
        count as f64 / took.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stock(u32);

    #[async_trait]
    impl Worker for Stock {
        async fn once(&mut self) -> anyhow::Result<Step> {
            anyhow::ensure!(self.0 != 13, "unlucky");
            let Some(rest) = self.0.checked_sub(1) else {
                return Ok(Step::Exhausted);
            };
            self.0 = rest;
            Ok(Step::Took(Duration::from_millis(2)))
        }
    }

    #[tokio::test]
    async fn what_is_told_counts_and_who_has_nothing_left_ends() {
        let workers: Vec<Box<dyn Worker>> = vec![Box::new(Stock(3)), Box::new(Stock(2))];
        let figures = closed_loop(workers, Duration::ZERO, Duration::from_mins(1))
            .await
            .unwrap();
        assert_eq!(figures.samples, 5);
        // Five of 2 ms by two callers side by side.
        assert!((figures.per_second - 1_000.0).abs() < 1.0, "{figures:?}");
    }

    #[tokio::test]
    async fn a_caller_that_fails_ends_the_run() {
        let workers: Vec<Box<dyn Worker>> = vec![Box::new(Stock(13))];
        let error = closed_loop(workers, Duration::ZERO, Duration::from_mins(1)).await;
        assert_eq!(error.unwrap_err().to_string(), "unlucky");
    }
}
