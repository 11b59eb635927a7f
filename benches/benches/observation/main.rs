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

use std::fmt;
use std::sync::Arc;

use stepkeep::config::{LogSettings, Sources};
use stepkeep::logging;
use stepkeep::metrics::Metrics;
use stepkeep::observation::{Batched, LatencyLog, Observer, Observers};
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
    /// Metrics and the latency log: a bot without the dashboard's recorder.
    Told,
    /// Metrics, the latency log and the dashboard's recorder, as `stepkeep run` has them.
    All,
}

impl Observed {
    fn observers(self, metrics: &Metrics) -> Observers {
        let log: Arc<dyn Observer> = Arc::new(LatencyLog::new(Slowness::default()));
        let seen: Arc<dyn Observer> = Arc::new(Activity::new(Arc::new(SystemClock)));
        let batched = |counting| {
            let batched = Arc::new(Batched::new(Observers::new(counting)));
            metrics.register(Arc::<Batched>::clone(&batched));
            batched
        };
        match self {
            Self::Not => Observers::default(),
            Self::Metrics => Observers::new([batched(vec![metrics.observer()]) as Arc<dyn Observer>]),
            Self::Told => Observers::new([log, batched(vec![metrics.observer()])]),
            Self::All => Observers::new([log, batched(vec![metrics.observer(), seen])]),
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
            Self::Metrics | Self::Told | Self::All => store
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
    if whole_bot::is_measured_here(is_measured) {
        return;
    }
    single_turns::compare(is_measured);
    whole_bot::compare(is_measured);
}

/// What one is to another, round by round.
struct Ratios {
    /// By how many percent it is more, on average.
    mean: f64,
    /// By how much the mean would change from run to run, in percent.
    standard_error: f64,
}

impl Ratios {
    /// So many rounds in a row count as one for the error: those of one process have more in common than chance.
    #[expect(clippy::cast_precision_loss, reason = "there are a few rounds")]
    fn of(one: &[f64], other: &[f64], together: usize) -> Self {
        // Of a ratio, half counts as much as double.
        let logarithms: Vec<f64> = one
            .iter()
            .zip(other)
            .map(|(one, other)| (one / other).ln())
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let means: Vec<f64> = logarithms.chunks(together).map(mean).collect();
        let middle = mean(&means);
        let squares: f64 = means.iter().map(|mean| (mean - middle).powi(2)).sum();
        let count = means.len() as f64;
        let deviation = (squares / (count - 1.0).max(1.0)).sqrt();
        Self {
            mean: middle.exp_m1() * 100.0,
            standard_error: deviation / count.sqrt() * 100.0,
        }
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>+6.2} % ± {:.2}", self.mean, self.standard_error)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
