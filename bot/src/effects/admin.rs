//! What admins ask for: figures, and broadcasts.

use async_trait::async_trait;
use serde::Serialize;
use stepkeep_core::{FieldValue, PendingEffect};

use super::router::unknown;
use super::shipping::stored;
use super::{EffectResult, Effects};
use crate::broadcast::{Begun, BroadcastError, Broadcasts};
use crate::flows::admin::calls::{
    BroadcastDraft, BroadcastLook, BroadcastStart, DraftOutcome, FETCH_STATISTICS, LOOK_AT_BROADCAST,
    LookOutcome, PREPARE_BROADCAST, START_BROADCAST, StartOutcome, StatisticsOutcome,
};
use crate::overview::Overviews;

/// After so many times that a broadcast could not be begun, the admin is told so.
const MOST_RECOVERIES: u32 = 3;

/// Makes the calls of admins' commands.
#[derive(Debug)]
pub struct AdminEffects {
    overviews: Overviews,
    broadcasts: Broadcasts,
}

impl AdminEffects {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 4] = [
        FETCH_STATISTICS,
        PREPARE_BROADCAST,
        START_BROADCAST,
        LOOK_AT_BROADCAST,
    ];

    /// Makes them of these.
    pub fn new(overviews: Overviews, broadcasts: Broadcasts) -> Self {
        Self {
            overviews,
            broadcasts,
        }
    }

    async fn count(&self) -> EffectResult {
        stored(&match self.overviews.latest().await {
            Ok(overview) => StatisticsOutcome::Counted(Box::new(overview)),
            Err(error) => {
                tell(&error);
                StatisticsOutcome::Unavailable
            }
        })
    }

    async fn prepare(&self) -> Result<DraftOutcome, BroadcastError> {
        if let Some(view) = self.broadcasts.current().await?
            && view.is_running()
        {
            return Ok(DraftOutcome::Busy(view));
        }
        self.broadcasts.audience().await.map(DraftOutcome::Ready)
    }

    async fn start(&self, start: BroadcastStart, recoveries: u32) -> EffectResult {
        let BroadcastStart { order, board } = start;
        let by = order.by.0;
        match self.broadcasts.begin(order, board).await {
            Ok(Begun::Started(view)) => {
                tracing::info!(
                    admin = by,
                    people = view.audience.people,
                    "an admin begins a broadcast"
                );
                stored(&StartOutcome::Started(view))
            }
            Ok(Begun::Busy(view)) => stored(&StartOutcome::Busy(view)),
            Err(error) => {
                tell(&error);
                // It may have begun; made again it tells.
                if recoveries < MOST_RECOVERIES {
                    return EffectResult::Later;
                }
                stored(&StartOutcome::Unavailable)
            }
        }
    }

    async fn look(&self, look: BroadcastLook) -> Result<LookOutcome, BroadcastError> {
        let seen = match look {
            BroadcastLook { stops: true, .. } => self.broadcasts.request_stop().await?,
            BroadcastLook {
                board: Some(board), ..
            } => self.broadcasts.show_at(board).await?,
            BroadcastLook { board: None, .. } => self.broadcasts.current().await?,
        };
        Ok(seen.map_or(LookOutcome::Nothing, LookOutcome::Seen))
    }
}

fn tell(error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "what an admin asked for could not be looked up");
}

/// What came of a look, or that nothing can be seen now.
fn told<T: Serialize>(outcome: Result<T, BroadcastError>, unavailable: T) -> EffectResult {
    stored(&outcome.unwrap_or_else(|error| {
        tell(&error);
        unavailable
    }))
}

#[async_trait]
impl Effects for AdminEffects {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        let payload = &effect.payload;
        match effect.name.as_str() {
            FETCH_STATISTICS => self.count().await,
            PREPARE_BROADCAST => match payload.get::<BroadcastDraft>() {
                Ok(_) => told(self.prepare().await, DraftOutcome::Unavailable),
                Err(_) => unknown(effect),
            },
            START_BROADCAST => match payload.get() {
                Ok(start) => self.start(start, effect.recoveries).await,
                Err(_) => unknown(effect),
            },
            LOOK_AT_BROADCAST => match payload.get() {
                Ok(look) => told(self.look(look).await, LookOutcome::Unavailable),
                Err(_) => unknown(effect),
            },
            _ => unknown(effect),
        }
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        let outcome = match effect.name.as_str() {
            FETCH_STATISTICS => FieldValue::new(&StatisticsOutcome::Unavailable),
            PREPARE_BROADCAST => FieldValue::new(&DraftOutcome::Unavailable),
            START_BROADCAST => FieldValue::new(&StartOutcome::Unavailable),
            LOOK_AT_BROADCAST => FieldValue::new(&LookOutcome::Unavailable),
            _ => return None,
        };
        outcome.ok()
    }
}
