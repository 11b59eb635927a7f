//! An update on its way to its conversation, and back to whatever brought it.

use std::fmt;

use super::update::RawUpdate;

/// An update to handle, and the receipt that confirms it.
#[derive(Debug)]
pub struct Delivery {
    /// The update.
    pub update: RawUpdate,
    /// How often this process has handed it out, this time included: 1 at first, and one more each time it was given
    /// back. Always 1 for [`Origin::Webhook`]: how often Telegram has sent it isn't known.
    pub attempt: u32,
    /// What brought it.
    pub origin: Origin,
    /// To be [acknowledged](Receipt::acknowledge) when the update was handled and answered, or put aside for good.
    pub receipt: Receipt,
}

/// What brings updates. It decides how one that is given back comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Polling: this process holds the update, and hands it out again itself, with the number of the attempt.
    Polling,
    /// The webhook: Telegram sends the update again, to this process or to another one behind the same address.
    Webhook,
}

impl Origin {
    /// Whether an update that is given back stays in this process's hands, which then counts the attempts.
    pub fn redelivers_itself(self) -> bool {
        match self {
            Self::Polling => true,
            Self::Webhook => false,
        }
    }
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It is done with: Telegram may forget it.
    Acknowledged,
    /// It is not, and has to come again.
    GivenBack,
}

/// Stands for one update under way. Dropped without [`acknowledge`](Self::acknowledge) (by a job that failed or panicked,
/// for one), it gives the update back: it comes again, as its [`Origin`] says.
#[must_use = "an update whose receipt is dropped comes again"]
pub struct Receipt {
    id: i64,
    settle: Option<Settle>,
}

type Settle = Box<dyn FnOnce(Settlement) + Send + Sync>;

impl Receipt {
    /// The receipt of the update `id`. `settle` is called exactly once, by whoever acknowledges or drops the receipt, so
    /// it should be short and must not block.
    pub fn new(id: i64, settle: impl FnOnce(Settlement) + Send + Sync + 'static) -> Self {
        Self {
            id,
            settle: Some(Box::new(settle)),
        }
    }

    /// The update is done with: Telegram may forget it.
    pub fn acknowledge(mut self) {
        self.settle(Settlement::Acknowledged);
    }

    /// The id of the update that this receipt is for.
    pub fn update_id(&self) -> i64 {
        self.id
    }

    fn settle(&mut self, settlement: Settlement) {
        if let Some(settle) = self.settle.take() {
            settle(settlement);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.settle(Settlement::GivenBack);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("update_id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn a_receipt_is_settled_once_whichever_way_it_goes() {
        let settled = Arc::new(Mutex::new(Vec::new()));
        let receipt = |id| {
            let settled = Arc::clone(&settled);
            Receipt::new(id, move |settlement| settled.lock().push((id, settlement)))
        };
        receipt(1).acknowledge();
        drop(receipt(2));
        assert_eq!(
            *settled.lock(),
            [(1, Settlement::Acknowledged), (2, Settlement::GivenBack)]
        );
    }
}
