//! Counters that are handed on when somebody looks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Counter;
use parking_lot::Mutex;

/// What came since somebody looked last: to count is one atomic addition, where the exporter's counter is several calls.
pub(super) struct Tally {
    since: AtomicU64,
    counter: Counter,
}

impl Tally {
    pub(super) fn count(&self) {
        self.since.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

/// All tallies of a registry.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Vec<Arc<Tally>>>);

impl Tallies {
    /// A tally for this counter, which is there from now on, at zero.
    pub(super) fn of(&self, counter: Counter) -> Arc<Tally> {
        counter.increment(0);
        let tally = Arc::new(Tally {
            since: AtomicU64::new(0),
            counter,
        });
        self.0.lock().push(Arc::clone(&tally));
        tally
    }

    /// Hands on what came. Several may count for one counter.
    pub(super) fn hand_on(&self) {
        for tally in &*self.0.lock() {
            tally.counter.increment(tally.since.swap(0, Ordering::Relaxed));
        }
    }
}
