//! What an answer costs among many sessions.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::report::case::Case;
use crate::report::markdown::{Table, figure};
use crate::report::page::{Section, Sheet};
use crate::report::plot::{Horizontal, Line, Titles, lines};
use crate::report::results::Results;
use crate::report::sections::name_of;

/// What an answer costs among many sessions.
pub(super) struct Growth(pub(super) Rc<Results>);

impl Section for Growth {
    fn title(&self) -> String {
        "Cost by stored sessions".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let of_growth = self.0.cases.iter().map(|measured| measured.case);
        let cases: BTreeSet<Case> = of_growth.filter(|case| case.stored > 0).collect();
        let mut table = Table::new(["store", "stored sessions", "per second", "p50 µs", "p99 µs"], 1);
        let mut all = Vec::new();
        for (colour, store) in self.0.stores().into_iter().enumerate() {
            let mut points = Vec::new();
            for case in &cases {
                let Some(figures) = self.0.of(store, *case) else {
                    continue;
                };
                points.push((f64::from(case.stored), figures.p50_us));
                table.row([
                    name_of(store).to_owned(),
                    figure(f64::from(case.stored)),
                    figure(figures.per_second),
                    figure(figures.p50_us),
                    figure(figures.p99_us),
                ]);
            }
            if !points.is_empty() {
                all.push(Line {
                    name: store.to_owned(),
                    colour,
                    dashed: false,
                    points,
                });
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        sheet.block("Get + update of 600 bytes by 16 callers, who go round among all sessions.");
        sheet.block(&table.markdown());
        let titles = Titles {
            plot: "Median time of get + update",
            x: "stored sessions",
            y: "microseconds",
        };
        let svg = lines(titles, &Horizontal::Logarithmic, &all)?;
        sheet.plot(
            "stored",
            "Median time of get and update by the number of stored sessions",
            svg,
        );
        Ok(())
    }
}
