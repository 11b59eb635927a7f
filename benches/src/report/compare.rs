//! A run beside an earlier one: by the ratio to the floor, so that another machine or another day doesn't count.

use crate::report::case::Case;
use crate::report::latency::Figures;
use crate::report::ratios;
use crate::report::results::{Measured, Results};

/// One case, then and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The store.
    pub store: String,
    /// The case.
    pub case: Case,
    /// What is compared.
    pub measure: Measure,
    /// Then.
    pub then: f64,
    /// Now.
    pub now: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Operations per second as a part of the floor's.
    RatioToFloor,
    /// Operations per second, where there is no floor and both runs were on the same machine.
    PerSecond,
}

impl Change {
    /// By how much it became better, or worse when it is negative: 0.1 is ten per cent.
    pub fn relative(&self) -> f64 {
        ratios::quotient(self.now, self.then).map_or(0.0, |quotient| quotient - 1.0)
    }

    /// Whether it became worse by more than is tolerated.
    pub fn is_regression(&self, tolerance: f64) -> bool {
        self.relative() < -tolerance
    }
}

/// The cases that both runs measured, the one that became worst first.
pub fn compare(earlier: &Results, now: &Results) -> Vec<Change> {
    let same_machine = earlier.machine.is_like(&now.machine);
    let of_store = now.cases.iter().filter(|measured| !measured.raw);
    let mut changes: Vec<Change> = of_store
        .filter_map(|measured| change(earlier, now, measured, same_machine))
        .collect();
    changes.sort_by(|one, other| one.relative().total_cmp(&other.relative()));
    changes
}

fn change(earlier: &Results, now: &Results, measured: &Measured, same_machine: bool) -> Option<Change> {
    let Measured {
        store, case, figures, ..
    } = measured;
    let then = earlier.of(store, *case)?;
    let (measure, then, now) = match (floor(earlier, store, *case), floor(now, store, *case)) {
        (Some(floor_then), Some(floor_now)) => (
            Measure::RatioToFloor,
            ratios::throughput(then, floor_then)?,
            ratios::throughput(figures, floor_now)?,
        ),
        (None, None) if same_machine => (Measure::PerSecond, then.per_second, figures.per_second),
        _ => return None,
    };
    Some(Change {
        store: store.clone(),
        case: *case,
        measure,
        then,
        now,
    })
}

/// The floor of a case. That of many stored sessions is the one of a few: what is compared is what they add.
fn floor<'a>(results: &'a Results, store: &str, case: Case) -> Option<&'a Figures> {
    let of_few = || results.floor_of(store, case.among(0));
    results.floor_of(store, case).or_else(of_few)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::case::Operation;
    use crate::report::sample::results;

    fn of(results: &mut Results, store: &str, raw: bool, operation: Operation) {
        for measured in &mut results.cases {
            if measured.store == store && measured.raw == raw && measured.case.operation == operation {
                measured.figures.per_second /= 2.0;
            }
        }
    }

    #[test]
    fn a_slower_machine_is_no_regression_and_a_slower_store_is() {
        let earlier = results();
        let mut now = results();
        of(&mut now, "sqlite-full", false, Operation::Update);
        of(&mut now, "sqlite-full", true, Operation::Update);
        let changes = compare(&earlier, &now);
        assert!(
            changes.iter().all(|change| !change.is_regression(0.1)),
            "{changes:?}"
        );

        of(&mut now, "sqlite-full", false, Operation::Update);
        let changes = compare(&earlier, &now);
        let worse: Vec<_> = changes
            .iter()
            .filter(|change| change.is_regression(0.1))
            .collect();
        assert_eq!(worse.len(), 2, "at both concurrencies: {changes:?}");
        assert!(worse.iter().all(|change| (change.relative() + 0.5).abs() < 1e-9));
        assert_eq!(
            changes[0].case.operation,
            Operation::Update,
            "the worst comes first"
        );
    }

    #[test]
    fn what_has_no_floor_is_compared_on_the_same_machine_only() {
        let earlier = results();
        let mut now = results();
        of(&mut now, "memory", false, Operation::GetUpdate);
        assert!(compare(&earlier, &now)[0].is_regression(0.1));
        now.machine.cores += 1;
        let changes = compare(&earlier, &now);
        assert!(
            changes.iter().all(|change| change.store != "memory"),
            "{changes:?}"
        );
    }
}
