//! What people notice of a store.

use std::rc::Rc;

use crate::report::bare_calls::BareCalls;
use crate::report::markdown::{Table, figure};
use crate::report::page::{Section, Sheet};
use crate::report::results::Results;
use crate::report::whole_bot::WholeBot;

/// The goals: 200 people at once on two cores that the crowd has a share in.
const PER_SECOND: f64 = 10_000.0;
const P99_MS: f64 = 40.0;
const PROCESSOR_MS: f64 = 0.12;
const MEMORY_MIB: f64 = 60.0;

/// The part of the cores from which on they count as busy.
const ALL_BUSY: f64 = 0.9;

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
            "calls an answer",
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
                bot.calls_per_answer.map_or_else(String::new, figure),
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
            if let Some(bare) = self.0.bare_calls {
                sheet.block(&under_all(bare, &self.0.whole_bots));
            }
            let mut judged = Table::new(["goal of whole bots", "", "found"], 2);
            for Goal { words, met, found } in goals(&self.0.whole_bots, self.0.machine.cores) {
                let met = if met { "met" } else { "**not met**" };
                judged.row([words, met.to_owned(), found]);
            }
            sheet.block(&judged.markdown());
        }
        Ok(())
    }
}

/// What calls to Telegram alone take, and what that leaves for whole bots.
fn under_all(bare: BareCalls, bots: &[WholeBot]) -> String {
    let least = bots
        .iter()
        .filter_map(|bot| bot.calls_per_answer)
        .min_by(f64::total_cmp);
    let leaves = least.map_or_else(String::new, |calls| {
        format!(
            " An answer takes {} calls at least, so with calls alone these cores would be full at {} answers a second.",
            figure(calls),
            figure(bare.per_second / calls),
        )
    });
    format!(
        "Calls to Telegram with nothing around them, by as many callers, from an HTTP client to a stand-in that answers all alike, \
         in one process on the same cores: {} a second, {} ms of CPU a call at both ends.{leaves}",
        figure(bare.per_second),
        figure(bare.processor_ms),
    )
}

/// What is wanted of whole bots, and what became of it.
struct Goal {
    words: String,
    met: bool,
    found: String,
}

/// Of what was measured.
fn goals(bots: &[WholeBot], cores: usize) -> Vec<Goal> {
    let by = |store: &str, delivery: &str, processes: u32| {
        let is_it = move |bot: &&WholeBot| {
            bot.store == store && bot.delivery == delivery && bot.processes == processes
        };
        bots.iter().find(is_it)
    };
    let mut goals = Vec::new();
    let mut add = |words: String, met: bool, found: String| goals.push(Goal { words, met, found });
    for store in ["sqlite", "redis"] {
        if let Some(bot) = by(store, "polling", 1) {
            let found = figure(bot.answers_per_second);
            let words = format!("{store}, polling: at least {}/s", figure(PER_SECOND));
            add(words, bot.answers_per_second >= PER_SECOND, found);
        }
    }
    if let Some(bot) = by("sqlite", "polling", 1) {
        let most = [
            ("p99, ms", bot.p99_ms, P99_MS),
            ("CPU an answer, ms", bot.processor_ms, PROCESSOR_MS),
            ("memory, MiB", bot.memory_mib, MEMORY_MIB),
        ];
        for (what, found, most) in most {
            let words = format!("sqlite, polling, {what}: below {}", figure(most));
            add(words, found < most, figure(found));
        }
    }
    for store in ["redis", "mongodb"] {
        let three = by(store, "webhook", 3).and_then(|bot| bot.busy_cores);
        if let (Some(busy), Ok(cores)) = (three, u32::try_from(cores)) {
            let words = format!("{store}, webhook, 3 processes: all cores busy");
            let is_all = busy >= ALL_BUSY * f64::from(cores);
            add(words, is_all, format!("{busy:.1} of {cores}"));
        }
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_bot_is_judged_by_how_it_runs() {
        let polling = sample::results().whole_bots.remove(0);
        let webhook = WholeBot {
            store: "redis".to_owned(),
            delivery: "webhook".to_owned(),
            processes: 3,
            busy_cores: Some(1.5),
            ..polling.clone()
        };
        let quick = WholeBot {
            answers_per_second: 10_000.0,
            p99_ms: 39.9,
            memory_mib: 59.0,
            ..polling
        };
        let met = |bots: &[WholeBot]| goals(bots, 2).iter().map(|goal| goal.met).collect::<Vec<_>>();
        assert_eq!(met(&[quick, webhook.clone()]), [true, true, false, true, false]);
        let busy = WholeBot {
            busy_cores: Some(1.9),
            ..webhook
        };
        assert_eq!(met(&[busy]), [true]);
        assert!(met(&[]).is_empty());
    }
}
