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
    use stepkeep_core::Timestamp;

    use super::*;
    use crate::ledger::LedgerTotals;
    use crate::localization::{Language, Localizer};
    use crate::money::{Currency, Money};

    #[test]
    fn the_figures_read_well_in_both_languages() {
        let localizer = Localizer::new().unwrap();
        let money = |minor| Money::from_minor(minor, Currency::USD);
        let overview = Overview {
            at: Timestamp::from_millis(1_700_000_000_000),
            took_millis: 4_200,
            is_whole: false,
            people: 12_000,
            seen_in_a_day: 310,
            seen_in_a_week: 1_900,
            in_dialogue: 41,
            flows: vec![FlowOverview {
                flow: "shipping".to_owned(),
                people: 43,
                steps: vec![("sender_name".to_owned(), 40), ("done".to_owned(), 3)],
            }],
            calls: 2,
            updates: 0,
            letters: 1,
            ledger: Some(LedgerTotals {
                balances: money(123_456),
                spent: money(98_700),
                open_labels: 1,
                open_generations: 7,
                is_whole: true,
            }),
            store: Some(StoreOverview {
                backend: "sqlite".to_owned(),
                records: 25_000,
                bytes: Some(50_000_000),
            }),
            uptime_millis: 93_784_000,
        };
        let shown = Language::ALL.map(|language| {
            let localizer = &localizer;
            let speech = Speech { localizer, language };
            let version = format!(" {}\n", env!("CARGO_PKG_VERSION"));
            speech.overview(&overview).replace(&version, " VERSION\n")
        });
        insta::assert_snapshot!(shown.join("\n---\n"), @r"
        📊 People I know: 12000
        Seen in the last 24 hours: 310, in the last 7 days: 1900

        In a dialogue: 41
        • shipping: 43 (sender_name 40, done 3)

        Under way: labels 1, generations 7
        On balances: $1,234.56; spent: $987.00
        Outside calls not back yet: 2; updates that wait: 0; dead letters: 1
        Store (sqlite): 25000 records, 47 MiB
        This process: up for 1 d 2 h, version VERSION

        Counted at 22:13 UTC, within 4 s
        ⚠️ There was not enough time to count all: the figures are at least these.
        ---
        📊 Людей знаю: 12000
        Были за последние 24 часа: 310, за последние 7 дней: 1900

        В диалоге: 41
        • shipping: 43 (sender_name 40, done 3)

        В работе: этикеток 1, генераций 7
        На балансах: 1 234,56 $; потрачено: 987,00 $
        Внешних вызовов без ответа: 2; обновлений ждёт: 0; отложено неразобранных: 1
        Хранилище (sqlite): записей 25000, 47 MiB
        Этот процесс: работает 1 д 2 ч, версия VERSION

        Посчитано в 22:13 UTC, за 4 с
        ⚠️ Посчитать всё не хватило времени: на самом деле не меньше, чем здесь.
        ");
    }

    #[test]
    fn a_number_of_bytes_is_told_in_the_largest_unit() {
        let sizes = [0, 1_023, 1_024, 5_000_000, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1 KiB", "4 MiB", "16777215 TiB"]);
    }
}
