//! Thousands of schedules of the real runner, poller and flows, each drawn from a seed and each in a virtual time of its
//! own: people who answer, go back and press twice; a store, a Telegram and a shipping API that fail in all the ways that
//! they can; processes that die, start again, or work side by side. When all is calm again, what is left is looked at.
//!
//! `STEPKEEP_SIMULATION_RUNS` says how many schedules are run. The seed of one that failed is printed;
//! `STEPKEEP_SIMULATION_SEED` runs that one alone, step by step the same, and shows all of it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something fails"
)]

mod button_path;
mod chance;
mod chat;
mod filled_in;
mod invariants;
mod lease;
mod person;
mod process;
mod right_to_send;
mod schedule;
mod shipping;
mod store;
mod telegram;
mod trace;
mod weather;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use world::Report;

/// How many schedules are run unless told otherwise.
const RUNS: u64 = 2_000;
/// How many are run side by side.
const THREADS: u64 = 2;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn whatever_fails_every_answer_counts_once_and_is_answered() {
    if let Some(seed) = number("STEPKEEP_SIMULATION_SEED") {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .init();
        let report = world::run(seed);
        report.print();
        assert_eq!(report.problems, [] as [String; 0]);
        return;
    }
    let runs = number("STEPKEEP_SIMULATION_RUNS").unwrap_or(RUNS);
    let next = AtomicU64::new(0);
    let run_all = || {
        let mut sum = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= runs {
                return sum;
            }
            let report = world::run(seed);
            if !report.problems.is_empty() {
                report.print();
                assert_eq!(
                    report.problems,
                    [] as [String; 0],
                    "to see it again: STEPKEEP_SIMULATION_SEED={seed}"
                );
            }
            sum.add(&report);
        }
    };
    let mut sum = Report::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run_all)).collect();
        for thread in threads {
            sum.add(&thread.join().expect("schedules that keep all promises"));
        }
    });
    println!("{runs} schedules: {sum}");
    // A simulation in which nothing happens proves nothing.
    if runs >= 100 {
        assert!(sum.labels > 0 && sum.crashes > 0 && sum.faults > 0, "{sum}");
        assert!(sum.conflicts > 0 && sum.repeated > 0, "{sum}");
    }
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    for seed in 0..24 {
        let (first, second) = (world::run(seed), world::run(seed));
        let differs = first
            .lines
            .iter()
            .zip(&second.lines)
            .find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.lines.len(), second.lines.len(), "seed {seed}");
    }
}
