//! What this process did for broadcasts, in figures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::job::Counts;

/// Counts what becomes of the people in all broadcasts of this process.
#[derive(Debug, Default)]
pub struct BroadcastFigures {
    sent: AtomicU64,
    blocked: AtomicU64,
    failed: AtomicU64,
    unclear: AtomicU64,
    is_at_work: AtomicBool,
}

impl BroadcastFigures {
    /// What became of the people.
    pub fn counts(&self) -> Counts {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        Counts {
            sent: load(&self.sent),
            blocked: load(&self.blocked),
            failed: load(&self.failed),
            unclear: load(&self.unclear),
        }
    }

    /// Whether this process is at work on a broadcast.
    pub fn is_at_work(&self) -> bool {
        self.is_at_work.load(Ordering::Relaxed)
    }

    pub(super) fn set_at_work(&self, is_at_work: bool) {
        self.is_at_work.store(is_at_work, Ordering::Relaxed);
    }

    /// Adds what was counted between two moments.
    pub(super) fn add(&self, before: &Counts, after: &Counts) {
        let add = |figure: &AtomicU64, before: u64, after: u64| {
            figure.fetch_add(after.saturating_sub(before), Ordering::Relaxed);
        };
        add(&self.sent, before.sent, after.sent);
        add(&self.blocked, before.blocked, after.blocked);
        add(&self.failed, before.failed, after.failed);
        add(&self.unclear, before.unclear, after.unclear);
    }
}
