use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::sleep};

use super::{
    super::{
        delivery::{Delivery, Origin, Receipt, Settled},
        update::RawUpdate,
    },
    shelf::Shelf,
};

/// How long to wait before a failed step is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Handles what a process that polled left on its [`Shelf`], for a bot that gets its updates otherwise now. Telegram has
/// forgotten these updates, so nobody else would bring them.
///
/// Several processes may do so at once: an update that two of them hand out is applied once.
#[derive(Debug)]
pub struct ShelfClearing {
    shelf: Arc<dyn Shelf>,
    out: HashMap<i64, (RawUpdate, u32)>,
    tell: mpsc::UnboundedSender<(i64, Settled)>,
    told: mpsc::UnboundedReceiver<(i64, Settled)>,
}

impl ShelfClearing {
    /// Clears `shelf`. Nothing is done yet.
    pub fn new(shelf: Arc<dyn Shelf>) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            shelf,
            out: HashMap::new(),
            tell,
            told,
        }
    }

    /// Hands out everything that lies there, oldest first. Waits until the shelf can be read, however long that takes.
    /// Answers how many updates there were.
    ///
    /// When dropped, those that were not handed out stay on the shelf.
    pub async fn hand_out<H, F>(&mut self, hand_out: H) -> usize
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = ()>,
    {
        let updates = loop {
            match self.shelf.load().await {
                Ok(updates) => break updates,
                Err(error) => {
                    tracing::warn!(error = &*error, "what polling left can't be read; trying again");
                    sleep(PAUSE).await;
                }
            }
        };
        let count = updates.len();
        for update in updates {
            self.out.insert(update.id, (update.clone(), 1));
            hand_out(self.delivery(update, 1)).await;
        }
        count
    }

    /// Waits until all that was handed out is acknowledged and off the shelf. What is given back is handed out again.
    ///
    /// When dropped, the rest stays on the shelf.
    pub async fn settle<H, F>(&mut self, hand_out: H)
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = ()>,
    {
        while !self.out.is_empty() {
            // A sender is kept here, so the channel never closes.
            let Some((id, settled)) = self.told.recv().await else {
                return;
            };
            match settled {
                Settled::Acknowledged => {
                    self.remove(id).await;
                    self.out.remove(&id);
                }
                Settled::GivenBack => {
                    sleep(PAUSE).await;
                    let Some((update, attempt)) = self.out.get_mut(&id) else {
                        continue;
                    };
                    *attempt = attempt.saturating_add(1);
                    let (update, attempt) = (update.clone(), *attempt);
                    hand_out(self.delivery(update, attempt)).await;
                }
            }
        }
    }

    async fn remove(&self, id: i64) {
        while let Err(error) = self.shelf.remove(&[id]).await {
            tracing::warn!(
                error = &*error,
                "a handled update could not be taken off the shelf; trying again"
            );
            sleep(PAUSE).await;
        }
    }

    fn delivery(&self, update: RawUpdate, attempt: u32) -> Delivery {
        let (id, tell) = (update.id, self.tell.clone());
        let receipt = Receipt::new(id, Origin::Replay, move |settled| {
            // Nobody listens any more once the process ends; the update is still on the shelf then.
            let _ = tell.send((id, settled));
        });
        Delivery {
            update,
            attempt,
            receipt,
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use serde_json::value::RawValue;
    use stepkeep_core::{BotId, MemoryStorage, SystemClock};

    use super::{super::session_shelf::SessionShelf, *};

    async fn shelf_with(ids: &[i64]) -> Arc<dyn Shelf> {
        let shelf = SessionShelf::new(Arc::new(MemoryStorage::new()), Arc::new(SystemClock), BotId(1));
        let updates: Vec<_> = ids
            .iter()
            .map(|id| {
                let raw = RawValue::from_string(format!(r#"{{"update_id":{id}}}"#)).unwrap();
                RawUpdate::new(raw).unwrap()
            })
            .collect();
        shelf.put(&updates).await.unwrap();
        Arc::new(shelf)
    }

    #[tokio::test(start_paused = true)]
    async fn what_polling_left_is_handed_out_in_order_until_it_is_done_with() {
        let shelf = shelf_with(&[12, 11]).await;
        let handed_out = Mutex::new(Vec::new());
        let take = async |delivery: Delivery| {
            handed_out.lock().push((delivery.update.id, delivery.attempt));
            // The first attempt at one of them fails.
            if (delivery.update.id, delivery.attempt) != (11, 1) {
                delivery.receipt.acknowledge();
            }
        };
        let mut clearing = ShelfClearing::new(Arc::clone(&shelf));
        assert_eq!(clearing.hand_out(take).await, 2);
        assert_eq!(*handed_out.lock(), [(11, 1), (12, 1)]);
        clearing.settle(take).await;
        assert_eq!(*handed_out.lock(), [(11, 1), (12, 1), (11, 2)]);
        assert!(shelf.load().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_not_acknowledged_stays_on_the_shelf() {
        let shelf = shelf_with(&[11]).await;
        let mut clearing = ShelfClearing::new(Arc::clone(&shelf));
        clearing.hand_out(async |delivery| drop(delivery)).await;
        drop(clearing);
        assert_eq!(shelf.load().await.unwrap().len(), 1);
    }
}
