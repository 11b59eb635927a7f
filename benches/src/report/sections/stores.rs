//! All figures of one store.

use std::rc::Rc;

use crate::report::case::{Case, Operation, size};
use crate::report::latency::Figures;
use crate::report::markdown::{Table, figure, or_dash, ratio};
use crate::report::page::{Section, Sheet};
use crate::report::plot::{Horizontal, Line, Titles, lines};
use crate::report::ratios;
use crate::report::results::Results;
use crate::report::sections::name_of;
use crate::report::sections::throughput::CONCURRENCY;

/// All figures of one store.
pub(super) struct StoreTable {
    pub(super) results: Rc<Results>,
    pub(super) store: String,
}

impl Section for StoreTable {
    fn title(&self) -> String {
        name_of(&self.store).to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let mut of_store: Vec<(Case, Figures)> = self
            .results
            .cases
            .iter()
            .filter(|measured| !measured.raw && measured.store == self.store && measured.case.stored == 0)
            .map(|measured| (measured.case, measured.figures))
            .collect();
        of_store.sort_by_key(|(case, _)| *case);
        let header = [
            "operation",
            "size",
            "callers",
            "per second",
            "raw driver",
            "ratio",
            "p50 µs",
            "p99 µs",
            "raw p50",
            "raw p99",
        ];
        let mut table = Table::new(header, 2);
        for (case, figures) in of_store {
            let floor = self.results.floor_of(&self.store, case);
            let of_floor = |of: fn(&Figures) -> f64| or_dash(floor.map(of), figure);
            table.row([
                case.operation.to_string(),
                size(case.bytes),
                case.concurrency.to_string(),
                figure(figures.per_second),
                of_floor(|floor| floor.per_second),
                or_dash(floor.and_then(|floor| ratios::throughput(&figures, floor)), ratio),
                figure(figures.p50_us),
                figure(figures.p99_us),
                of_floor(|floor| floor.p50_us),
                of_floor(|floor| floor.p99_us),
            ]);
        }
        if table.is_empty() {
            return Ok(());
        }
        self.draw(sheet)?;
        sheet.block(&table.markdown());
        Ok(())
    }
}

impl StoreTable {
    fn draw(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let mut all = Vec::new();
        for (colour, callers) in CONCURRENCY.into_iter().enumerate() {
            let case = Case::new(Operation::GetUpdate, 600, callers);
            let of_store = self.results.of(&self.store, case);
            let of_floor = self.results.floor_of(&self.store, case);
            for (figures, dashed) in [(of_store, false), (of_floor, true)] {
                if let Some(figures) = figures {
                    let Figures {
                        p50_us,
                        p90_us,
                        p99_us,
                        p999_us,
                        ..
                    } = *figures;
                    let points = vec![(0.0, p50_us), (1.0, p90_us), (2.0, p99_us), (3.0, p999_us)];
                    all.push(Line {
                        name: format!(
                            "concurrency {callers}{}",
                            if dashed { ", raw driver" } else { "" }
                        ),
                        colour,
                        dashed,
                        points,
                    });
                }
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        let title = format!("{}: time of get + update, 600 B", name_of(&self.store));
        let titles = Titles {
            plot: &title,
            x: "percentile",
            y: "microseconds",
        };
        let names = Horizontal::Named(vec!["p50", "p90", "p99", "p99.9"]);
        let alternative = format!(
            "Percentiles of get and update on {} by the number of callers",
            name_of(&self.store)
        );
        sheet.plot(
            &format!("latency-{}", self.store),
            &alternative,
            lines(titles, &names, &all)?,
        );
        Ok(())
    }
}
