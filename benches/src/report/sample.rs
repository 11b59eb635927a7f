//! Results for tests.

use crate::report::bare_calls::BareCalls;
use crate::report::case::{Case, Operation};
use crate::report::latency::Figures;
use crate::report::machine::Machine;
use crate::report::peers::Peer;
use crate::report::results::{Measured, Results};
use crate::report::scale::{Cleanup, Cost, Footprint, Level};
use crate::report::whole_bot::WholeBot;

/// A small run of two stores.
pub(crate) fn results() -> Results {
    let machine = Machine {
        processor: "Some CPU".to_owned(),
        cores: 2,
        memory_mib: 24_576,
        system: "Some Linux 12".to_owned(),
        kernel: "6.1.0".to_owned(),
        file_system: "ext4".to_owned(),
    };
    let mut results = Results::begin(
        "2026-11-28 07:00".to_owned(),
        "quick",
        "abcdef123456".to_owned(),
        machine,
    );
    results.seconds = 171;
    results.versions = [("SQLite", "3.50.4"), ("Redis", "7.0.15")]
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .into();
    results.survives = [("memory", "nothing"), ("sqlite-full", "a loss of power")]
        .map(|(store, survives)| (store.to_owned(), survives.to_owned()))
        .into();
    let mut add = |store: &str, raw, case, per_second, p99_us| {
        results.cases.push(Measured {
            store: store.to_owned(),
            raw,
            case,
            figures: Figures {
                per_second,
                p50_us: p99_us / 4.0,
                p90_us: p99_us / 2.0,
                p99_us,
                p999_us: p99_us * 2.0,
                max_us: p99_us * 4.0,
                samples: 1_000,
            },
        });
    };
    let small = |operation, concurrency| Case::new(operation, 600, concurrency);
    add("memory", false, small(Operation::GetUpdate, 256), 800_000.0, 3.0);
    add("memory", false, small(Operation::Update, 256), 1_000_000.0, 2.0);
    add(
        "sqlite-full",
        false,
        small(Operation::GetUpdate, 256),
        30_000.0,
        12_000.0,
    );
    add(
        "sqlite-full",
        true,
        small(Operation::GetUpdate, 256),
        60_000.0,
        9_000.0,
    );
    add(
        "sqlite-full",
        false,
        small(Operation::Update, 256),
        45_000.0,
        8_000.0,
    );
    add(
        "sqlite-full",
        true,
        small(Operation::Update, 256),
        60_000.0,
        8_000.0,
    );
    add("sqlite-full", false, small(Operation::Update, 1), 4_000.0, 500.0);
    add("sqlite-full", true, small(Operation::Update, 1), 4_200.0, 400.0);
    for (stored, p99) in [(1_000, 900.0), (20_000, 1_200.0)] {
        add(
            "sqlite-full",
            false,
            small(Operation::GetUpdate, 16).among(stored),
            20_000.0,
            p99,
        );
    }
    results.left_out = vec![small(Operation::Cleanup, 1).to_string()];
    results.peers = vec![Peer {
        peer: "teloxide SqliteStorage".to_owned(),
        backend: "sqlite".to_owned(),
        concurrency: 256,
        answers_per_second: 1_100.0,
        p50_microseconds: 219_000.0,
        p99_microseconds: 342_000.0,
    }];
    results.scale = scale();
    results.whole_bots = vec![whole_bot()];
    results.bare_calls = Some(BareCalls {
        per_second: 15_000.0,
        processor_ms: 0.13,
    });
    results
}

fn whole_bot() -> WholeBot {
    WholeBot {
        store: "sqlite".to_owned(),
        delivery: "polling".to_owned(),
        processes: 1,
        people: 200,
        answers_per_second: 2_345.6,
        p50_ms: 80.0,
        p99_ms: 161.5,
        processor_ms: 0.41,
        busy_cores: Some(1.97),
        memory_mib: 61.2,
        calls_per_answer: Some(2.5),
        broken: 0,
    }
}

/// A store with few sessions and with many. Costs grow with their number, by a quarter where both are done.
fn scale() -> Vec<Level> {
    let figures = |p50_us: f64, p99_us: f64| Figures {
        per_second: 1_000_000.0 / p50_us,
        p50_us,
        p99_us,
        max_us: p99_us * 3.0,
        samples: 1_000,
        ..Figures::default()
    };
    let level = |stored: u32, growth: f64| {
        let costs = [
            (Operation::Get, 1, 20.0),
            (Operation::GetUpdate, 16, 200.0 * growth),
        ];
        Level {
            store: "sqlite-full".to_owned(),
            stored,
            filled: stored,
            fill_seconds: f64::from(stored) / 20_000.0,
            opening_ms: 4.5,
            footprint: Footprint {
                disk_bytes: u64::from(stored) * 900,
                index_bytes: Some(u64::from(stored) * 100),
                ..Footprint::default()
            },
            costs: costs
                .map(|(operation, concurrency, p50_us)| Cost {
                    operation,
                    concurrency,
                    figures: figures(p50_us, p50_us * 4.0),
                    flush_us: if stored == 10_000 { 100.0 } else { 110.0 },
                })
                .into(),
            cleanup: (stored == 1_000_000).then(|| Cleanup {
                removed: 100_000,
                seconds: 12.5,
                wanted_per_second: 1_000.0,
                before: figures(1_000.0, 2_000.0),
                during: figures(1_000.0, 12_000.0),
            }),
        }
    };
    vec![level(10_000, 1.0), level(1_000_000, 1.25)]
}
