//! What durability costs.

use std::rc::Rc;

use crate::report::case::{Case, Operation};
use crate::report::markdown::{Table, figure};
use crate::report::page::{Section, Sheet};
use crate::report::plot::bars;
use crate::report::results::Results;
use crate::report::sections::name_of;

/// What durability costs.
pub(super) struct Durability(pub(super) Rc<Results>);

impl Section for Durability {
    fn title(&self) -> String {
        "Durability beside speed".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let case = Case::new(Operation::Update, 600, 256);
        let mut table = Table::new(
            [
                "store",
                "an acknowledged write survives",
                "updates per second",
                "p99 µs",
            ],
            2,
        );
        let mut drawn = Vec::new();
        for store in self.0.stores() {
            let Some(figures) = self.0.of(store, case) else {
                continue;
            };
            let survives = self.0.survives.get(store).map_or("?", |survives| survives);
            table.row([
                name_of(store).to_owned(),
                survives.to_owned(),
                figure(figures.per_second),
                figure(figures.p99_us),
            ]);
            drawn.push((
                format!("{} (survives {survives})", name_of(store)),
                figures.per_second,
            ));
        }
        if !table.is_empty() {
            sheet.block("Updates of 600 bytes by 256 callers.");
            sheet.block(&table.markdown());
            let svg = bars("Updates per second, on a logarithmic axis", &drawn)?;
            sheet.plot(
                "durability",
                "Updates per second of each store, with what an acknowledged write survives",
                svg,
            );
        }
        Ok(())
    }
}
