//! An update on its way to the runner, wherever it comes from, and the receipt that says what became of it.

use std::fmt;

use super::update::RawUpdate;

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

/// What brought an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This process fetched it, and hands it out again when it is given back.
    Polling,
    /// Telegram sent it, and sends it again when it is given back: to any process, one message of a chat after another.
    Webhook,
    /// An operator asked for it once more.
    Replay,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is done with: whoever brought it may forget it.
    Acknowledged,
    /// It has to come again.
    GivenBack,
}

/// Stands for one update under way. Dropped without [`acknowledge`](Self::acknowledge) (by a job that failed or panicked,
/// for one), it gives the update back, to come again.
#[must_use = "an update whose receipt is dropped comes again"]
pub struct Receipt {
    id: i64,
    origin: Origin,
    settle: Option<Box<dyn FnOnce(Settled) + Send>>,
}

impl Receipt {
    /// A receipt of the update with this id. `settle` is called once, wherever the receipt ends; it must not block.
    pub fn new(id: i64, origin: Origin, settle: impl FnOnce(Settled) + Send + 'static) -> Self {
        Self {
            id,
            origin,
            settle: Some(Box::new(settle)),
        }
    }

    /// The update is done with: whoever brought it may forget it.
    pub fn acknowledge(mut self) {
        if let Some(settle) = self.settle.take() {
            settle(Settled::Acknowledged);
        }
    }

    /// The id of the update that this receipt is for.
    pub fn update_id(&self) -> i64 {
        self.id
    }

    /// What brought the update.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle(Settled::GivenBack);
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("update_id", &self.id)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn a_receipt_is_settled_once_whatever_becomes_of_it() {
        let settled = Arc::new(Mutex::new(Vec::new()));
        let receipt = || {
            let settled = Arc::clone(&settled);
            Receipt::new(7, Origin::Replay, move |how| settled.lock().push(how))
        };
        receipt().acknowledge();
        drop(receipt());
        assert_eq!(*settled.lock(), [Settled::Acknowledged, Settled::GivenBack]);
    }
}
