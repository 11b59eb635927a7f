//! What the stand-in knows: what the account has, the faults to come, and the tasks.

use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::fault::{Fault, Operation};
use super::limit::{self, Limit};
use super::people::{self, NewLimit};
use super::task::number;
use super::tasks::Tasks;
use crate::state::Changes;

/// What an account has at first.
const CREDITS: u32 = 2_450;

/// Everything that one stand-in knows.
#[derive(Debug)]
pub(crate) struct World {
    inner: Mutex<Inner>,
    /// Not kept from one process to the next: time goes on between them.
    limits: Mutex<Limits>,
    /// Nor are these: they are many, and soon over.
    tasks: Mutex<Tasks>,
    changes: Changes,
}

/// How fast an account may call what.
#[derive(Debug)]
struct Limits {
    catalogue: Limit,
    creates: Limit,
    tasks: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            catalogue: Limit::new(limit::CATALOGUE),
            creates: Limit::new(limit::CREATES),
            tasks: Limit::new(limit::TASKS),
        }
    }
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
            limits: Mutex::default(),
            tasks: Mutex::default(),
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
        *self.limits.lock() = Limits::default();
        *self.tasks.lock() = Tasks::default();
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

    /// Takes `price` of what the account has, if it has as much as `needed`.
    pub(super) fn pay(&self, needed: Decimal, price: Decimal) -> bool {
        let mut inner = self.lock();
        let text = inner.credits.to_string();
        let parsed = text.parse().or_else(|_| Decimal::from_scientific(&text));
        let credits = parsed.unwrap_or(Decimal::ZERO);
        let is_enough = credits >= needed;
        if is_enough {
            inner.credits = number(credits - price);
        }
        is_enough
    }

    /// The tasks. Don't hold it while waiting.
    pub(super) fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock()
    }

    /// Whether this account may read the catalogue now.
    pub(super) fn lets_through(&self, account: &str) -> bool {
        self.limits.lock().catalogue.lets_through(account, Instant::now())
    }

    /// Whether this account may ask for a task now.
    pub(super) fn may_create(&self, account: &str) -> bool {
        self.limits.lock().creates.lets_through(account, Instant::now())
    }

    /// Whether this account may ask how a task stands now.
    pub(super) fn may_ask(&self, account: &str) -> bool {
        self.limits.lock().tasks.lets_through(account, Instant::now())
    }

    /// Sets how often may be called what.
    pub(super) fn set_limits(&self, new: &people::Limits) {
        let mut limits = self.limits.lock();
        let Limits {
            catalogue,
            creates,
            tasks,
        } = &mut *limits;
        for (limit, new) in [
            (catalogue, new.catalogue_per_second),
            (creates, new.creates_per_ten_seconds),
            (tasks, new.tasks_per_second),
        ] {
            if let NewLimit::Is(most) = new {
                limit.set(most);
            }
        }
    }
}
