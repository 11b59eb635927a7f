//! How much a runner has on its hands.

use super::{Collector, names};
use crate::runner::{Runner, WeakRunner};

/// Asks a runner how much it has on its hands, for as long as there is one.
#[derive(Debug)]
pub struct RunnerLoadCollector(WeakRunner);

impl RunnerLoadCollector {
    /// Asks this runner.
    pub fn new(runner: &Runner) -> Self {
        Self(runner.downgrade())
    }
}

impl Collector for RunnerLoadCollector {
    fn collect(&self) {
        let load = self.0.load().unwrap_or_default();
        set(names::CONVERSATIONS_ACTIVE.name, load.conversations);
        set(names::INPUTS_WAITING.name, load.waiting);
        set(names::INPUTS_CAPACITY.name, load.capacity);
    }
}

fn set(name: &'static str, value: usize) {
    // Far below where a floating-point number has gaps.
    #[expect(clippy::cast_precision_loss, reason = "there are at most some thousands")]
    metrics::gauge!(name).set(value as f64);
}
