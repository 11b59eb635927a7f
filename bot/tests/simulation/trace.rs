//! What happened in a run, in order.

use std::fmt::Display;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The lines of a run. Clones write to the same.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    start: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            lines: Arc::default(),
        }
    }

    /// Notes a step. Tokens are drawn anew in every run, so no line has one.
    pub(crate) fn note(&self, what: impl Display) {
        let at = self.start.elapsed().as_millis();
        self.lines.lock().push(format!("{at:>8} ms  {what}"));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }
}
