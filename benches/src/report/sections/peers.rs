//! What the same work costs elsewhere.

use std::rc::Rc;

use crate::report::case::{Case, Operation};
use crate::report::markdown::{Table, figure};
use crate::report::page::{Section, Sheet};
use crate::report::results::Results;

/// The storages of other frameworks beside ours.
pub(super) struct Peers(pub(super) Rc<Results>);

/// At least so many times as much has to be done as by this storage, at 256 people.
const GOALS: [(&str, f64); 2] = [("teloxide SqliteStorage", 20.0), ("teloxide RedisStorage", 4.0)];

/// Our store in the same place, as durable as there is one.
fn ours(backend: &str) -> &str {
    match backend {
        "sqlite" => "sqlite-full",
        "redis" => "redis-always",
        other => other,
    }
}

impl Section for Peers {
    fn title(&self) -> String {
        "Other frameworks".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let header = [
            "storage",
            "goal",
            "people at once",
            "answers per second",
            "p50 µs",
            "p99 µs",
            "Stepkeep per second",
            "ratio",
        ];
        let mut table = Table::new(header, 2);
        for peer in &self.0.peers {
            let case = Case::new(Operation::GetUpdate, 600, peer.concurrency);
            let ours = self.0.of(ours(&peer.backend), case);
            let ratio = ours.map(|ours| ours.per_second / peer.answers_per_second);
            let goal = GOALS
                .iter()
                .find(|(name, _)| *name == peer.peer && peer.concurrency == 256);
            let goal = match (goal, ratio) {
                (Some((_, goal)), Some(ratio)) if ratio >= *goal => format!("≥ {goal} ×, met"),
                (Some((_, goal)), Some(_)) => format!("≥ {goal} ×, **not met**"),
                _ => String::new(),
            };
            let or_none = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), figure);
            table.row([
                peer.peer.clone(),
                goal,
                peer.concurrency.to_string(),
                figure(peer.answers_per_second),
                figure(peer.p50_microseconds),
                figure(peer.p99_microseconds),
                or_none(ours.map(|ours| ours.per_second)),
                or_none(ratio),
            ]);
        }
        if !table.is_empty() {
            sheet.block(
                "What one answer costs, get and update of a session of about 600 bytes, with the storages of other frameworks, on the \
                 same servers, beside Stepkeep's store in the same place (SQLite with `synchronous=full`). None of them compares \
                 revisions: of two writers the last one wins. Those on SQLite are as durable as they come; `WAL NORMAL` may lose the \
                 last writes with the power.",
            );
            sheet.block(&table.markdown());
        }
        Ok(())
    }
}
