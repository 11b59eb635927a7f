//! What people notice of a store.

use std::rc::Rc;

use crate::report::markdown::{Table, figure};
use crate::report::page::{Section, Sheet};
use crate::report::results::Results;

/// What people notice of a store.
pub(super) struct WholeBots(pub(super) Rc<Results>);

impl Section for WholeBots {
    fn title(&self) -> String {
        "Whole bots".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let header = [
            "store",
            "delivery",
            "processes",
            "people",
            "answers per second",
            "p50 ms",
            "p99 ms",
            "CPU ms per answer",
            "cores busy",
            "memory MiB",
            "broken promises",
        ];
        let mut table = Table::new(header, 2);
        for bot in &self.0.whole_bots {
            table.row([
                bot.store.clone(),
                bot.delivery.clone(),
                bot.processes.to_string(),
                bot.people.to_string(),
                figure(bot.answers_per_second),
                figure(bot.p50_ms),
                figure(bot.p99_ms),
                figure(bot.processor_ms),
                bot.busy_cores
                    .map_or_else(String::new, |busy| format!("{busy:.1}")),
                figure(bot.memory_mib),
                bot.broken.to_string(),
            ]);
        }
        if !table.is_empty() {
            sheet.block(
                "[The crowd](soak.md) talks without a pause with the bot's own processes, without faults. The crowd, the \
                 stand-ins for Telegram and the shipping API and the store's server have the same cores: \"cores busy\" counts \
                 them all. CPU is that of all processes of the bot together, memory that of the largest.",
            );
            sheet.block(&table.markdown());
        }
        Ok(())
    }
}
