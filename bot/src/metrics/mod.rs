//! Figures for Prometheus: how many, how long, how late.
//!
//! [`Metrics`] is a registry. It is an [observer](crate::observation::Observer) by [`Metrics::observer`], and renders what it has by
//! [`Metrics::render`], for whatever serves it. Each bot of a process has one of its own; [`Metrics::install`] makes one the
//! process's, for libraries that use the `metrics` crate.
//!
//! What is not an event but a state is asked for when it is rendered: implement [`Collector`], use the macros of the `metrics`
//! crate in it, and hand it to [`Metrics::register`]. Its names belong into [`names`], so that the book and the tests know them.
//!
//! ```
//! use std::sync::Arc;
//!
//! use stepkeep::metrics::{Collector, Metrics};
//!
//! #[derive(Debug)]
//! struct Moon;
//!
//! impl Collector for Moon {
//!     fn collect(&self) {
//!         metrics::gauge!("stepkeep_moon_phase_ratio").set(0.5);
//!     }
//! }
//!
//! let metrics = Metrics::new();
//! metrics.register(Arc::new(Moon));
//! assert!(metrics.render().contains("stepkeep_moon_phase_ratio 0.5"));
//! ```

mod broadcast;
mod caches;
mod census;
mod durations;
mod handles;
pub mod names;
mod observer;
mod process;
mod runner_load;
mod tally;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

pub use broadcast::BroadcastCollector;
pub use caches::CacheCollector;
pub use census::{Census, CensusConfig, SessionCount};
pub use runner_load::RunnerLoadCollector;

use crate::observation::Observer;
use durations::Histograms;
use observer::MetricsObserver;
use process::ProcessCollector;
use tally::Tallies;

/// How often the durations that libraries measured are sorted into their buckets when nobody asks for them: until then each takes
/// up memory.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The metrics of a bot. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    histograms: Arc<Histograms>,
    tallies: Arc<Tallies>,
    collectors: RwLock<Vec<Arc<dyn Collector>>>,
}

/// A source of figures that are asked for, not told.
pub trait Collector: fmt::Debug + Send + Sync + 'static {
    /// Sets gauges, and counters by `absolute`, with the macros of the `metrics` crate, which lead to the right registry while this
    /// runs. Called each time somebody asks for the metrics, every few seconds at most: it must not block, and should be quick.
    fn collect(&self);
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics at zero, with those of the process.
    pub fn new() -> Self {
        let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
        let handle = recorder.handle();
        let metrics = Self {
            shared: Arc::new(Shared {
                recorder,
                handle,
                histograms: Arc::default(),
                tallies: Arc::default(),
                collectors: RwLock::default(),
            }),
        };
        metrics.within(|| {
            names::ALL.iter().for_each(names::Metric::describe);
            metrics::gauge!(names::BUILD_INFO.name, "version" => env!("CARGO_PKG_VERSION")).set(1);
        });
        metrics.register(Arc::new(ProcessCollector::default()));
        metrics
    }

    /// Makes these the metrics of the process, for whatever uses the `metrics` crate without knowing of them. Answers whether it did:
    /// a process has one such registry, and keeps the first.
    pub fn install(&self) -> bool {
        metrics::set_global_recorder(Arc::clone(&self.shared.recorder)).is_ok()
    }

    /// Counts what it is told.
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(MetricsObserver::new(
            Arc::clone(&self.shared.recorder),
            Arc::clone(&self.shared.histograms),
            Arc::clone(&self.shared.tallies),
        ))
    }

    /// Asks this source too from now on.
    pub fn register(&self, collector: Arc<dyn Collector>) {
        self.shared.collectors.write().push(collector);
    }

    /// Lets the macros of the `metrics` crate lead here, on this thread, for as long as `work` runs.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.shared.recorder, work)
    }

    /// Everything as it stands, in the text format of Prometheus (`text/plain; version=0.0.4`).
    pub fn render(&self) -> String {
        let collectors = self.shared.collectors.read().clone();
        self.within(|| {
            for collector in collectors {
                collector.collect();
            }
        });
        self.shared.tallies.hand_on();
        let mut text = self.shared.handle.render();
        self.shared.histograms.render(&mut text);
        text
    }

    /// Keeps the memory that unrendered measurements take up small, until stopped.
    pub async fn keep_up(&self, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let keeping = async {
            loop {
                ticks.tick().await;
                self.shared.handle.run_upkeep();
            }
        };
        stop.run_until_cancelled(keeping).await;
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("collectors", &self.shared.collectors.read().len())
            .finish_non_exhaustive()
    }
}
