//! The metrics as Prometheus, Grafana and the book have them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod alerts;
mod book;
mod census;
mod dashboard;
mod names;
mod promtool;
mod registries;

use std::path::{Path, PathBuf};

/// A file of the repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The names of metrics in a text: words that begin as metrics of ours do.
fn names_in(text: &str) -> Vec<&str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .filter(|word| word.starts_with("stepkeep_") || word.starts_with("process_"))
        .collect()
}

/// Whether there is a metric of which this is a series: `_bucket`, `_sum` and `_count` are those of a histogram.
fn is_known(series: &str) -> bool {
    use stepkeep::metrics::names::{ALL, MetricKind};
    ALL.iter().any(|metric| match metric.kind {
        MetricKind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| series.strip_suffix(suffix) == Some(metric.name)),
        _ => series == metric.name,
    })
}
