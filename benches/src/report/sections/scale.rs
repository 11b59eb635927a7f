//! What holds with millions of sessions.

use std::rc::Rc;

use crate::report::case::Operation;
use crate::report::markdown::{Table, figure, or_dash, ratio};
use crate::report::page::{Section, Sheet};
use crate::report::plot::{Horizontal, Line, Titles, lines};
use crate::report::results::Results;
use crate::report::scale::{Level, of_store, stores, verdicts};
use crate::report::sections::name_of;

/// What holds with millions of sessions.
pub(super) struct Scale(pub(super) Rc<Results>);

impl Section for Scale {
    fn title(&self) -> String {
        "Scale".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        if self.0.scale.is_empty() {
            return Ok(());
        }
        sheet.block(
            "Each store alone, with more and more sessions of 600 bytes that were last changed at some time of a day. Callers \
             take people by chance among all. Everything fits into this machine's memory, as the cache of the file system's \
             files or the server's own.",
        );
        let goals = self.goals();
        if !goals.is_empty() {
            sheet.block(&goals.markdown());
        }
        self.draw(sheet)?;
        sheet.block(&self.costs().markdown());
        sheet.block(
            "Disk alone is how long it takes to keep a page of 4 KiB, without any store. A disk that has just been given gigabytes \
             may take longer for a while, and so does whoever waits for it.",
        );
        sheet.block(
            "What a session takes on the disk and in the server's memory, and how long a bot waits at its start until the store is \
             open and has answered for the first time. Redis writes its log anew from time to time: right after that it is as short \
             as \"on disk\" says, and it grows to twice of that, at the most. MongoDB's log for other members (oplog) comes on top.",
        );
        sheet.block(&self.footprints().markdown());
        sheet.block(
            "A cleanup of every tenth session, which all are idle, while 16 callers change others at a steady pace of a quarter of what \
             they could do, and of 4,000 a second at most.",
        );
        sheet.block(&self.cleanups().markdown());
        Ok(())
    }
}

impl Scale {
    /// The sizes, store by store, each with the smallest one of its store.
    fn levels(&self) -> impl Iterator<Item = (&Level, &Level)> {
        stores(&self.0.scale).into_iter().flat_map(|store| {
            let levels = of_store(&self.0.scale, store);
            let smallest = levels.first().copied();
            levels
                .into_iter()
                .filter_map(move |level| Some((level, smallest?)))
        })
    }

    fn goals(&self) -> Table {
        let mut table = Table::new(["store", "goal", "", "found"], 4);
        for verdict in verdicts(&self.0.scale) {
            table.row([
                name_of(&verdict.store).to_owned(),
                verdict.goal,
                if verdict.met { "met" } else { "**not met**" }.to_owned(),
                verdict.found,
            ]);
        }
        table
    }

    fn costs(&self) -> Table {
        let header = [
            "store",
            "operation",
            "callers",
            "sessions",
            "per second",
            "p50 µs",
            "p99 µs",
            "p50 by that of the fewest",
            "disk alone, µs",
        ];
        let mut table = Table::new(header, 2);
        for (level, smallest) in self.levels() {
            for cost in &level.costs {
                table.row([
                    name_of(&level.store).to_owned(),
                    cost.operation.to_string(),
                    cost.concurrency.to_string(),
                    count(level.stored),
                    figure(cost.figures.per_second),
                    figure(cost.figures.p50_us),
                    figure(cost.figures.p99_us),
                    or_dash(level.growth(smallest, cost.operation, cost.concurrency), ratio),
                    or_dash((cost.flush_us > 0.0).then_some(cost.flush_us), figure),
                ]);
            }
        }
        table
    }

    fn footprints(&self) -> Table {
        let header = [
            "store",
            "sessions",
            "bytes on disk",
            "of them indexes",
            "before the log was written anew",
            "bytes in memory",
            "open, ms",
            "filled per second",
        ];
        let mut table = Table::new(header, 1);
        for (level, _) in self.levels() {
            let each = |bytes: u64| figure(of(bytes) / f64::from(level.stored.max(1)));
            let footprint = level.footprint;
            table.row([
                name_of(&level.store).to_owned(),
                count(level.stored),
                each(footprint.disk_bytes),
                footprint.index_bytes.map_or_else(dash, each),
                footprint.grown_bytes.map_or_else(dash, each),
                footprint.memory_bytes.map_or_else(dash, each),
                figure(level.opening_ms),
                figure(f64::from(level.filled) / level.fill_seconds),
            ]);
        }
        table
    }

    fn cleanups(&self) -> Table {
        let header = [
            "store",
            "sessions",
            "removed",
            "seconds",
            "updates per second",
            "p99 µs before",
            "p99 µs beside it",
            "ratio",
            "longest ms before",
            "longest ms beside it",
        ];
        let mut table = Table::new(header, 1);
        for (level, _) in self.levels() {
            let Some(cleanup) = level.cleanup else {
                continue;
            };
            table.row([
                name_of(&level.store).to_owned(),
                count(level.stored),
                figure(of(cleanup.removed)),
                figure(cleanup.seconds),
                figure(cleanup.during.per_second),
                figure(cleanup.before.p99_us),
                figure(cleanup.during.p99_us),
                or_dash(cleanup.tail(), ratio),
                figure(cleanup.before.max_us / 1_000.0),
                figure(cleanup.during.max_us / 1_000.0),
            ]);
        }
        table
    }

    fn draw(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let mut all = Vec::new();
        for (colour, store) in stores(&self.0.scale).into_iter().enumerate() {
            for (operation, dashed) in [(Operation::GetUpdate, false), (Operation::Get, true)] {
                let points = of_store(&self.0.scale, store).into_iter().filter_map(|level| {
                    Some((f64::from(level.stored), level.cost(operation, 16)?.figures.p50_us))
                });
                all.push(Line {
                    name: format!("{store}, {operation}"),
                    colour,
                    dashed,
                    points: points.collect(),
                });
            }
        }
        let titles = Titles {
            plot: "Median time by stored sessions, 16 callers",
            x: "stored sessions",
            y: "microseconds",
        };
        let svg = lines(titles, &Horizontal::Logarithmic, &all)?;
        sheet.plot(
            "scale",
            "Median time of get and update, and of get, by the number of stored sessions",
            svg,
        );
        Ok(())
    }
}

fn count(number: u32) -> String {
    figure(f64::from(number))
}

fn dash() -> String {
    or_dash(None, figure)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a disk are far below 2^53")]
fn of(bytes: u64) -> f64 {
    bytes as f64
}
