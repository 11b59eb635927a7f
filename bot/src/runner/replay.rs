//! Updates that were put aside, and that an operator wants to be handled once more.

use std::sync::Arc;

use serde_json::value::RawValue;
use stepkeep_core::Session;
use tokio::sync::OwnedSemaphorePermit;

use super::{Runner, Shared};
use crate::telegram::{Delivery, Origin, RawUpdate, Receipt, Settled};

impl Shared {
    /// Hands a letter that is due to its conversation, as any update. It goes when it was handled; when it fails again, it
    /// is put aside again. `place` is dropped when it is settled.
    pub(super) async fn replay(self: &Arc<Self>, session: &Session, place: OwnedSemaphorePermit) {
        let letter = match self.dead_letters.claim(session).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an update is replayed later"
                );
                return;
            }
        };
        let raw = RawValue::from_string(letter.raw.clone()).ok();
        let Some(update) = raw.and_then(|raw| RawUpdate::new(raw).ok()) else {
            tracing::error!(letter = letter.id.0, "what is no update can't be replayed");
            if let Err(error) = self.dead_letters.put_aside(&letter).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "it is tried again later"
                );
            }
            return;
        };
        tracing::info!(letter = letter.id.0, "an update is replayed");
        self.poison.forget(update.id);
        let (shared, runtime) = (Arc::clone(self), tokio::runtime::Handle::current());
        let receipt = Receipt::new(update.id, Origin::Replay, move |settled| {
            let _place = place;
            if settled == Settled::GivenBack {
                // It is due again when the time is over that this process had for it.
                return;
            }
            runtime.spawn(async move {
                // One that was put aside again is no longer due, and stays.
                match shared.dead_letters.remove_replayed(letter.id).await {
                    Ok(()) => {}
                    Err(error) => tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        letter = letter.id.0,
                        "a replayed update comes once more, and changes nothing"
                    ),
                }
            });
        });
        let delivery = Delivery {
            update,
            attempt: 2,
            receipt,
        };
        let runner = Runner {
            shared: Arc::clone(self),
        };
        // Boxed, since the runner's recovery is where this comes from.
        Box::pin(runner.take(delivery)).await;
    }
}
