use std::sync::atomic::{AtomicU64, Ordering};

/// What the webhook's server has answered since it began.
#[derive(Debug, Default)]
pub struct WebhookCounts {
    acknowledged: AtomicU64,
    put_off: AtomicU64,
    unreadable: AtomicU64,
    unauthorized: AtomicU64,
    hung_up: AtomicU64,
}

impl WebhookCounts {
    /// Updates that were done with: answered 200.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Updates that were answered 503, to be sent again: given back, too slow, or while the process stops.
    pub fn put_off(&self) -> u64 {
        self.put_off.load(Ordering::Relaxed)
    }

    /// Bodies that are no update, and were put aside.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Calls without the secret, or with a wrong one.
    pub fn unauthorized(&self) -> u64 {
        self.unauthorized.load(Ordering::Relaxed)
    }

    /// Calls whose caller was gone before the answer. What they brought is handled all the same, and comes again.
    pub fn hung_up(&self) -> u64 {
        self.hung_up.load(Ordering::Relaxed)
    }

    pub(super) fn count_acknowledged(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_put_off(&self) {
        self.put_off.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_unauthorized(&self) {
        self.unauthorized.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_hung_up(&self) {
        self.hung_up.fetch_add(1, Ordering::Relaxed);
    }
}
