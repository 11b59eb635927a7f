//! Durations, counted by how long they were.

use std::time::Duration;

/// Eight buckets for each doubling, from 64 µs on: a percentile is off by an eighth at most.
const PARTS: usize = 8;
const FIRST_DOUBLING: u32 = 6;
/// Up to 268 s; what takes longer counts as that.
const DOUBLINGS: usize = 22;
const BUCKETS: usize = 1 + PARTS * DOUBLINGS;

/// How many durations fell into each bucket. It takes 0.7 kB, however many there were.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: [u32; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS] }
    }
}

impl Histogram {
    pub(super) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(index_of(micros)) {
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().copied().map(u64::from).sum()
    }

    /// The duration, in microseconds, that this many thousandths of all did not exceed; `None` when there were none.
    pub(super) fn quantile(&self, thousandths: u64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = (count * thousandths).div_ceil(1_000).max(1);
        let mut passed = 0;
        for (index, in_bucket) in self.counts.iter().enumerate() {
            passed += u64::from(*in_bucket);
            if passed >= rank {
                return Some(end_of(index));
            }
        }
        Some(end_of(BUCKETS - 1))
    }
}

/// The bucket of a duration in microseconds.
fn index_of(micros: u64) -> usize {
    if micros < 1 << FIRST_DOUBLING {
        return 0;
    }
    let doubling = micros.ilog2();
    let part = (micros >> (doubling - 3)) & 7;
    let before = usize::try_from(doubling - FIRST_DOUBLING).unwrap_or(DOUBLINGS) * PARTS;
    (1 + before + usize::try_from(part).unwrap_or(0)).min(BUCKETS - 1)
}

/// Where a bucket ends, in microseconds.
fn end_of(index: usize) -> u64 {
    let Some(behind_first) = index.checked_sub(1) else {
        return 1 << FIRST_DOUBLING;
    };
    let doubling = u32::try_from(behind_first / PARTS).unwrap_or(0) + FIRST_DOUBLING;
    let part = u64::try_from(behind_first % PARTS).unwrap_or(0);
    (8 + part + 1) << (doubling - 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_of_what_was_recorded() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(500), None);
        for millis in 1..=100 {
            histogram.record(Duration::from_millis(millis));
        }
        assert_eq!(histogram.count(), 100);
        for (thousandths, millis) in [(500, 50), (950, 95), (990, 99)] {
            let micros = histogram.quantile(thousandths).unwrap();
            let off = micros.abs_diff(millis * 1_000);
            assert!(off * 8 <= millis * 1_000, "{thousandths}: {micros}");
        }
    }

    #[test]
    fn what_takes_for_ever_counts_as_the_longest() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.quantile(990), Some(1 << 28));
    }

    proptest! {
        #[test]
        fn a_bucket_holds_what_falls_into_it(micros in 64_u64..(1 << 28)) {
            let index = index_of(micros);
            prop_assert!(micros < end_of(index) && micros >= end_of(index - 1));
        }
    }
}
