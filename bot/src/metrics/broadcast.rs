//! What became of broadcasts.

use std::sync::Arc;

use super::{Collector, names};
use crate::broadcast::{BroadcastFigures, Counts};

/// Asks what this process did for broadcasts.
#[derive(Debug)]
pub struct BroadcastCollector(Arc<BroadcastFigures>);

impl BroadcastCollector {
    /// Asks these figures.
    pub fn new(figures: Arc<BroadcastFigures>) -> Self {
        Self(figures)
    }
}

impl Collector for BroadcastCollector {
    fn collect(&self) {
        let Counts {
            sent,
            blocked,
            failed,
            unclear,
        } = self.0.counts();
        let counts = [
            ("sent", sent),
            ("blocked", blocked),
            ("failed", failed),
            ("unclear", unclear),
        ];
        for (outcome, count) in counts {
            metrics::counter!(names::BROADCAST_MESSAGES.name, "outcome" => outcome).absolute(count);
        }
        let running = if self.0.is_at_work() { 1.0 } else { 0.0 };
        metrics::gauge!(names::BROADCAST_RUNNING.name).set(running);
    }
}
