//! How long operations took, and what is told of it.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest time that is told apart from longer ones, in nanoseconds.
const LONGEST: u64 = 120_000_000_000;

/// Times of operations, to one per cent.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    ///
    /// # Panics
    /// Never: the bounds are allowed.
    #[expect(
        clippy::expect_used,
        reason = "the bounds and the digits are fixed, and allowed"
    )]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 2).expect("bounds that a histogram can have"))
    }

    /// Adds one.
    pub fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(LONGEST);
        self.0.saturating_record(nanos.clamp(1, LONGEST));
    }

    /// Adds those of somebody else.
    pub fn merge(&mut self, other: &Self) {
        // All have the same bounds, so that this can't fail.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// What is told of them, when so many were done per second.
    pub fn figures(&self, per_second: f64) -> Figures {
        let at = |quantile| micros(self.0.value_at_quantile(quantile));
        Figures {
            per_second,
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(self.0.max()),
            samples: self.count(),
        }
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

/// What is told of one case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Operations per second, of all callers together.
    pub per_second: f64,
    /// Half of them took at most so long, in microseconds.
    pub p50_us: f64,
    /// Nine of ten.
    pub p90_us: f64,
    /// 99 of 100.
    pub p99_us: f64,
    /// 999 of 1,000.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
    /// How many were measured.
    pub samples: u64,
}

impl Figures {
    /// The median of each figure over several rounds, so that one bad moment of the machine doesn't count.
    pub fn median_of(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: of(|round| round.per_second),
            p50_us: of(|round| round.p50_us),
            p90_us: of(|round| round.p90_us),
            p99_us: of(|round| round.p99_us),
            p999_us: of(|round| round.p999_us),
            max_us: of(|round| round.max_us),
            samples: rounds.iter().map(|round| round.samples).sum(),
        }
    }
}

/// The middle one; of an even number the mean of the two in the middle; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a time of less than two minutes in nanoseconds is far below 2^53"
)]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_one_per_cent() {
        let mut fast = Latencies::new();
        let mut slow = Latencies::new();
        for micros in 1..=1_000 {
            let all = if micros % 2 == 0 { &mut fast } else { &mut slow };
            all.record(Duration::from_micros(micros));
        }
        fast.merge(&slow);
        let figures = fast.figures(7.0);
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.011;
        assert!(near(figures.p50_us, 500.0), "{figures:?}");
        assert!(near(figures.p90_us, 900.0), "{figures:?}");
        assert!(near(figures.p99_us, 990.0), "{figures:?}");
        assert!(near(figures.p999_us, 999.0), "{figures:?}");
        assert!(near(figures.max_us, 1_000.0), "{figures:?}");
        assert_eq!((figures.per_second, figures.samples), (7.0, 1_000));
    }

    #[test]
    fn times_beyond_the_range_count_as_its_end() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_hours(1));
        assert_eq!(latencies.count(), 2);
        assert!(latencies.figures(1.0).max_us >= 119_000_000.0);
    }

    #[test]
    fn one_bad_round_of_three_does_not_count() {
        let round = |per_second| Figures {
            per_second,
            samples: 10,
            ..Figures::default()
        };
        let median = Figures::median_of(&[round(100.0), round(3.0), round(90.0)]);
        assert_eq!((median.per_second, median.samples), (90.0, 30));
        let medians = [super::median(vec![4.0, 1.0]), super::median(Vec::new())];
        assert_eq!(medians.map(|median| median.to_string()), ["2.5", "0"]);
    }
}
