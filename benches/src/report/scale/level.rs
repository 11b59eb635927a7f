//! What a store brought at one size, as it is kept.

use serde::{Deserialize, Serialize};

use crate::report::case::Operation;
use crate::report::latency::Figures;
use crate::report::ratios;

/// A store with so many sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The store.
    pub store: String,
    /// How many sessions there were.
    pub stored: u32,
    /// How many of them were stored for that.
    pub filled: u32,
    /// How long that took, in seconds.
    pub fill_seconds: f64,
    /// How long it took to open the store and read the first session, in milliseconds.
    pub opening_ms: f64,
    /// What the sessions took.
    pub footprint: Footprint,
    /// What operations cost.
    pub costs: Vec<Cost>,
    /// What a cleanup was like, after that.
    #[serde(default)]
    pub cleanup: Option<Cleanup>,
}

/// What all sessions of a store took, in bytes. `None` is what the store can't tell, or doesn't have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// On the disk, with the indexes.
    pub disk_bytes: u64,
    /// Of that, the indexes.
    #[serde(default)]
    pub index_bytes: Option<u64>,
    /// On the disk after the filling, before Redis has written its log anew.
    #[serde(default)]
    pub grown_bytes: Option<u64>,
    /// In the server's memory.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// What an operation cost on people by chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The operation.
    pub operation: Operation,
    /// How many callers there were.
    pub concurrency: u32,
    /// The median of the rounds.
    pub figures: Figures,
    /// How long the disk took to keep a page of 4 KiB then, in microseconds; 0 when nobody has looked.
    #[serde(default)]
    pub flush_us: f64,
}

/// A cleanup of a tenth of the sessions, beside updates at a steady pace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleanup {
    /// How many sessions it removed.
    pub removed: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many updates a second were begun.
    pub wanted_per_second: f64,
    /// The updates before it.
    pub before: Figures,
    /// The updates beside it.
    pub during: Figures,
}

impl Cleanup {
    /// The 99th percentile beside it as a multiple of that before.
    pub fn tail(&self) -> Option<f64> {
        ratios::quotient(self.during.p99_us, self.before.p99_us)
    }
}

impl Level {
    /// What an operation cost.
    pub fn cost(&self, operation: Operation, concurrency: u32) -> Option<&Cost> {
        let mut costs = self.costs.iter();
        costs.find(|cost| cost.operation == operation && cost.concurrency == concurrency)
    }

    /// How long the disk took to keep a page, as a multiple of what it took at another size.
    pub fn flush_growth(&self, smallest: &Self, operation: Operation, concurrency: u32) -> Option<f64> {
        let (now, then) = (
            self.cost(operation, concurrency)?,
            smallest.cost(operation, concurrency)?,
        );
        ratios::quotient(now.flush_us, then.flush_us)
    }

    /// The median of an operation as a multiple of what it was at another size.
    pub fn growth(&self, smallest: &Self, operation: Operation, concurrency: u32) -> Option<f64> {
        let (now, then) = (
            self.cost(operation, concurrency)?,
            smallest.cost(operation, concurrency)?,
        );
        ratios::quotient(now.figures.p50_us, then.figures.p50_us)
    }
}

/// The operation whose median grew most from the smallest size of a store to the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The operation.
    pub operation: Operation,
    /// How many callers there were.
    pub concurrency: u32,
    /// How many sessions there were at first.
    pub from: u32,
    /// How many there were in the end.
    pub to: u32,
    /// The median in the end as a multiple of that at first.
    pub ratio: f64,
    /// The same of how long the disk took to keep a page.
    pub of_disk: Option<f64>,
}

/// The stores, in the order in which they were measured.
pub fn stores(levels: &[Level]) -> Vec<&str> {
    let mut stores: Vec<&str> = levels.iter().map(|level| &*level.store).collect();
    stores.dedup();
    stores
}

/// The sizes of a store, the smallest first.
pub fn of_store<'a>(levels: &'a [Level], store: &str) -> Vec<&'a Level> {
    let mut found: Vec<&Level> = levels.iter().filter(|level| level.store == store).collect();
    found.sort_by_key(|level| level.stored);
    found
}

/// The operation of a store that grew most; `None` when there is one size only.
pub fn worst_growth(levels: &[Level], store: &str) -> Option<Growth> {
    let levels = of_store(levels, store);
    let (smallest, largest) = (levels.first()?, levels.last()?);
    if smallest.stored == largest.stored {
        return None;
    }
    let all = largest.costs.iter().filter_map(|cost| {
        let ratio = largest.growth(smallest, cost.operation, cost.concurrency)?;
        Some(Growth {
            operation: cost.operation,
            concurrency: cost.concurrency,
            from: smallest.stored,
            to: largest.stored,
            ratio,
            of_disk: largest.flush_growth(smallest, cost.operation, cost.concurrency),
        })
    });
    all.max_by(|one, other| one.ratio.total_cmp(&other.ratio))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    #[test]
    fn the_operation_that_grew_most_is_the_one_that_counts() {
        let levels = results().scale;
        let worst = worst_growth(&levels, "sqlite-full").unwrap();
        assert_eq!((worst.operation, worst.concurrency), (Operation::GetUpdate, 16));
        assert_eq!((worst.from, worst.to), (10_000, 1_000_000));
        assert!((worst.ratio - 1.25).abs() < 0.001, "{worst:?}");
        assert_eq!(worst_growth(&levels[..1], "sqlite-full"), None);
        assert_eq!(worst_growth(&levels, "mongodb"), None);
    }

    #[test]
    fn a_cleanup_is_judged_by_what_updates_were_like_before_it() {
        let levels = results().scale;
        let tail = |level: &Level| level.cleanup.and_then(|cleanup| cleanup.tail());
        assert_eq!(levels.iter().map(tail).collect::<Vec<_>>(), [None, Some(6.0)]);
    }
}
