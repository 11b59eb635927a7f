//! One turn after the other on the memory store, by processor time.

use std::sync::Arc;

use stepkeep::metrics::Metrics;
use stepkeep::runner::Runner;
use stepkeep_benches::{TelegramAt, observed_bot, order_in_chat};
use stepkeep_core::{MemoryStorage, SessionStore};
use tokio::runtime::{Builder, Runtime};
use tracing::Dispatch;

use crate::{Observed, default_log, processor_time};

/// One bot, ready to be measured.
struct Subject {
    mode: Observed,
    log: Option<Dispatch>,
    runner: Runner,
    store: Arc<dyn SessionStore>,
    metrics: Metrics,
    /// Nanoseconds a turn, of each round.
    rounds: Vec<f64>,
}

impl Subject {
    fn new(mode: Observed, log: Option<Dispatch>) -> Self {
        let metrics = Metrics::new();
        let observers = mode.observers(&metrics);
        let store = mode.layers(MemoryStorage::new(), "memory", &observers);
        Self {
            mode,
            log,
            runner: observed_bot(&store, &observers, &TelegramAt::Hand),
            store,
            metrics,
            rounds: Vec::new(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a round takes less than 2^53 ns")]
    fn measure(&mut self, runtime: &Runtime, orders: u32) {
        let _logged = self.log.as_ref().map(tracing::dispatcher::set_default);
        let started = processor_time::of_this_thread();
        let turns = runtime.block_on(async {
            let mut turns = 0;
            for _ in 0..orders {
                turns += order_in_chat(&self.runner, &self.store).await;
            }
            turns
        });
        let took = processor_time::of_this_thread().saturating_sub(started);
        // As it happens every few seconds, at somebody else's cost.
        let _ = self.metrics.render();
        self.rounds.push(took.as_nanos() as f64 / f64::from(turns));
    }
}

/// Without a log, where spans cost next to nothing, and with that of `stepkeep run`. Each round is compared with that of the bot
/// without log and observers beside it; the second such bot tells how well that can be done.
pub(crate) fn compare(is_measured: bool) {
    let (rounds, orders) = if is_measured { (60, 100) } else { (2, 2) };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let log = Some(Dispatch::new(default_log()));
    let mut subjects = [
        Subject::new(Observed::Not, None),
        Subject::new(Observed::Not, None),
        Subject::new(Observed::Metrics, None),
        Subject::new(Observed::All, None),
        Subject::new(Observed::Not, log.clone()),
        Subject::new(Observed::All, log),
    ];
    for round in 0..rounds {
        // Not always in the same order: what goes before leaves its traces in the caches.
        for index in 0..subjects.len() {
            let place = (index + round) % subjects.len();
            subjects[place].measure(&runtime, orders);
        }
    }
    println!("a turn on the memory store, processor time:");
    let [baseline, ..] = &subjects;
    for subject in &subjects {
        let log = if subject.log.is_some() {
            "default log"
        } else {
            "no log"
        };
        let name = format!("{:?}, {log}", subject.mode);
        println!(
            "    {name:<24} {:>8.2} us  {}",
            crate::median(subject.rounds.clone()) / 1_000.0,
            crate::Ratios::of(&subject.rounds, &baseline.rounds, 1),
        );
    }
}
