//! What is measured in the time that there is: the most important first, so that what has no time left is the least so.

use std::time::Duration;

use crate::report::case::{Case, Operation};

/// How thorough a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Three minutes: to see where one stands.
    Quick,
    /// Half an hour: to decide by.
    Full,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What nothing is begun after that would exceed it.
    pub budget: Duration,
    /// The cases, the most important first.
    pub groups: Vec<Group>,
    /// How long a crowd talks with a whole bot on each store; `None` for not at all.
    pub whole_bot: Option<Duration>,
}

/// One case on several stores and their floors, in interleaved rounds: whatever drifts hits all alike.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The case.
    pub case: Case,
    /// How many rounds; their median counts.
    pub rounds: u32,
    /// How long each store works before it counts.
    pub warm_up: Duration,
    /// How long each store is measured in a round.
    pub measure: Duration,
    /// Which stores take part.
    pub scope: Scope,
}

/// Which stores take part in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All, and their floors.
    All,
    /// All as they are set up without further ado, and their floors: SQLite with full durability only.
    Defaults,
    /// All but the floors.
    StoresOnly,
}

impl Scope {
    /// Whether a store, or its floor, takes part.
    pub fn has(self, store: &str, raw: bool) -> bool {
        match self {
            Self::All => true,
            Self::Defaults => store != "sqlite-normal",
            Self::StoresOnly => !raw,
        }
    }
}

impl Mode {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }

    /// What is measured in it.
    pub fn plan(self) -> Plan {
        match self {
            Self::Quick => quick(),
            Self::Full => full(),
        }
    }
}

impl Group {
    /// How long it takes on so many stores and floors, apart from preparations.
    pub fn duration(&self, contenders: u32) -> Duration {
        (self.warm_up + self.measure) * self.rounds * contenders
    }
}

const SMALL: u32 = 600;
const SIZES: [u32; 3] = [SMALL, 4_096, 65_536];
const CONCURRENCY: [u32; 3] = [256, 1, 16];
const ANSWERING: [Operation; 3] = [Operation::GetUpdate, Operation::Update, Operation::Get];
const RARE: [Operation; 3] = [Operation::Create, Operation::Conflict, Operation::Clear];

fn group(case: Case, scope: Scope, rounds: u32, warm_up_ms: u64, measure_ms: u64) -> Group {
    Group {
        case,
        rounds,
        warm_up: Duration::from_millis(warm_up_ms),
        measure: Duration::from_millis(measure_ms),
        scope,
    }
}

fn quick() -> Plan {
    let mut groups = Vec::new();
    for concurrency in CONCURRENCY {
        for operation in ANSWERING {
            // What durability costs is told by this one.
            let scope = if operation == Operation::Update && concurrency == 256 {
                Scope::All
            } else {
                Scope::Defaults
            };
            groups.push(group(
                Case::new(operation, SMALL, concurrency),
                scope,
                3,
                100,
                400,
            ));
        }
    }
    let small = |operation, concurrency| Case::new(operation, SMALL, concurrency);
    for operation in RARE {
        groups.push(group(small(operation, 16), Scope::Defaults, 2, 50, 300));
    }
    groups.push(group(
        Case::new(Operation::GetUpdate, 4_096, 256),
        Scope::Defaults,
        3,
        100,
        400,
    ));
    groups.push(group(small(Operation::ScanPage, 1), Scope::Defaults, 1, 50, 300));
    groups.push(group(small(Operation::Cleanup, 1), Scope::Defaults, 1, 0, 600));
    for stored in [1_000, 20_000] {
        let case = small(Operation::GetUpdate, 16).among(stored);
        groups.push(group(case, Scope::StoresOnly, 2, 50, 300));
    }
    Plan {
        budget: Duration::from_secs(175),
        groups,
        whole_bot: None,
    }
}

fn full() -> Plan {
    let mut groups = Vec::new();
    for concurrency in CONCURRENCY {
        for operation in ANSWERING {
            groups.push(group(
                Case::new(operation, SMALL, concurrency),
                Scope::All,
                5,
                200,
                1_000,
            ));
        }
    }
    for bytes in &SIZES[1..] {
        for concurrency in CONCURRENCY {
            for operation in ANSWERING {
                groups.push(group(
                    Case::new(operation, *bytes, concurrency),
                    Scope::All,
                    3,
                    150,
                    500,
                ));
            }
        }
    }
    groups.push(group(
        Case::new(Operation::Cleanup, SMALL, 1),
        Scope::All,
        3,
        0,
        800,
    ));
    for stored in [1_000, 10_000, 100_000] {
        let case = Case::new(Operation::GetUpdate, SMALL, 16).among(stored);
        groups.push(group(case, Scope::StoresOnly, 3, 200, 800));
    }
    for concurrency in [1, 16] {
        groups.push(group(
            Case::new(Operation::ScanPage, SMALL, concurrency),
            Scope::All,
            3,
            100,
            500,
        ));
    }
    for bytes in SIZES {
        for concurrency in CONCURRENCY {
            for operation in RARE {
                groups.push(group(
                    Case::new(operation, bytes, concurrency),
                    Scope::All,
                    2,
                    100,
                    400,
                ));
            }
        }
    }
    Plan {
        budget: Duration::from_mins(27),
        groups,
        whole_bot: Some(Duration::from_secs(20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::targets;

    /// Five stores, and the floors of four.
    const STORES: [(&str, bool); 9] = [
        ("memory", false),
        ("sqlite-full", false),
        ("sqlite-full", true),
        ("sqlite-normal", false),
        ("sqlite-normal", true),
        ("redis-always", false),
        ("redis-always", true),
        ("mongodb", false),
        ("mongodb", true),
    ];

    #[test]
    fn each_plan_fits_its_time_with_room_for_preparations() {
        for mode in [Mode::Quick, Mode::Full] {
            let plan = mode.plan();
            let contenders = |group: &Group| {
                let taking_part = STORES.iter().filter(|(store, raw)| group.scope.has(store, *raw));
                u32::try_from(taking_part.count()).unwrap()
            };
            let takes: Duration = plan
                .groups
                .iter()
                .map(|group| group.duration(contenders(group)))
                .sum();
            assert!(takes < plan.budget.mul_f64(0.85), "{mode:?} takes {takes:?}");
        }
    }

    #[test]
    fn even_the_quick_plan_measures_every_target() {
        let measured: Vec<Case> = Mode::Quick.plan().groups.iter().map(|group| group.case).collect();
        for target in targets() {
            assert!(measured.contains(&target.case), "{}", target.case);
        }
    }
}
