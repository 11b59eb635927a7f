//! What the stand-in knows: what the account has, and the faults to come.

use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::fault::{Fault, Operation};
use super::limit::{self, Limit};
use crate::state::Changes;

/// What an account has at first.
const CREDITS: u32 = 2_450;

/// Everything that one stand-in knows.
#[derive(Debug)]
pub(crate) struct World {
    inner: Mutex<Inner>,
    /// Not kept from one process to the next: time goes on between them.
    limit: Mutex<Limit>,
    changes: Changes,
}

/// Everything that is written down of a [`World`].
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedWorld(Inner);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Inner {
    credits: Number,
    faults: Vec<Fault>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            credits: CREDITS.into(),
            faults: Vec::new(),
        }
    }
}

impl World {
    pub(crate) fn new(changes: Changes) -> Self {
        Self {
            inner: Mutex::default(),
            limit: Mutex::default(),
            changes,
        }
    }

    /// What is to be written down.
    pub(crate) fn saved(&self) -> SavedWorld {
        // Not through `lock`: looking changes nothing.
        SavedWorld(self.inner.lock().clone())
    }

    /// Takes up what was written down.
    pub(crate) fn restore(&self, saved: SavedWorld) {
        *self.inner.lock() = saved.0;
    }

    /// The state, to be changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        let inner = self.inner.lock();
        // Only now: who hears of the change waits for this lock, and so sees the change whole.
        self.changes.mark();
        inner
    }

    /// Forgets everything.
    pub(super) fn reset(&self) {
        *self.lock() = Inner::default();
        *self.limit.lock() = Limit::default();
    }

    pub(super) fn credits(&self) -> Number {
        self.inner.lock().credits.clone()
    }

    pub(super) fn set_credits(&self, credits: Number) {
        self.lock().credits = credits;
    }

    pub(super) fn add_fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    pub(super) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The fault that is due for a call.
    pub(super) fn fault(&self, operation: Operation) -> Option<Fault> {
        let is_due = |fault: &Fault| fault.operation == operation;
        // Most calls have none, and looking for one changes nothing.
        if !self.inner.lock().faults.iter().any(is_due) {
            return None;
        }
        let mut inner = self.lock();
        let index = inner.faults.iter().position(is_due)?;
        let fault = inner.faults.get_mut(index)?;
        fault.times = fault.times.saturating_sub(1);
        let due = fault.clone();
        if due.times == 0 {
            inner.faults.remove(index);
        }
        Some(due)
    }

    /// Whether this account may read the catalogue now.
    pub(super) fn lets_through(&self, account: &str) -> bool {
        self.limit.lock().lets_through(account, Instant::now())
    }

    /// Sets how often a second the catalogue may be read; 0 is without limit.
    pub(super) fn set_limit(&self, per_second: Option<u32>) {
        self.limit.lock().per_second = per_second.unwrap_or(limit::USUAL);
    }
}
