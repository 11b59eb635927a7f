//! What changed since an earlier run.

use crate::report::compare::{Change, Measure};
use crate::report::markdown::{Table, figure, ratio};
use crate::report::page::{Section, Sheet};

/// What changed since an earlier run.
pub(super) struct Comparison {
    pub(super) changes: Vec<Change>,
    pub(super) tolerance: f64,
}

impl Section for Comparison {
    fn title(&self) -> String {
        "Since the earlier run".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let per_cent = |part: f64| format!("{:+.0} %", part * 100.0);
        let mut table = Table::new(["store", "case", "measure", "then", "now", "change"], 3);
        let worse = self
            .changes
            .iter()
            .filter(|change| change.is_regression(self.tolerance));
        for change in worse {
            let (measure, show): (_, fn(f64) -> String) = match change.measure {
                Measure::RatioToFloor => ("ratio to the raw driver", ratio),
                Measure::PerSecond => ("per second", figure),
            };
            table.row([
                change.store.clone(),
                change.case.to_string(),
                measure.to_owned(),
                show(change.then),
                show(change.now),
                per_cent(change.relative()),
            ]);
        }
        let tolerance = format!("{:.0} %", self.tolerance * 100.0);
        let compared = self.changes.len();
        if table.is_empty() {
            sheet.block(&format!(
                "Of {compared} cases none became worse by more than {tolerance}."
            ));
        } else {
            sheet.block(&format!(
                "Of {compared} cases these became worse by more than {tolerance}:"
            ));
            sheet.block(&table.markdown());
        }
        Ok(())
    }
}
