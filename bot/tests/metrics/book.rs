//! The book's table of metrics.

use stepkeep::metrics::names::{ALL, Metric};

use crate::file;

/// A metric as a line of the table.
fn line(metric: &Metric) -> String {
    let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() {
        "-".to_owned()
    } else {
        labels.join(", ")
    };
    let (name, kind, help) = (metric.name, metric.kind.as_str(), metric.help);
    format!("| `{name}` | {kind} | {labels} | {help} |")
}

#[test]
fn the_book_has_every_metric_as_the_program_has_it() {
    let page = std::fs::read_to_string(file("docs/src/metrics.md")).unwrap();
    let in_book: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| `stepkeep_") || line.starts_with("| `process_"))
        .collect();
    let in_program: Vec<_> = ALL.iter().map(line).collect();
    assert_eq!(
        in_book,
        in_program,
        "the table should be:\n{}",
        in_program.join("\n")
    );
}
