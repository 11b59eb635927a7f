//! The histograms: durations, counted into their buckets as they come.
//!
//! Those of the exporter keep each duration until somebody asks, and look at the clock for it. Here a duration is two atomic
//! additions, and takes up no memory.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::names::{Metric, MetricKind};

/// How many durations fell into each bucket.
pub(super) struct Durations {
    /// The upper bounds, in nanoseconds.
    bounds: Box<[u64]>,
    /// One for each bound, and one for what is beyond the last.
    counts: [AtomicU64; MOST_BOUNDS + 1],
    sum_nanos: AtomicU64,
}

/// The most bounds that a histogram has.
const MOST_BOUNDS: usize = 14;

impl Durations {
    fn new(bounds: &[f64]) -> Self {
        Self {
            bounds: bounds
                .iter()
                .map(|seconds| nanos(Duration::from_secs_f64(*seconds)))
                .collect(),
            counts: Default::default(),
            sum_nanos: AtomicU64::default(),
        }
    }

    pub(super) fn record(&self, duration: Duration) {
        let nanos = nanos(duration);
        let bucket = self.bounds.partition_point(|bound| *bound < nanos);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// How many fell into a bucket.
    fn count(&self, bucket: usize) -> u64 {
        let count = self.counts.get(bucket);
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed))
    }
}

/// They suffice for 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durations").finish_non_exhaustive()
    }
}

/// All histograms of a registry.
#[derive(Debug, Default)]
pub(super) struct Histograms(Mutex<Vec<Series>>);

/// The durations of one metric with one set of labels.
#[derive(Debug)]
struct Series {
    metric: &'static Metric,
    /// As they are rendered.
    labels: String,
    durations: Arc<Durations>,
}

impl Histograms {
    /// The durations of a metric with these labels, the same ones for whoever asks.
    pub(super) fn of(&self, metric: &'static Metric, labels: &[(&'static str, &str)]) -> Arc<Durations> {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = labels.join(",");
        let mut all = self.0.lock();
        let known = all
            .iter()
            .find(|series| series.metric.name == metric.name && series.labels == labels);
        if let Some(known) = known {
            return Arc::clone(&known.durations);
        }
        let bounds = match metric.kind {
            MetricKind::Histogram(bounds) => bounds,
            MetricKind::Counter | MetricKind::Gauge => &[],
        };
        let durations = Arc::new(Durations::new(bounds));
        all.push(Series {
            metric,
            labels,
            durations: Arc::clone(&durations),
        });
        durations
    }

    /// Adds them to what is rendered, in the text format of Prometheus.
    pub(super) fn render(&self, text: &mut String) {
        let mut all = self.0.lock();
        all.sort_by(|one, other| (one.metric.name, &one.labels).cmp(&(other.metric.name, &other.labels)));
        for family in all.chunk_by(|one, other| one.metric.name == other.metric.name) {
            if let Some(first) = family.first() {
                let Metric { name, help, .. } = first.metric;
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
            }
            for series in family {
                series.render(text);
            }
            text.push('\n');
        }
    }
}

impl Series {
    fn render(&self, text: &mut String) {
        let Self {
            metric: Metric { name, kind, .. },
            labels,
            durations,
        } = self;
        let MetricKind::Histogram(bounds) = kind else {
            return;
        };
        let comma = if labels.is_empty() { "" } else { "," };
        let mut count = 0;
        let bounds = bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bucket, bound) in bounds.enumerate() {
            count += durations.count(bucket);
            // To write to a text never fails.
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
        }
        let sum = durations.sum().as_secs_f64();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = writeln!(text, "{name}_sum{labels} {sum}\n{name}_count{labels} {count}");
    }
}

/// A label's value as the text format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    #[test]
    fn a_duration_counts_in_every_bucket_that_it_does_not_exceed() {
        let histograms = Histograms::default();
        let waits = histograms.of(&names::TELEGRAM_WAIT, &[]);
        for millis in [0, 100, 101, 3_600_000, 3_600_001] {
            waits.record(Duration::from_millis(millis));
        }
        let late = histograms.of(&names::TIMER_DELAY, &[("timer", "a \"timer\"")]);
        late.record(Duration::from_millis(1_500));
        let mut text = String::new();
        histograms.render(&mut text);
        for line in [
            "# TYPE stepkeep_telegram_wait_seconds histogram",
            "stepkeep_telegram_wait_seconds_bucket{le=\"0.1\"} 2",
            "stepkeep_telegram_wait_seconds_bucket{le=\"0.5\"} 3",
            "stepkeep_telegram_wait_seconds_bucket{le=\"1800\"} 3",
            "stepkeep_telegram_wait_seconds_bucket{le=\"3600\"} 4",
            "stepkeep_telegram_wait_seconds_bucket{le=\"+Inf\"} 5",
            "stepkeep_telegram_wait_seconds_sum 7200.202",
            "stepkeep_telegram_wait_seconds_count 5",
            "stepkeep_timer_delay_seconds_bucket{timer=\"a \\\"timer\\\"\",le=\"1\"} 0",
            "stepkeep_timer_delay_seconds_bucket{timer=\"a \\\"timer\\\"\",le=\"2\"} 1",
            "stepkeep_timer_delay_seconds_sum{timer=\"a \\\"timer\\\"\"} 1.5",
            "stepkeep_timer_delay_seconds_count{timer=\"a \\\"timer\\\"\"} 1",
        ] {
            assert!(
                text.lines().any(|shown| shown == line),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn no_histogram_has_more_bounds_than_there_is_room_for() {
        for metric in names::ALL {
            if let MetricKind::Histogram(bounds) = metric.kind {
                assert!(bounds.len() <= MOST_BOUNDS, "{}", metric.name);
            }
        }
    }

    #[test]
    fn who_asks_for_the_same_labels_counts_together() {
        let histograms = Histograms::default();
        let labels = [("flow", "shipping")];
        for _ in 0..2 {
            histograms
                .of(&names::TURN_DURATION, &labels)
                .record(Duration::from_secs(1));
        }
        let mut text = String::new();
        histograms.render(&mut text);
        assert!(
            text.contains("stepkeep_turn_duration_seconds_count{flow=\"shipping\"} 2\n"),
            "{text}"
        );
    }
}
