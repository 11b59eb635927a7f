use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{
    super::{
        delivery::{Delivery, Origin, Receipt, Settled},
        update::RawUpdate,
    },
    window::Window,
};

/// What the poller and the receipts that are out share.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) window: Mutex<Window>,
    /// Rung when an update was acknowledged or given back.
    pub(super) changed: Notify,
}

/// A delivery of this ledger. An update that is given back is handed out again after a pause that grows with the attempts.
pub(super) fn delivery(update: RawUpdate, attempt: u32, ledger: &Arc<Ledger>) -> Delivery {
    let (id, ledger) = (update.id, Arc::clone(ledger));
    let receipt = Receipt::new(id, Origin::Polling, move |settled| {
        let mut window = ledger.window.lock();
        match settled {
            Settled::Acknowledged => window.acknowledge(id),
            Settled::GivenBack => window.give_back(id, Instant::now()),
        }
        drop(window);
        ledger.changed.notify_one();
    });
    Delivery {
        update,
        attempt,
        receipt,
    }
}
