//! What it costs to be observed: the same bot, unobserved and observed, turn about, in one process and on one thread. Only the time
//! that the thread had a processor counts, so that what else the machine does falls out as far as it can.
//!
//! `cargo bench -p stepkeep-benches --bench observation`

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that fails has nothing to measure"
)]

use std::sync::Arc;
use std::time::Duration;

use stepkeep::metrics::Metrics;
use stepkeep::observation::{LatencyLog, Observer, Observers};
use stepkeep::status::Activity;
use stepkeep_benches::{observed_bot, order_in_chat};
use stepkeep_core::{Layers, MemoryStorage, SessionStore, Slowness, SystemClock};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;

/// How a bot is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Observed {
    /// Not at all: no layer, no observer.
    Not,
    /// Metrics only.
    Metrics,
    /// Metrics, the latency log and the dashboard's recorder, as `stepkeep run` has them.
    All,
}

const MODES: [Observed; 3] = [Observed::Not, Observed::Metrics, Observed::All];

/// One bot, ready to be measured.
struct Subject {
    mode: Observed,
    runner: stepkeep::runner::Runner,
    store: Arc<dyn SessionStore>,
    metrics: Metrics,
    /// Nanoseconds a turn, of each round.
    rounds: Vec<f64>,
}

impl Subject {
    fn new(mode: Observed) -> Self {
        let metrics = Metrics::new();
        let log: Arc<dyn Observer> = Arc::new(LatencyLog::new(Slowness::default()));
        let seen: Arc<dyn Observer> = Arc::new(Activity::new(Arc::new(SystemClock)));
        let observers = match mode {
            Observed::Not => Observers::default(),
            Observed::Metrics => Observers::new([metrics.observer()]),
            Observed::All => Observers::new([log, metrics.observer(), seen]),
        };
        let store = Layers::new(MemoryStorage::new(), "memory");
        let store: Arc<dyn SessionStore> = match mode {
            Observed::Not => store.into_shared(),
            _ => store
                .with_observer(Slowness::default(), Arc::new(observers.clone()))
                .into_shared(),
        };
        Self {
            mode,
            runner: observed_bot(&store, &observers),
            store,
            metrics,
            rounds: Vec::new(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a round takes less than 2^53 ns")]
    fn measure(&mut self, runtime: &Runtime, orders: u32) {
        let started = time_on_processor();
        let turns = runtime.block_on(async {
            let mut turns = 0;
            for _ in 0..orders {
                turns += order_in_chat(&self.runner, &self.store).await;
            }
            turns
        });
        let took = time_on_processor().saturating_sub(started);
        // As it happens every few seconds, at somebody else's cost.
        let _ = self.metrics.render();
        self.rounds.push(took.as_nanos() as f64 / f64::from(turns));
    }

    fn median(&mut self) -> f64 {
        self.rounds.sort_by(f64::total_cmp);
        self.rounds[self.rounds.len() / 2]
    }
}

/// How long this thread had a processor so far.
fn time_on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    let Some(nanos) = nanos else {
        panic!("no time in {text}");
    };
    Duration::from_nanos(nanos)
}

fn main() {
    // Cargo says so when it measures; in a test run it is enough to see that it runs.
    let (rounds, orders) = if std::env::args().any(|argument| argument == "--bench") {
        (60, 40)
    } else {
        (2, 2)
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    // Two logs: none, where spans cost next to nothing, and that of `stepkeep run`, written to nowhere.
    compare("without a log", &runtime, rounds, orders);
    let log = tracing_subscriber::registry().with(EnvFilter::new("info")).with(
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(std::io::sink),
    );
    let _guard = tracing::subscriber::set_default(log);
    compare("with the default log", &runtime, rounds, orders);
}

fn compare(name: &str, runtime: &Runtime, rounds: usize, orders: u32) {
    let mut subjects = MODES.map(Subject::new);
    for round in 0..rounds {
        // Not always in the same order: what goes before leaves its traces in the caches.
        for index in 0..subjects.len() {
            let place = (index + round) % subjects.len();
            subjects[place].measure(runtime, orders);
        }
    }
    let [baseline, ..] = &mut subjects;
    let unobserved = baseline.median();
    println!("{name}:");
    for subject in &mut subjects {
        let nanos = subject.median();
        println!(
            "  {:<24} {:>8.2} us a turn  {:>+6.2} %",
            format!("{:?}", subject.mode),
            nanos / 1_000.0,
            (nanos / unobserved - 1.0) * 100.0
        );
    }
}
