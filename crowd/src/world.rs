//! What all people share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::faults::Faults;
use crate::phrases::Phrases;
use crate::storm::StormLog;
use crate::town::Town;

/// What all people share.
#[derive(Debug)]
pub struct World {
    /// The sandbox.
    pub town: Arc<Town>,
    /// The bot's words.
    pub phrases: Phrases,
    /// Which faults there are.
    pub faults: Faults,
    /// What the storm did so far.
    pub storm: Arc<StormLog>,
    /// How many conversations are to be had.
    pub quota: Quota,
    /// Brings back the same people.
    pub seed: u64,
    /// How long a person thinks, on average.
    pub think: Duration,
    /// How long one waits for an answer once no fault goes on any more.
    pub patience: Duration,
}

/// The conversations that are still to be had.
#[derive(Debug)]
pub struct Quota {
    left: AtomicUsize,
    done: AtomicUsize,
    is_closed: AtomicBool,
}

impl Quota {
    /// So many.
    pub const fn new(conversations: usize) -> Self {
        Self {
            left: AtomicUsize::new(conversations),
            done: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Takes one; false when there is none left, or no time.
    pub fn take(&self) -> bool {
        if self.is_closed.load(Ordering::Relaxed) {
            return false;
        }
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// Another `more` are to be had.
    pub fn add(&self, more: usize) {
        self.left.fetch_add(more, Ordering::Relaxed);
    }

    /// One came to its end.
    pub fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many came to their end.
    pub fn count(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether none is left to begin.
    pub fn is_exhausted(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed) || self.left.load(Ordering::Relaxed) == 0
    }

    /// No further one begins: the time is over.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}
