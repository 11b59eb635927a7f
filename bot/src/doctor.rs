//! `stepkeep doctor`: looks at a store as an operator would, and changes nothing.

use std::ffi::OsString;
use std::fmt::Write;

use anyhow::Context;
use stepkeep_core::{SchemaStatus, StoreAdministration, StoreHealth, StoreStatistics};

use crate::cli::DoctorArgs;
use crate::config::{StoreSettings, StoreUrl};
use crate::failure::Failure;
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
    let report = Report::of(&*store.administration, url.sets_up_schema()).await;
    store.close().await;
    let report = report.with_context(unusable)?;
    print!("{}", report.text(url));
    if report.is_ready() {
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
}

impl Report {
    async fn of(store: &dyn StoreAdministration, sets_up: bool) -> Result<Self, stepkeep_core::StoreError> {
        Ok(Self {
            sets_up,
            backend: store.backend(),
            schema: store.check_schema().await?,
            health: store.check_health().await?,
            statistics: store.statistics().await?,
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
        // Writing to a string can't fail.
        for warning in &self.health.warnings {
            let _ = writeln!(text, "warning   {warning}");
        }
        if self.health.warnings.is_empty() {
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
        };
        let url = StoreUrl::parse("memory:").unwrap();
        insta::assert_snapshot!(report.text(&url), @r"
        store     memory: (redis)
        schema    version 1, as needed
        sessions  3, 4 KiB
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
}
