//! What a run brought, as it is kept: the page is written from it, and a later run is compared with it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::report::bare_calls::BareCalls;
use crate::report::case::Case;
use crate::report::latency::Figures;
use crate::report::machine::Machine;
use crate::report::peers::Peer;
use crate::report::scale::Level;
use crate::report::whole_bot::WholeBot;

/// The version of this form.
const FORMAT: u32 = 1;

/// What a run brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The version of this form.
    pub format: u32,
    /// When it began: date and time of day, in UTC.
    pub begun: String,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// How thorough it was: `quick` or `full`.
    pub mode: String,
    /// The revision of the source, with a `+` when files were changed.
    pub revision: String,
    /// Where it ran.
    pub machine: Machine,
    /// The versions of what was measured.
    pub versions: BTreeMap<String, String>,
    /// What an acknowledged write survives in each store.
    pub survives: BTreeMap<String, String>,
    /// Each case.
    pub cases: Vec<Measured>,
    /// The cases that there was no time for.
    pub left_out: Vec<String>,
    /// Whole bots.
    #[serde(default)]
    pub whole_bots: Vec<WholeBot>,
    /// Calls to Telegram with nothing around them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare_calls: Option<BareCalls>,
    /// The storages of other frameworks.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// Stores with up to millions of sessions.
    #[serde(default)]
    pub scale: Vec<Level>,
}

/// One case on one store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The store.
    pub store: String,
    /// Whether it was the raw driver instead.
    pub raw: bool,
    /// The case.
    pub case: Case,
    /// The median of the rounds.
    pub figures: Figures,
}

impl Results {
    /// A run that has brought nothing yet.
    pub fn begin(begun: String, mode: &str, revision: String, machine: Machine) -> Self {
        Self {
            format: FORMAT,
            begun,
            seconds: 0,
            mode: mode.to_owned(),
            revision,
            machine,
            versions: BTreeMap::new(),
            survives: BTreeMap::new(),
            cases: Vec::new(),
            left_out: Vec::new(),
            whole_bots: Vec::new(),
            bare_calls: None,
            peers: Vec::new(),
            scale: Vec::new(),
        }
    }

    /// Those that a file has.
    ///
    /// # Errors
    /// When it can't be read, or is of another form.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        let results: Self =
            serde_json::from_slice(&text).with_context(|| format!("{} has no results", path.display()))?;
        ensure!(
            results.format == FORMAT,
            "{} has form {}, and this program knows form {FORMAT}",
            path.display(),
            results.format
        );
        Ok(results)
    }

    /// Adds what another run brought with many sessions. Stores that it has measured take the place of those that were
    /// there.
    pub fn take_scale(&mut self, other: Self) {
        self.scale
            .retain(|level| other.scale.iter().all(|new| new.store != level.store));
        self.scale.extend(other.scale);
        self.left_out.extend(other.left_out);
    }

    /// Writes them to a file, and makes its folder.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        std::fs::write(path, json).with_context(|| format!("{} can't be written", path.display()))
    }

    /// What a case brought on a store.
    pub fn of(&self, store: &str, case: Case) -> Option<&Figures> {
        self.find(store, false, case)
    }

    /// What it brought on the raw driver beside the store.
    pub fn floor_of(&self, store: &str, case: Case) -> Option<&Figures> {
        self.find(store, true, case)
    }

    fn find(&self, store: &str, raw: bool, case: Case) -> Option<&Figures> {
        let found = self
            .cases
            .iter()
            .find(|measured| measured.raw == raw && measured.case == case && measured.store == store);
        found.map(|measured| &measured.figures)
    }

    /// The stores, in the order in which they were measured.
    pub fn stores(&self) -> Vec<&str> {
        let mut stores: Vec<&str> = Vec::new();
        for measured in &self.cases {
            if !stores.contains(&&*measured.store) {
                stores.push(&measured.store);
            }
        }
        stores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    #[test]
    fn results_from_before_there_was_scale_are_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("earlier.json");
        let mut json = serde_json::to_value(results()).unwrap();
        json.as_object_mut().unwrap().remove("scale").unwrap();
        std::fs::write(&path, json.to_string()).unwrap();
        let mut expected = results();
        expected.scale.clear();
        assert_eq!(Results::read(&path).unwrap(), expected);
    }

    #[test]
    fn a_store_that_was_measured_again_takes_the_place_of_what_was_there() {
        let (mut all, mut again, mut other) = (results(), results(), results());
        again.scale.truncate(1);
        again.scale[0].opening_ms = 7.0;
        for level in &mut other.scale {
            "mongodb".clone_into(&mut level.store);
        }
        other.left_out = vec!["something".to_owned()];
        all.take_scale(again.clone());
        assert_eq!(all.scale, again.scale);
        all.take_scale(other.clone());
        assert_eq!(all.scale, [again.scale, other.scale].concat());
        assert!(all.left_out.contains(&"something".to_owned()));
    }
}
