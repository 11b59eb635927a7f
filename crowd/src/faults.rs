//! The faults that a crowd can be told to live with.

use std::collections::BTreeSet;
use std::str::FromStr;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Updates come again, under their id.
    Redelivery,
    /// Buttons are pressed two and three times.
    DoubleTaps,
    /// Buttons of earlier messages are pressed, with data that is theirs or made up; in groups, other people's.
    StaleTaps,
    /// Several answers are sent at once.
    Bursts,
    /// Telegram and the shipping API fail, are slow, and lose answers.
    ApiErrors,
    /// Processes are killed and started again.
    Kills,
    /// Processes are asked to end, one by one, and started again.
    Restarts,
    /// Processes stand still for some seconds.
    Freezes,
    /// The store's server is killed or stopped, and started again.
    StoreRestarts,
    /// Some people think for seconds.
    SlowPeople,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Redelivery,
        Self::DoubleTaps,
        Self::StaleTaps,
        Self::Bursts,
        Self::ApiErrors,
        Self::Kills,
        Self::Restarts,
        Self::Freezes,
        Self::StoreRestarts,
        Self::SlowPeople,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redelivery => "redelivery",
            Self::DoubleTaps => "double-taps",
            Self::StaleTaps => "stale-taps",
            Self::Bursts => "bursts",
            Self::ApiErrors => "api-errors",
            Self::Kills => "kills",
            Self::Restarts => "restarts",
            Self::Freezes => "freezes",
            Self::StoreRestarts => "store-restarts",
            Self::SlowPeople => "slow-people",
        }
    }

    /// Whether it needs a store that outlives a process.
    pub const fn ends_processes(self) -> bool {
        matches!(self, Self::Kills | Self::Restarts)
    }
}

/// A set of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub BTreeSet<FaultKind>);

/// A fault that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("there is no fault {0:?}; there are all, none, {known}", known = FaultKind::ALL.map(FaultKind::name).join(", "))]
pub struct UnknownFault(String);

impl FromStr for Faults {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let one = |name: &str| {
            FaultKind::ALL
                .into_iter()
                .find(|kind| kind.name() == name)
                .ok_or_else(|| UnknownFault(name.to_owned()))
        };
        Ok(Self(match text {
            "all" => FaultKind::ALL.into_iter().collect(),
            "none" | "" => BTreeSet::new(),
            list => list
                .split(',')
                .map(|name| one(name.trim()))
                .collect::<Result<_, _>>()?,
        }))
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let names: Vec<&str> = self.0.iter().map(|kind| kind.name()).collect();
        f.write_str(&names.join(","))
    }
}

impl Faults {
    /// Whether this kind is among them.
    pub fn has(&self, kind: FaultKind) -> bool {
        self.0.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_one_by_one_or_altogether() {
        let faults: Faults = "kills, bursts".parse().unwrap();
        assert!(faults.has(FaultKind::Kills) && faults.has(FaultKind::Bursts));
        assert_eq!(faults.to_string(), "bursts,kills");
        assert_eq!("all".parse::<Faults>().unwrap().0.len(), FaultKind::ALL.len());
        assert_eq!("none".parse::<Faults>().unwrap().to_string(), "none");
        let refused = "fire".parse::<Faults>().unwrap_err().to_string();
        assert!(refused.contains("fire") && refused.contains("store-restarts"));
    }
}
