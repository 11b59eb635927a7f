//! What admins find out about unclear charges.

use async_trait::async_trait;
use stepkeep_core::{FieldValue, PendingEffect};

use super::router::unknown;
use super::shipping::stored;
use super::{EffectResult, Effects};
use crate::flows::settling::calls::{
    FETCH_UNCLEAR, SETTLE_CHARGE, SettleOutcome, SettleRequest, UnclearOutcome,
};
use crate::ledger::{Ledger, LedgerError, Settling};

/// How many an admin is shown at a time: as many as fit into a message.
const MOST_SHOWN: usize = 8;

/// After so many times that the ledger did not answer, the admin is told so.
const MOST_RECOVERIES: u32 = 3;

/// Makes the calls about unclear charges.
#[derive(Debug)]
pub struct SettlingEffects {
    ledger: Ledger,
}

impl SettlingEffects {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 2] = [FETCH_UNCLEAR, SETTLE_CHARGE];

    /// Makes them on this ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    async fn fetch_unclear(&self) -> EffectResult {
        stored(&match self.ledger.unclear().await {
            Ok(mut charges) => {
                charges.sort_by_key(|(_, charge)| charge.at);
                let more = charges.len().saturating_sub(MOST_SHOWN);
                charges.truncate(MOST_SHOWN);
                UnclearOutcome::Found { charges, more }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the unclear charges can't be read");
                UnclearOutcome::Unavailable
            }
        })
    }

    async fn settle(&self, request: &SettleRequest, recoveries: u32) -> EffectResult {
        let SettleRequest {
            user,
            charge,
            finding,
            by,
        } = request;
        let outcome = match self.ledger.settle(*user, charge, finding).await {
            Ok(Settling::Settled(_)) => {
                tracing::warn!(
                    user_id = user.0,
                    charge,
                    admin = by.0,
                    ?finding,
                    "an admin settled an unclear charge"
                );
                SettleOutcome::Settled
            }
            // Made a second time, its own first time is what it finds.
            Ok(Settling::Already(_)) if recoveries > 0 => SettleOutcome::Settled,
            Ok(Settling::Already(_)) => SettleOutcome::Already,
            Ok(Settling::UnderWay(_)) => SettleOutcome::UnderWay,
            Ok(Settling::NotOfThisKind(_)) => SettleOutcome::NotOfThisKind,
            Err(LedgerError::UnknownCharge | LedgerError::Forgotten) => SettleOutcome::Unknown,
            Err(error) => {
                let retryable = error.is_retryable() && recoveries < MOST_RECOVERIES;
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, user_id = user.0, charge, "a charge could not be settled");
                if retryable {
                    return EffectResult::Later;
                }
                SettleOutcome::Unavailable
            }
        };
        stored(&outcome)
    }
}

#[async_trait]
impl Effects for SettlingEffects {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        match effect.name.as_str() {
            FETCH_UNCLEAR => self.fetch_unclear().await,
            SETTLE_CHARGE => match effect.payload.get() {
                Ok(request) => self.settle(&request, effect.recoveries).await,
                Err(_) => unknown(effect),
            },
            _ => unknown(effect),
        }
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        let outcome = match effect.name.as_str() {
            FETCH_UNCLEAR => FieldValue::new(&UnclearOutcome::Unavailable),
            SETTLE_CHARGE => FieldValue::new(&SettleOutcome::Unavailable),
            _ => return None,
        };
        outcome.ok()
    }
}
