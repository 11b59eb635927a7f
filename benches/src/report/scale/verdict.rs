//! What has to hold of a store with many sessions, and whether it does.

use super::level::{Level, of_store, stores, worst_growth};
use crate::report::markdown::{figure, ratio};

/// By how much the median may grow from the smallest size to the largest.
const MOST_GROWTH: f64 = 1.5;

/// How long the 99th percentile of updates may be beside a cleanup, as a multiple of what it is without.
const MOST_TAIL: f64 = 5.0;

/// A goal of a store, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The store.
    pub store: String,
    /// The goal, in words.
    pub goal: String,
    /// Whether it is met.
    pub met: bool,
    /// What was found, in words.
    pub found: String,
}

/// All that can be said by what was measured, store by store.
pub fn verdicts(levels: &[Level]) -> Vec<Verdict> {
    let of = |store| [of_growth(levels, store), of_tail(levels, store)];
    stores(levels).into_iter().flat_map(of).flatten().collect()
}

fn of_growth(levels: &[Level], store: &str) -> Option<Verdict> {
    let growth = worst_growth(levels, store)?;
    Some(Verdict {
        store: store.to_owned(),
        goal: format!(
            "p50 among {} sessions ≤ {MOST_GROWTH} × among {}",
            count(growth.to),
            count(growth.from)
        ),
        met: growth.ratio <= MOST_GROWTH,
        found: format!(
            "{} × at most, {} by {}{}",
            ratio(growth.ratio),
            growth.operation,
            callers(growth.concurrency),
            growth
                .of_disk
                .map_or_else(String::new, |disk| format!("; the disk alone: {} ×", ratio(disk)))
        ),
    })
}

fn of_tail(levels: &[Level], store: &str) -> Option<Verdict> {
    let largest = of_store(levels, store).last().copied()?;
    let tail = largest.cleanup?.tail()?;
    Some(Verdict {
        store: store.to_owned(),
        goal: format!(
            "p99 of updates beside a cleanup of {} sessions < {MOST_TAIL} × before",
            count(largest.stored)
        ),
        met: tail < MOST_TAIL,
        found: format!("{} ×", ratio(tail)),
    })
}

fn callers(concurrency: u32) -> String {
    if concurrency == 1 {
        "one caller".to_owned()
    } else {
        format!("{concurrency} callers")
    }
}

fn count(number: u32) -> String {
    figure(f64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::results;

    #[test]
    fn each_store_is_judged_by_its_largest_size() {
        let levels = results().scale;
        let said: Vec<String> = verdicts(&levels)
            .into_iter()
            .map(|verdict| format!("{}, {}: {}", verdict.goal, verdict.found, verdict.met))
            .collect();
        assert_eq!(
            said,
            [
                "p50 among 1,000,000 sessions ≤ 1.5 × among 10,000, 1.25 × at most, get + update by 16 callers; the disk alone: 1.10 ×: true",
                "p99 of updates beside a cleanup of 1,000,000 sessions < 5 × before, 6.00 ×: false",
            ]
        );
        assert_eq!(verdicts(&levels[..1]), []);
    }
}
