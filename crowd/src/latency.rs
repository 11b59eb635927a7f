//! How long answers took: exact percentiles.

use std::time::Duration;

use serde::Serialize;

use crate::audit::{Disturbance, Sample};

/// Percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Of how many answers.
    pub count: usize,
    /// Half of them took at most as long.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

impl Percentiles {
    /// Of these times, in any order.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let millis = |time: &Duration| time.as_secs_f64() * 1000.0;
        // The nearest rank: the smallest time that at least so many per cent don't exceed.
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            times.get(rank.saturating_sub(1)).map_or(0.0, millis)
        };
        Self {
            count: times.len(),
            p50: rank(50),
            p90: rank(90),
            p99: rank(99),
            max: rank(100),
        }
    }
}

/// The answers in a chat, split by kind and by whether something was disturbed meanwhile.
#[derive(Debug, Default)]
pub struct Latencies {
    taps: Vec<Duration>,
    texts: Vec<Duration>,
    calm: Vec<Duration>,
}

/// The percentiles of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct LatencyReport {
    /// Presses of buttons.
    pub taps: Percentiles,
    /// Texts.
    pub texts: Percentiles,
    /// Both, while nothing was disturbed.
    pub outside_of_faults: Percentiles,
}

impl Latencies {
    /// Adds the answers of one person.
    pub fn add(&mut self, chat: i64, samples: &[Sample], disturbances: &[Disturbance]) {
        for sample in samples {
            if sample.is_tap {
                self.taps.push(sample.took);
            } else {
                self.texts.push(sample.took);
            }
            let until = sample.from + sample.took;
            if !disturbances
                .iter()
                .any(|disturbance| disturbance.touches(chat, sample.from, until))
            {
                self.calm.push(sample.took);
            }
        }
    }

    /// The percentiles.
    pub fn report(self) -> LatencyReport {
        LatencyReport {
            taps: Percentiles::of(self.taps),
            texts: Percentiles::of(self.texts),
            outside_of_faults: Percentiles::of(self.calm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::DisturbanceKind;

    #[test]
    fn percentiles_are_exact() {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let percentiles = Percentiles::of(times);
        let found = [percentiles.p50, percentiles.p90, percentiles.p99, percentiles.max];
        assert_eq!(
            found.map(|millis| format!("{millis:.0}")),
            ["50", "90", "99", "100"]
        );
        assert_eq!(Percentiles::of(vec![]), Percentiles::default());
        let one = Percentiles::of(vec![Duration::from_millis(7)]);
        assert_eq!(format!("{:.0} {:.0}", one.p50, one.max), "7 7");
    }

    #[test]
    fn what_was_disturbed_is_left_out_of_the_quiet_time() {
        let sample = |from: u64, is_tap| Sample {
            from: Duration::from_secs(from),
            took: Duration::from_secs(1),
            is_tap,
        };
        let disturbance = Disturbance {
            kind: DisturbanceKind::Process,
            chat: None,
            from: Duration::from_secs(10),
            until: Duration::from_secs(20),
        };
        let mut latencies = Latencies::default();
        let samples = [sample(5, true), sample(15, true), sample(30, false)];
        latencies.add(1, &samples, &[disturbance]);
        let report = latencies.report();
        let counts = [
            report.taps.count,
            report.texts.count,
            report.outside_of_faults.count,
        ];
        assert_eq!(counts, [2, 1, 2]);
    }
}
