use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{
    super::delivery::{Delivery, Origin, Receipt, Settlement},
    window::{Due, Window},
};

/// What the poller and the receipts that are out share.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) window: Mutex<Window>,
    /// Rung when an update was acknowledged or given back.
    pub(super) changed: Notify,
}

impl Ledger {
    /// A delivery whose receipt is settled here.
    pub(super) fn delivery(self: &Arc<Self>, (update, attempt): Due) -> Delivery {
        let (id, ledger) = (update.id, Arc::clone(self));
        Delivery {
            update,
            attempt,
            origin: Origin::Polling,
            receipt: Receipt::new(id, move |settlement| ledger.settle(id, settlement)),
        }
    }

    fn settle(&self, id: i64, settlement: Settlement) {
        {
            let mut window = self.window.lock();
            match settlement {
                Settlement::Acknowledged => window.acknowledge(id),
                Settlement::GivenBack => window.give_back(id, Instant::now()),
            }
        }
        self.changed.notify_one();
    }
}
