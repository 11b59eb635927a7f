//! What a soak brought, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::audit::{Rule, Violation};
use crate::latency::{LatencyReport, Percentiles};

/// How many violations are told in full.
const TOLD: usize = 10;

/// What a soak brought.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What ran.
    pub ran: Ran,
    /// How many conversations came to their end.
    pub conversations: usize,
    /// How many orders there were, cancelled ones too.
    pub orders: usize,
    /// How many were confirmed.
    pub purchases: usize,
    /// How many labels were bought.
    pub labels: usize,
    /// How many acts of people were answered.
    pub answers: usize,
    /// For how long, in seconds.
    pub seconds: f64,
    /// Answers per second.
    pub answers_per_second: f64,
    /// How many calls to the Bot API there were, long polls among them.
    pub telegram_calls: u64,
    /// How long answers took.
    pub latency: LatencyReport,
    /// How long they took for the others, without and with a person whose carriers are slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// What was done to the bot and around it, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often each promise was broken.
    pub audit: BTreeMap<Rule, usize>,
    /// Messages that came again after something that excuses it.
    pub messages_repeated: usize,
    /// How often the bot said that it has trouble with its store.
    pub troubles_told: usize,
    /// Each broken promise.
    pub violations: Vec<Violation>,
    /// Where the logs are, when they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<PathBuf>,
}

/// What ran, to run it again.
#[derive(Debug, Serialize)]
pub struct Ran {
    /// How many people.
    pub people: usize,
    /// Which store.
    pub store: String,
    /// How many processes.
    pub processes: usize,
    /// How updates came.
    pub delivery: String,
    /// Which faults.
    pub faults: String,
    /// The seed.
    pub seed: u64,
}

/// What a slow conversation costs the others.
#[derive(Debug, Serialize)]
pub struct Isolation {
    /// Without one.
    pub without: Percentiles,
    /// With one.
    pub with: Percentiles,
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// The report for people.
    pub fn for_people(&self) -> String {
        let ran = &self.ran;
        let mut parts = vec![
            format!(
                "{} people, {} conversations, {} orders, {} purchases, {} labels\n{} with {} process(es), {}, seed {}\n\
                 faults: {}\n{} answers in {:.1} s: {:.1} per second",
                ran.people,
                self.conversations,
                self.orders,
                self.purchases,
                self.labels,
                ran.store,
                ran.processes,
                ran.delivery,
                ran.seed,
                ran.faults,
                self.answers,
                self.seconds,
                self.answers_per_second
            ),
            self.latency_table().to_string(),
        ];
        if !self.faults.is_empty() {
            parts.push(self.fault_table().to_string());
        }
        parts.push(self.audit_table().to_string());
        if self.is_clean() {
            parts.push("Every promise was kept.".to_owned());
        } else {
            parts.extend(self.violations.iter().take(TOLD).map(told));
            if self.violations.len() > TOLD {
                parts.push(format!(
                    "and {} more: --json tells all",
                    self.violations.len() - TOLD
                ));
            }
        }
        if let Some(logs) = &self.logs {
            parts.push(format!("the bot's logs are kept in {}", logs.display()));
        }
        parts.join("\n\n")
    }

    fn latency_table(&self) -> Table {
        let mut table = table(["from act to answer, ms", "count", "p50", "p90", "p99", "max"]);
        let mut row = |name: &str, percentiles: &Percentiles| {
            let Percentiles {
                count,
                p50,
                p90,
                p99,
                max,
            } = percentiles;
            let figures = [p50, p90, p99, max].map(|figure| format!("{figure:.1}"));
            table.add_row([name.to_owned(), count.to_string()].into_iter().chain(figures));
        };
        row("taps", &self.latency.taps);
        row("texts", &self.latency.texts);
        row("outside of faults", &self.latency.outside_of_faults);
        if let Some(Isolation { without, with }) = &self.isolation {
            row("others, without a slow person", without);
            row("others, with a slow person", with);
        }
        align(table)
    }

    fn fault_table(&self) -> Table {
        let mut table = table(["what was done", "times"]);
        for (what, times) in &self.faults {
            table.add_row([(*what).to_owned(), times.to_string()]);
        }
        align(table)
    }

    fn audit_table(&self) -> Table {
        let mut table = table(["audit", "found", "allowed"]);
        for rule in Rule::ALL {
            let found = self.audit.get(&rule).copied().unwrap_or(0);
            table.add_row([rule.name(), &found.to_string(), "0"]);
        }
        table.add_row(["messages repeated", &self.messages_repeated.to_string(), "any"]);
        table.add_row(["trouble told", &self.troubles_told.to_string(), "any"]);
        align(table)
    }
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(header);
    table
}

/// Figures stand to the right.
fn align(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn told(violation: &Violation) -> String {
    let mut text = format!("✗ {}: {}", violation.rule.name(), violation.what);
    if let (Some(person), Some(chat)) = (violation.person, violation.chat) {
        let order = violation
            .order
            .map(|order| format!(", order {order}"))
            .unwrap_or_default();
        // Writing to a string never fails.
        let _ = write!(
            text,
            "\n  person {person} in chat {chat}{order}, at {} ms",
            violation.at_ms
        );
    }
    for line in &violation.before {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}
