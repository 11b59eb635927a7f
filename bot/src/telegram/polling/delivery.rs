use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{super::update::RawUpdate, window::Window};

/// What the poller and the receipts that are out share.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) window: Mutex<Window>,
    /// Rung when an update was acknowledged or given back.
    pub(super) changed: Notify,
}

/// An update to handle, and the receipt that confirms it.
#[derive(Debug)]
pub struct Delivery {
    /// The update.
    pub update: RawUpdate,
    /// 1 when it is handed out for the first time by this process, and one more each time it was given back.
    pub attempt: u32,
    /// To be [acknowledged](Receipt::acknowledge) when the update was handled and answered, or put aside for good.
    pub receipt: Receipt,
}

/// Stands for one update under way. Dropped without [`acknowledge`](Self::acknowledge) (by a job that failed or panicked,
/// for one), it gives the update back: it is handed out again after a pause that grows with the attempts.
#[must_use = "an update whose receipt is dropped is handed out again"]
pub struct Receipt {
    id: i64,
    ledger: Arc<Ledger>,
    acknowledged: bool,
}

impl Delivery {
    pub(super) fn new(update: RawUpdate, attempt: u32, ledger: &Arc<Ledger>) -> Self {
        let receipt = Receipt {
            id: update.id,
            ledger: Arc::clone(ledger),
            acknowledged: false,
        };
        Self {
            update,
            attempt,
            receipt,
        }
    }
}

impl Receipt {
    /// The update is done with: Telegram may forget it.
    pub fn acknowledge(mut self) {
        self.acknowledged = true;
        self.ledger.window.lock().acknowledge(self.id);
        self.ledger.changed.notify_one();
    }

    /// The id of the update that this receipt is for.
    pub fn update_id(&self) -> i64 {
        self.id
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.acknowledged {
            self.ledger.window.lock().give_back(self.id, Instant::now());
            self.ledger.changed.notify_one();
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("update_id", &self.id)
            .finish_non_exhaustive()
    }
}
