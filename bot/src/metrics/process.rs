//! The figures of the process: processor time, memory, file descriptors, start.

use super::Collector;

#[derive(Debug, Default)]
pub(super) struct ProcessCollector(metrics_process::Collector);

impl Collector for ProcessCollector {
    fn collect(&self) {
        self.0.collect();
    }
}
