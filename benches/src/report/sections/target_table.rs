//! What must hold, and whether it does.

use std::rc::Rc;

use crate::report::markdown::{Table, figure, or_dash, ratio};
use crate::report::page::{Section, Sheet};
use crate::report::results::Results;
use crate::report::sections::name_of;
use crate::report::targets::{Goal, targets};

/// What must hold, and whether it does.
pub(super) struct TargetTable(pub(super) Rc<Results>);

impl Section for TargetTable {
    fn title(&self) -> String {
        "What has to hold".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let columns = ["store", "case", "goal", "", "found", "raw driver", "ratio"];
        let mut table = Table::new(columns, 4);
        for target in targets() {
            let Some(verdict) = target.judge(&self.0) else {
                continue;
            };
            table.row([
                name_of(target.store).to_owned(),
                target.case.to_string(),
                words(target.goal),
                if verdict.met { "met" } else { "**not met**" }.to_owned(),
                figure(verdict.found),
                or_dash(verdict.floor, figure),
                or_dash(verdict.ratio, ratio),
            ]);
        }
        if !table.is_empty() {
            sheet.block(&table.markdown());
            sheet.block("Found is operations per second, or for a goal about p99, microseconds.");
        }
        Ok(())
    }
}

fn words(goal: Goal) -> String {
    match goal {
        Goal::PerSecond(least) => format!("≥ {}/s", figure(least)),
        Goal::OfFloor(part) => format!("≥ {part} × raw driver"),
        Goal::PerSecondOrOfFloor(least, part) => {
            format!("≥ {}/s, or ≥ {part} × raw driver", figure(least))
        }
        Goal::P99OfFloor(most) => format!("p99 ≤ {most} × raw driver"),
    }
}
