//! What a run of the suite found.

use std::fmt;

use super::case::{Case, Verdict};
use super::target::Capability;

/// How each case of a run ended. `Display` shows it as a table.
#[derive(Clone, Debug)]
pub struct Report {
    results: Vec<(Case, Verdict)>,
}

impl Report {
    pub(super) fn new(results: Vec<(Case, Verdict)>) -> Self {
        Self { results }
    }

    /// Whether no case failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// How each case ended, in the suite's order.
    pub fn results(&self) -> impl Iterator<Item = (&Case, &Verdict)> {
        self.results.iter().map(|(case, verdict)| (case, verdict))
    }

    /// The cases that failed, each with what was expected and what was seen.
    pub fn failures(&self) -> impl Iterator<Item = (&Case, &str)> {
        self.results().filter_map(|(case, verdict)| match verdict {
            Verdict::Failed(problem) => Some((case, problem.as_str())),
            Verdict::Passed | Verdict::NotClaimed(_) => None,
        })
    }

    /// What the target claims.
    pub fn claimed(&self) -> Vec<Capability> {
        let is_claimed = |capability: &Capability| {
            self.results
                .iter()
                .all(|(_, verdict)| *verdict != Verdict::NotClaimed(*capability))
        };
        Capability::ALL.into_iter().filter(is_claimed).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, verdict) in &self.results {
            let word = match verdict {
                Verdict::Passed => "passed",
                Verdict::Failed(_) => "FAILED",
                Verdict::NotClaimed(_) => "not claimed",
            };
            writeln!(formatter, "{word:<11}  {:<9}  {}", case.promise, case.name)?;
            if let Verdict::Failed(problem) = verdict {
                writeln!(formatter, "{:26}{problem}", "")?;
            }
        }
        let claimed = self.claimed();
        for capability in Capability::ALL {
            let word = if claimed.contains(&capability) {
                "claimed"
            } else {
                "not claimed"
            };
            writeln!(formatter, "{word:<11}  {capability}")?;
        }
        let (failed, all) = (self.failures().count(), self.results.len());
        let left_out = self
            .results
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::NotClaimed(_)))
            .count();
        write!(
            formatter,
            "{all} cases: {} passed, {failed} failed, {left_out} not claimed",
            all - failed - left_out
        )
    }
}
