//! The load: so many people at once, each of whom answers again as soon as the last answer is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hdrhistogram::Histogram;

/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);

/// A storage under test.
#[async_trait]
pub trait Peer: Send + Sync {
    /// Keeps a new session of this person.
    async fn begin(&self, person: i64) -> anyhow::Result<()>;

    /// Gets the session of this person, changes one answer and the step, and keeps it.
    async fn answer(&self, person: i64, number: u64) -> anyhow::Result<()>;
}

/// How much is asked of a storage.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many sessions there are.
    pub people: i64,
    /// How many people answer at once; nobody twice at a time.
    pub concurrency: usize,
    /// For how long.
    pub time: Duration,
}

/// What it did.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Answers in a second.
    pub per_second: f64,
    /// What half of them took at most.
    pub p50_microseconds: u64,
    /// What 99 of 100 took at most.
    pub p99_microseconds: u64,
}

impl Load {
    /// Puts it on a storage.
    ///
    /// # Errors
    /// The first of the storage.
    pub async fn put_on(self, peer: &Arc<dyn Peer>) -> anyhow::Result<Measured> {
        let from = Instant::now() + WARM_UP;
        let until = from + self.time;
        let lanes =
            (0..self.concurrency).map(|lane| tokio::spawn(self.lane(lane, Arc::clone(peer), from, until)));
        let lanes: Vec<_> = lanes.collect();
        let mut all = Histogram::<u64>::new(3)?;
        for lane in lanes {
            all.add(lane.await??)?;
        }
        #[allow(clippy::cast_precision_loss, reason = "far fewer than 2^53")]
        Ok(Measured {
            per_second: all.len() as f64 / self.time.as_secs_f64(),
            p50_microseconds: all.value_at_quantile(0.5) / 1_000,
            p99_microseconds: all.value_at_quantile(0.99) / 1_000,
        })
    }

    /// One of those at once: has people of its own, so that nobody answers twice at a time.
    async fn lane(
        self,
        lane: usize,
        peer: Arc<dyn Peer>,
        from: Instant,
        until: Instant,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = Histogram::<u64>::new(3)?;
        let (lane, lanes) = (i64::try_from(lane)?, i64::try_from(self.concurrency)?);
        let own = (self.people / lanes).max(1);
        for number in 0_u64.. {
            let person = lane + lanes * (i64::try_from(number)? % own);
            let began = Instant::now();
            peer.answer(person % self.people.max(lanes), number).await?;
            let ended = Instant::now();
            if ended >= until {
                break;
            }
            if began >= from {
                latencies.record(u64::try_from((ended - began).as_nanos())?)?;
            }
        }
        Ok(latencies)
    }
}
