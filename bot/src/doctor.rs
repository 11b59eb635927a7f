//! `stepkeep doctor`: looks at a store as an operator would, and changes nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::sync::Arc;

use anyhow::Context;
use stepkeep_core::{
    Fit, Flows, ScanFilter, SchemaStatus, Scope, Session, SessionStore, StoreError, StoreHealth,
    StoreStatistics,
};

use crate::cli::DoctorArgs;
use crate::config::{StoreSettings, StoreUrl};
use crate::dead_letters::DeadLetters;
use crate::failure::Failure;
use crate::flows::{FlowSettings, flows};
use crate::localization::Localizer;
use crate::logging;
use crate::store::OpenStore;

/// Looks at the store that the settings name, and prints what there is to know: its schema, how many sessions it has, and
/// what can be lost.
///
/// # Errors
/// When the settings are wrong, the store can't be reached, or a bot that starts could not use it. A warning is no error.
pub async fn doctor(
    arguments: &DoctorArgs,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    let settings = StoreSettings::load(&arguments.sources(environment))?;
    logging::init(&settings.log)?;
    let url = &settings.store;
    let unusable = || {
        Failure::new(
            format!("the store {url} can't be used"),
            "look at the reason above; a file that is not there yet is made by `stepkeep run`",
        )
    };
    let store = OpenStore::inspect(url).await.with_context(unusable)?;
    if let Some(url) = &settings.ledger {
        check_ledger(url).await?;
    }
    let localizer = Arc::new(Localizer::new().context("the bot's texts can't be read")?);
    let flows = flows(&localizer, &FlowSettings::default());
    let report = Report::of(&store, &flows, url.sets_up_schema()).await;
    store.close().await;
    let report = report.with_context(unusable)?;
    print!("{}", report.text(url));
    if report.is_ready() {
        Ok(())
    } else {
        Err(anyhow::anyhow!("its schema is not what this version needs").context(unusable()))
    }
}

/// Looks at the ledger's own store: whether it can be used, and what it can lose.
async fn check_ledger(url: &StoreUrl) -> anyhow::Result<()> {
    let unusable = || {
        Failure::new(
            format!("the ledger's store {url} can't be used"),
            "look at the reason above, or name another one in STEPKEEP_LEDGER_URL",
        )
    };
    let store = OpenStore::inspect(url).await.with_context(unusable)?;
    let schema = store.administration.check_schema().await;
    let health = store.administration.check_health().await;
    store.close().await;
    let is_ready = match schema.with_context(unusable)? {
        SchemaStatus::Current { .. } => true,
        SchemaStatus::Missing | SchemaStatus::Outdated { .. } => url.sets_up_schema(),
    };
    println!("The ledger's store {url} can be reached.");
    for warning in health.with_context(unusable)?.warnings {
        println!("  warning: {warning}");
    }
    println!();
    if is_ready {
        Ok(())
    } else {
        Err(anyhow::anyhow!("its schema is not what this version needs").context(unusable()))
    }
}

/// What there is to know about a store.
#[derive(Debug)]
struct Report {
    /// Whether a bot that starts makes the schema what it has to be.
    sets_up: bool,
    backend: &'static str,
    schema: SchemaStatus,
    health: StoreHealth,
    statistics: StoreStatistics,
    fits: Fits,
}

/// How well this version can go on with the sessions of people, by flow; and what else lies in the store.
#[derive(Debug, Default)]
struct Fits {
    counts: BTreeMap<(Fit, String), usize>,
    dead_letters: usize,
    unreadable: usize,
}

/// How many sessions are read at a time.
const PAGE: usize = 500;

impl Fits {
    async fn of(store: &dyn SessionStore, flows: &Flows) -> Result<Self, StoreError> {
        let mut fits = Self::default();
        let mut after = None;
        loop {
            let page = store.scan(&ScanFilter::default(), after, PAGE).await?;
            fits.unreadable += page.unreadable.len();
            for session in &page.sessions {
                fits.count(session, flows);
            }
            after = page.next;
            if after.is_none() {
                return Ok(fits);
            }
        }
    }

    fn count(&mut self, session: &Session, flows: &Flows) {
        let scope = session.key().scope();
        if *scope == DeadLetters::scope() {
            self.dead_letters += 1;
        } else if *scope == Scope::main() {
            let flow = session.flow().map(ToString::to_string).unwrap_or_default();
            *self.counts.entry((flows.fit(session), flow)).or_default() += 1;
        }
    }

    /// Whether something has to be said.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let of_fit = |fits: &[Fit]| {
            let counts = self.counts.iter().filter(|((fit, _), _)| fits.contains(fit));
            counts.map(|(_, count)| count).sum::<usize>()
        };
        let mut lines = vec![(
            "people",
            format!(
                "{} in a dialogue, {} in none",
                of_fit(&[
                    Fit::Known,
                    Fit::Older,
                    Fit::Newer,
                    Fit::UnknownStep,
                    Fit::UnknownFlow
                ]),
                of_fit(&[Fit::Home])
            ),
        )];
        for ((fit, flow), count) in &self.counts {
            let told = match fit {
                Fit::Home | Fit::Known => continue,
                Fit::Older => (
                    "migrate",
                    format!("{count} in an older version of {flow:?}: migrated at their next answer"),
                ),
                Fit::Newer => (
                    "warning",
                    format!("{count} in a newer version of {flow:?}: they have to wait for that version"),
                ),
                Fit::UnknownStep => (
                    "warning",
                    format!(
                        "{count} in a step of {flow:?} that this version doesn't know: led to one that it does"
                    ),
                ),
                Fit::UnknownFlow => (
                    "warning",
                    format!("{count} in {flow:?}, which this version doesn't know: led to the main menu"),
                ),
            };
            lines.push(told);
        }
        if self.dead_letters > 0 {
            lines.push((
                "warning",
                format!(
                    "{} dead letters: `stepkeep dead-letters list` shows them",
                    self.dead_letters
                ),
            ));
        }
        if self.unreadable > 0 {
            lines.push((
                "warning",
                format!(
                    "{} records can't be read; the bot leaves them alone",
                    self.unreadable
                ),
            ));
        }
        lines
    }
}

impl Report {
    async fn of(store: &OpenStore, flows: &Flows, sets_up: bool) -> Result<Self, StoreError> {
        let administration = &store.administration;
        let schema = administration.check_schema().await?;
        let fits = match schema {
            SchemaStatus::Current { .. } => Fits::of(&*store.sessions, flows).await?,
            // What is there can't be read before it is migrated.
            _ => Fits::default(),
        };
        Ok(Self {
            sets_up,
            backend: administration.backend(),
            schema,
            health: administration.check_health().await?,
            statistics: administration.statistics().await?,
            fits,
        })
    }

    /// Whether a bot that starts can use the store.
    fn is_ready(&self) -> bool {
        self.sets_up || matches!(self.schema, SchemaStatus::Current { .. })
    }

    fn text(&self, url: &StoreUrl) -> String {
        let who = if self.sets_up {
            "the next `stepkeep run` sets it up"
        } else {
            "and the URL says that a start leaves it so"
        };
        let schema = match self.schema {
            SchemaStatus::Missing => format!("none yet: {who}"),
            SchemaStatus::Outdated { found, needed } => {
                format!("version {found}, and {needed} is needed: {who}")
            }
            SchemaStatus::Current { version } => format!("version {version}, as needed"),
        };
        let StoreStatistics { sessions, bytes, .. } = self.statistics;
        let bytes = bytes.map_or_else(String::new, |bytes| format!(", {}", in_words(bytes)));
        let mut text = format!(
            "store     {url} ({})\nschema    {schema}\nsessions  {sessions}{bytes}\n",
            self.backend
        );
        let mut lines = match self.schema {
            SchemaStatus::Current { .. } => self.fits.lines(),
            _ => Vec::new(),
        };
        let warnings = self.health.warnings.iter();
        lines.extend(warnings.map(|warning| ("warning", warning.clone())));
        for (word, line) in &lines {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{word:<10}{line}");
        }
        if !lines.iter().any(|(word, _)| *word == "warning") {
            text.push_str("warnings  none\n");
        }
        text
    }
}

fn in_words(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{
        BotId, FlowName, NewSession, Position, SessionChange, SessionKey, StepName, Timestamp, UserId,
    };

    use super::*;

    #[cfg(feature = "memory")]
    #[test]
    fn the_report_says_what_there_is_and_what_is_wrong() {
        let mut report = Report {
            sets_up: true,
            backend: "redis",
            schema: SchemaStatus::Current { version: 1 },
            health: StoreHealth::default(),
            statistics: StoreStatistics::new(3, Some(5_000)),
            fits: Fits::default(),
        };
        let url = StoreUrl::parse("memory:").unwrap();
        insta::assert_snapshot!(report.text(&url), @r"
        store     memory: (redis)
        schema    version 1, as needed
        sessions  3, 4 KiB
        people    0 in a dialogue, 0 in none
        warnings  none
        ");
        report.schema = SchemaStatus::Missing;
        report.statistics = StoreStatistics::new(0, None);
        report.health = StoreHealth::with_warnings(vec!["one".to_owned(), "another".to_owned()]);
        insta::assert_snapshot!(report.text(&url), @r"
        store     memory: (redis)
        schema    none yet: the next `stepkeep run` sets it up
        sessions  0
        warning   one
        warning   another
        ");
        assert!(report.is_ready());
        report.sets_up = false;
        insta::assert_snapshot!(report.text(&url).lines().nth(1).unwrap(), @"schema    none yet: and the URL says that a start leaves it so");
        assert!(!report.is_ready());
    }

    #[test]
    fn sessions_that_this_version_can_not_go_on_with_are_counted() {
        let localizer = Arc::new(Localizer::new().unwrap());
        let flows = flows(&localizer, &FlowSettings::default());
        let at = |flow: &'static str, version, step: &'static str| {
            let change = SessionChange::new(Timestamp::EPOCH).go_to(Position {
                flow: FlowName::constant(flow),
                version,
                step: StepName::constant(step),
            });
            NewSession::new(SessionKey::private(BotId(1), UserId(2)), change).session()
        };
        let mut fits = Fits::default();
        for session in [
            at("shipping", 1, "sender_city"),
            at("shipping", 1, "rates"),
            at("shipping", 0, "sender_city"),
            at("shipping", 2, "sender_city"),
            at("shipping", 1, "sender_planet"),
            at("parcels", 1, "sender_city"),
        ] {
            fits.count(&session, &flows);
        }
        let letter = SessionKey::private(BotId(1), UserId(2)).with_scope(DeadLetters::scope());
        let letter = NewSession::new(letter, SessionChange::new(Timestamp::EPOCH)).session();
        fits.count(&letter, &flows);
        let lines: Vec<String> = fits
            .lines()
            .into_iter()
            .map(|(word, line)| format!("{word}: {line}"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
