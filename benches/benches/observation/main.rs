//! What it costs to be observed: a bot that is, and one that isn't, turn about in one run.
//!
//! Two measures. The first is the harder one: a turn on the memory store, on one thread, with nothing to wait for; only the time that
//! the thread had a processor counts, so that what else the machine does falls out as far as it can. The second is what a team
//! notices: how many turns a whole bot makes in a second, on a SQLite store that survives a loss of power, with many people at once.
//!
//! `cargo bench -p stepkeep-benches --bench observation`

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that fails has nothing to measure"
)]

mod processor_time;
mod single_turns;
mod whole_bot;

use std::sync::Arc;

use stepkeep::config::{LogSettings, Sources};
use stepkeep::logging;
use stepkeep::metrics::Metrics;
use stepkeep::observation::{LatencyLog, Observer, Observers};
use stepkeep::status::Activity;
use stepkeep_core::{Layers, SessionStore, Slowness, SystemClock};
use tracing::Subscriber;

/// As the bot itself has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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

impl Observed {
    fn observers(self, metrics: &Metrics) -> Observers {
        let log: Arc<dyn Observer> = Arc::new(LatencyLog::new(Slowness::default()));
        let seen: Arc<dyn Observer> = Arc::new(Activity::new(Arc::new(SystemClock)));
        match self {
            Self::Not => Observers::default(),
            Self::Metrics => Observers::new([metrics.observer()]),
            Self::All => Observers::new([log, metrics.observer(), seen]),
        }
    }

    fn layers<S: SessionStore>(
        self,
        store: S,
        backend: &'static str,
        observers: &Observers,
    ) -> Arc<dyn SessionStore> {
        let store = Layers::new(store, backend);
        match self {
            Self::Not => store.into_shared(),
            Self::Metrics | Self::All => store
                .with_observer(Slowness::default(), Arc::new(observers.clone()))
                .into_shared(),
        }
    }
}

/// The log of `stepkeep run` without any setting, written to nowhere.
fn default_log() -> impl Subscriber + Send + Sync {
    let settings = LogSettings::load(&Sources::new()).unwrap();
    logging::subscriber(&settings, std::io::sink, false)
}

fn main() {
    // Cargo says so when it measures; in a test run it is enough to see that it runs.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    single_turns::compare(is_measured);
    whole_bot::compare(is_measured);
}

/// By how many percent the one is above the other, round by round.
fn change(one: &[f64], other: &[f64]) -> f64 {
    let ratios = one.iter().zip(other).map(|(one, other)| one / other);
    (median(ratios.collect()) - 1.0) * 100.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
