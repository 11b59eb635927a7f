//! The figures in words.

use std::time::Duration;

use crate::flows::speech::Speech;
use crate::localization::Args;
use crate::overview::{FlowOverview, Overview, StoreOverview};

/// Steps of a flow that are named at most: the message has to fit.
const MOST_STEPS: usize = 30;

impl Speech<'_> {
    /// The bot in figures.
    pub(super) fn overview(&self, overview: &Overview) -> String {
        let span = |millis| self.localizer.span(self.language, Duration::from_millis(millis));
        let people = Args::new()
            .with("people", overview.people.to_string())
            .with("day", overview.seen_in_a_day.to_string())
            .with("week", overview.seen_in_a_week.to_string());
        let in_dialogue = Args::new().with("people", overview.in_dialogue.to_string());
        let mut lines = vec![
            self.text("stats-people", &people),
            String::new(),
            self.text("stats-in-dialogue", &in_dialogue),
        ];
        lines.extend(overview.flows.iter().map(|flow| self.flow_line(flow)));
        lines.push(String::new());
        if let Some(ledger) = &overview.ledger {
            let open = Args::new()
                .with("labels", ledger.open_labels.to_string())
                .with("generations", ledger.open_generations.to_string());
            let money = Args::new()
                .with("balances", self.money(ledger.balances))
                .with("spent", self.money(ledger.spent));
            lines.push(self.text("stats-open", &open));
            lines.push(self.text("stats-money", &money));
        }
        let waiting = Args::new()
            .with("calls", overview.calls.to_string())
            .with("updates", overview.updates.to_string())
            .with("letters", overview.letters.to_string());
        lines.push(self.text("stats-waiting", &waiting));
        lines.extend(overview.store.as_ref().map(|store| self.store_line(store)));
        let process = Args::new()
            .with("uptime", span(overview.uptime_millis))
            .with("version", env!("CARGO_PKG_VERSION"));
        let counted = Args::new()
            .with("time", self.localizer.time_of_day(self.language, overview.at))
            .with("span", span(overview.took_millis));
        lines.push(self.text("stats-process", &process));
        lines.push(String::new());
        lines.push(self.text("stats-counted", &counted));
        if !overview.is_whole {
            lines.push(self.plain("stats-partial"));
        }
        lines.join("\n")
    }

    fn flow_line(&self, flow: &FlowOverview) -> String {
        let steps = flow.steps.iter().take(MOST_STEPS);
        let steps: Vec<_> = steps.map(|(step, people)| format!("{step} {people}")).collect();
        let args = Args::new()
            .with("flow", flow.flow.clone())
            .with("people", flow.people.to_string())
            .with("steps", steps.join(", "));
        self.text("stats-flow", &args)
    }

    fn store_line(&self, store: &StoreOverview) -> String {
        let args = Args::new()
            .with("backend", store.backend.clone())
            .with("records", store.records.to_string());
        match store.bytes {
            Some(bytes) => self.text("stats-store", &args.with("size", size(bytes))),
            None => self.text("stats-store-of-unknown-size", &args),
        }
    }
}

/// A number of bytes in the largest unit of which there is one: `640 B`, `12 KiB`, `3 GiB`.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (bytes, 0);
    while size >= 1_024 && unit + 1 < units.len() {
        size /= 1_024;
        unit += 1;
    }
    format!("{size} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_bytes_is_told_in_the_largest_unit() {
        let sizes = [0, 1_023, 1_024, 5_000_000, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1 KiB", "4 MiB", "16777215 TiB"]);
    }
}
