//! Looking at accounts, and what admins do with them.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::{BotId, FieldValue, PendingEffect, SessionKey, SessionStore, UserId};

use super::router::unknown;
use super::shipping::stored;
use super::{EffectResult, Effects};
use crate::flows::balance::calls::{
    BalanceOutcome, BalanceRequest, CREDIT_ACCOUNT, CreditOutcome, CreditRequest, FETCH_BALANCE,
    LOOK_UP_PERSON, PersonOutcome, PersonRequest,
};
use crate::ledger::{Ledger, LedgerError, Purse};

/// After so many times that the ledger did not answer, the person is told so.
const MOST_RECOVERIES: u32 = 3;

/// Makes the calls about balances.
#[derive(Debug)]
pub struct LedgerEffects {
    ledger: Ledger,
    sessions: Arc<dyn SessionStore>,
    bot: BotId,
}

impl LedgerEffects {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 3] = [FETCH_BALANCE, CREDIT_ACCOUNT, LOOK_UP_PERSON];

    /// Makes them on this ledger; where a person is in a dialogue, these sessions of `bot` say.
    pub fn new(ledger: Ledger, sessions: Arc<dyn SessionStore>, bot: BotId) -> Self {
        Self {
            ledger,
            sessions,
            bot,
        }
    }

    async fn fetch_balance(&self, request: &BalanceRequest) -> EffectResult {
        let outcome = match request.page {
            None => self
                .ledger
                .account(request.user)
                .await
                .map(BalanceOutcome::Balance),
            Some(page) => {
                let history = self.ledger.history(request.user, page).await;
                history.map(BalanceOutcome::History)
            }
        };
        stored(&outcome.unwrap_or_else(|error| {
            tell(&error, request.user);
            BalanceOutcome::Unavailable
        }))
    }

    async fn credit(&self, request: &CreditRequest, recoveries: u32) -> EffectResult {
        let CreditRequest {
            id,
            user,
            amount,
            reason,
            by,
        } = request;
        match self
            .ledger
            .credit(*user, id, *amount, Purse::General, reason)
            .await
        {
            Ok(credited) => {
                let available = credited.available;
                tracing::info!(user_id = user.0, admin = by.0, %amount, movement = id, "an admin credited an account");
                stored(&CreditOutcome::Done { available })
            }
            Err(error) => {
                tell(&error, *user);
                // It may have happened; made again with the same id it tells.
                if error.is_retryable() && recoveries < MOST_RECOVERIES {
                    return EffectResult::Later;
                }
                stored(&CreditOutcome::Failed)
            }
        }
    }

    async fn look_up(&self, request: &PersonRequest) -> EffectResult {
        let session = self
            .sessions
            .get(&SessionKey::private(self.bot, request.user))
            .await;
        let account = self.ledger.account(request.user).await;
        let outcome = match (account, session) {
            (Ok(account), Ok(session)) => PersonOutcome::Found {
                account: Box::new(account),
                place: session.as_ref().and_then(|session| {
                    let position = session.position()?;
                    Some(format!("{}/{}", position.flow, position.step))
                }),
                seen_at: session.map(|session| session.updated_at()),
            },
            (Err(error), _) => {
                tell(&error, request.user);
                PersonOutcome::Unavailable
            }
            (_, Err(error)) => {
                tell(&error.into(), request.user);
                PersonOutcome::Unavailable
            }
        };
        stored(&outcome)
    }
}

fn tell(error: &LedgerError, user: UserId) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, user_id = user.0, "an account could not be used");
}

#[async_trait]
impl Effects for LedgerEffects {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        let payload = &effect.payload;
        match effect.name.as_str() {
            FETCH_BALANCE => match payload.get() {
                Ok(request) => self.fetch_balance(&request).await,
                Err(_) => unknown(effect),
            },
            CREDIT_ACCOUNT => match payload.get() {
                Ok(request) => self.credit(&request, effect.recoveries).await,
                Err(_) => unknown(effect),
            },
            LOOK_UP_PERSON => match payload.get() {
                Ok(request) => self.look_up(&request).await,
                Err(_) => unknown(effect),
            },
            _ => unknown(effect),
        }
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        let outcome = match effect.name.as_str() {
            FETCH_BALANCE => FieldValue::new(&BalanceOutcome::Unavailable),
            CREDIT_ACCOUNT => FieldValue::new(&CreditOutcome::Failed),
            LOOK_UP_PERSON => FieldValue::new(&PersonOutcome::Unavailable),
            _ => return None,
        };
        outcome.ok()
    }
}
