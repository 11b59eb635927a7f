//! The one source of chance of a run.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Draws from a seed. Clones draw from the same.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        self.0.lock().random_range(0..bound)
    }

    /// Whether something of this many in a thousand happens.
    pub(crate) fn happens(&self, in_a_thousand: usize) -> bool {
        self.below(1_000) < in_a_thousand
    }

    pub(crate) fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.0.lock().random_range(from..=to))
    }

    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            None
        } else {
            Some(&of[self.below(of.len())])
        }
    }
}
