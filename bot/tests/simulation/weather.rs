//! How bad it is at the moment, and which processes live.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::chance::Chance;
use crate::trace::Trace;

/// The troubles of a run. Clones are the same weather.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    shared: Arc<Shared>,
    pub(crate) chance: Chance,
    pub(crate) trace: Trace,
}

#[derive(Debug)]
struct Shared {
    /// How many calls in a thousand fail in some way.
    severity: usize,
    is_calm: AtomicBool,
    store_is_down: AtomicBool,
    faults: AtomicU64,
}

impl Weather {
    pub(crate) fn new(severity: usize, chance: Chance, trace: Trace) -> Self {
        let shared = Shared {
            severity,
            is_calm: AtomicBool::new(false),
            store_is_down: AtomicBool::new(false),
            faults: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
            chance,
            trace,
        }
    }

    /// Nothing fails any more.
    pub(crate) fn calm_down(&self) {
        self.shared.is_calm.store(true, Ordering::Relaxed);
        self.set_store_down(false);
    }

    pub(crate) fn set_store_down(&self, is_down: bool) {
        self.shared.store_is_down.store(is_down, Ordering::Relaxed);
    }

    pub(crate) fn store_is_down(&self) -> bool {
        self.shared.store_is_down.load(Ordering::Relaxed)
    }

    /// Whether the call under way fails.
    pub(crate) fn strikes(&self) -> bool {
        let strikes =
            !self.shared.is_calm.load(Ordering::Relaxed) && self.chance.happens(self.shared.severity);
        if strikes {
            self.shared.faults.fetch_add(1, Ordering::Relaxed);
        }
        strikes
    }

    pub(crate) fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::Relaxed)
    }

    /// The time that something takes: mostly short, and now and then long, if it isn't calm.
    pub(crate) async fn pass(&self, shortest: u64, usual: u64, longest: u64) {
        let is_slow = !self.shared.is_calm.load(Ordering::Relaxed) && self.chance.happens(40);
        sleep(
            self.chance
                .millis(shortest, if is_slow { longest } else { usual }),
        )
        .await;
    }

    pub(crate) fn millis(&self, from: u64, to: u64) -> Duration {
        self.chance.millis(from, to)
    }
}

/// Whether a process lives. What a dead one has under way ends at its next contact with the world: it never hears an
/// answer, and nothing new leaves it.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) name: usize,
    is_over: Arc<AtomicBool>,
}

impl Life {
    pub(crate) fn new(name: usize) -> Self {
        Self {
            name,
            is_over: Arc::default(),
        }
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Comes back in a living process only.
    pub(crate) async fn goes_on(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}
