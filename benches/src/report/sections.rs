//! The sections of the page that come from this program's own results.

mod comparison;
mod durability;
mod growth;
mod peers;
mod recorded;
mod scale;
mod setting;
mod stores;
mod target_table;
mod throughput;
mod whole_bots;

use std::path::Path;
use std::rc::Rc;

use crate::report::compare::Change;
use crate::report::page::{Page, Section};
use crate::report::results::Results;

const INTRODUCTION: &str = "What each store does on one machine, beside what the bare driver does there in the same run. Absolute figures are \
     those of the machine below; the ratio to the driver is what carries over to yours. A session of 600 bytes has \
     fifteen answers of an order. All callers, the store and the database's server share the same cores; every caller \
     begins the next operation when the last is answered. Figures are medians of several rounds, in which all stores take \
     turns.\n\n`cargo bench-report` writes this page, and [how to measure on your own machine](measuring.md) says more.";

/// The page of a run: these sections, and those that other tools have recorded as files in a folder.
///
/// # Errors
/// When something can't be drawn or read.
pub fn page(
    results: Results,
    comparison: Option<(Vec<Change>, f64)>,
    recorded: Option<&Path>,
) -> anyhow::Result<Page> {
    let results = Rc::new(results);
    let of_run = || Rc::clone(&results);
    let mut sections: Vec<Box<dyn Section>> = vec![
        Box::new(setting::Setting(of_run())),
        Box::new(target_table::TargetTable(of_run())),
        Box::new(throughput::Throughput(of_run())),
        Box::new(durability::Durability(of_run())),
        Box::new(growth::Growth(of_run())),
        Box::new(scale::Scale(of_run())),
        Box::new(whole_bots::WholeBots(of_run())),
        Box::new(peers::Peers(of_run())),
    ];
    for store in results.stores() {
        sections.push(Box::new(stores::StoreTable {
            results: of_run(),
            store: store.to_owned(),
        }));
    }
    if let Some((changes, tolerance)) = comparison {
        sections.push(Box::new(comparison::Comparison { changes, tolerance }));
    }
    if let Some(folder) = recorded {
        for section in recorded::read(folder)? {
            sections.push(Box::new(section));
        }
    }
    sections.push(Box::new(setting::LeftOut(of_run())));
    Page::of("Benchmarks", INTRODUCTION, &sections)
}

/// What a store is called in text.
fn name_of(store: &str) -> &str {
    match store {
        "memory" => "Memory",
        "sqlite-full" => "SQLite, synchronous full",
        "sqlite-normal" => "SQLite, synchronous normal",
        "redis-always" => "Redis, appendfsync always",
        "mongodb" => "MongoDB, majority and journal",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::compare::compare;
    use crate::report::sample::results;

    #[test]
    fn the_page_tells_what_was_measured() {
        let mut earlier = results();
        for measured in &mut earlier.cases {
            if measured.store == "sqlite-full" && !measured.raw {
                measured.figures.per_second *= 1.25;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let section = r#"{"title": "Others", "blocks": [{"text": "Measured elsewhere."},
            {"header": ["bot", "per second"], "rows": [["this", "1"]]}]}"#;
        std::fs::write(folder.path().join("others.json"), section).unwrap();
        let changes = compare(&earlier, &results());
        let page = page(results(), Some((changes, 0.1)), Some(folder.path())).unwrap();
        insta::assert_snapshot!(page.markdown);
        let names: Vec<&str> = page.plots.iter().map(|(name, _)| &**name).collect();
        assert_eq!(
            names,
            [
                "throughput.svg",
                "durability.svg",
                "stored.svg",
                "scale.svg",
                "latency-memory.svg",
                "latency-sqlite-full.svg"
            ]
        );
        for (name, svg) in &page.plots {
            assert!(svg.starts_with("<svg") && svg.len() > 1_000, "{name}: {svg}");
        }
    }
}
