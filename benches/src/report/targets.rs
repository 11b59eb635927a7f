//! What must hold within one run.

use crate::report::case::{Case, Operation};
use crate::report::ratios;
use crate::report::results::Results;

/// One promise about a store.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The store.
    pub store: &'static str,
    /// The case.
    pub case: Case,
    /// What must hold.
    pub goal: Goal,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// At least so many operations per second.
    PerSecond(f64),
    /// At least such a part of the floor's operations per second.
    OfFloor(f64),
    /// One of the two.
    PerSecondOrOfFloor(f64, f64),
    /// A 99th percentile of at most such a multiple of the floor's.
    P99OfFloor(f64),
}

/// How a run did on a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Operations per second, or the 99th percentile in microseconds.
    pub found: f64,
    /// The same of the floor.
    pub floor: Option<f64>,
    /// The one by the other.
    pub ratio: Option<f64>,
    /// Whether it holds.
    pub met: bool,
}

/// The small session of most cases, in bytes.
const SMALL: u32 = 600;

/// All targets.
pub fn targets() -> Vec<Target> {
    let busy = |store, operation, goal| Target {
        store,
        case: Case::new(operation, SMALL, 256),
        goal,
    };
    let mut targets = vec![
        busy(
            "sqlite-full",
            Operation::Update,
            Goal::PerSecondOrOfFloor(60_000.0, 0.7),
        ),
        busy("sqlite-full", Operation::GetUpdate, Goal::OfFloor(0.7)),
        busy("redis-always", Operation::GetUpdate, Goal::OfFloor(0.8)),
        busy("mongodb", Operation::GetUpdate, Goal::OfFloor(0.9)),
        busy("memory", Operation::GetUpdate, Goal::PerSecond(500_000.0)),
    ];
    for store in ["sqlite-full", "redis-always", "mongodb"] {
        for operation in [Operation::Get, Operation::Update, Operation::GetUpdate] {
            targets.push(Target {
                store,
                case: Case::new(operation, SMALL, 1),
                goal: Goal::P99OfFloor(1.3),
            });
        }
    }
    targets
}

impl Target {
    /// How a run did; `None` when it hasn't measured it.
    pub fn judge(&self, results: &Results) -> Option<Verdict> {
        let store = results.of(self.store, self.case)?;
        let floor = results.floor_of(self.store, self.case);
        let ratio = floor.and_then(|floor| match self.goal {
            Goal::P99OfFloor(_) => ratios::p99(store, floor),
            _ => ratios::throughput(store, floor),
        });
        let is_at_least = |wanted| ratio.is_some_and(|ratio| ratio >= wanted);
        let met = match self.goal {
            Goal::PerSecond(wanted) => store.per_second >= wanted,
            Goal::OfFloor(wanted) => is_at_least(wanted),
            Goal::PerSecondOrOfFloor(wanted, part) => store.per_second >= wanted || is_at_least(part),
            Goal::P99OfFloor(most) => ratio.is_some_and(|ratio| ratio <= most),
        };
        let (found, floor) = match self.goal {
            Goal::P99OfFloor(_) => (store.p99_us, floor.map(|floor| floor.p99_us)),
            _ => (store.per_second, floor.map(|floor| floor.per_second)),
        };
        Some(Verdict {
            found,
            floor,
            ratio,
            met,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    fn judge(store: &str, operation: Operation, concurrency: u32) -> Option<Verdict> {
        let case = Case::new(operation, SMALL, concurrency);
        let found = targets()
            .into_iter()
            .find(|target| target.store == store && target.case == case);
        found.unwrap().judge(&results())
    }

    #[test]
    fn a_target_is_met_by_its_ratio_or_missed() {
        let update = judge("sqlite-full", Operation::Update, 256).unwrap();
        assert_eq!((update.ratio, update.met), (Some(0.75), true));
        let both = judge("sqlite-full", Operation::GetUpdate, 256).unwrap();
        assert_eq!((both.ratio, both.met), (Some(0.5), false));
        let tail = judge("sqlite-full", Operation::Update, 1).unwrap();
        assert_eq!((tail.ratio, tail.met), (Some(1.25), true));
        let memory = judge("memory", Operation::GetUpdate, 256).unwrap();
        assert_eq!((memory.floor, memory.met), (None, true));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        assert_eq!(judge("mongodb", Operation::GetUpdate, 256), None);
    }
}
