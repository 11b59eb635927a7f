//! Giving Stars back.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::{FieldValue, PendingEffect};

use super::router::unknown;
use super::shipping::stored;
use super::{EffectResult, Effects};
use crate::flows::balance::calls::{REFUND_STARS, RefundOutcome, RefundRequest};
use crate::ledger::{Debited, Ledger, LedgerError};
use crate::stars::{movement_id, return_id};
use crate::telegram::{StarsApi, TelegramErrorKind};

/// After so many times without a clear answer, the admin is told so.
const MOST_RECOVERIES: u32 = 3;

/// Gives Stars back: first what they brought goes from the account, so that nobody spends it meanwhile, then the Stars go. Both are
/// done once, however often it is tried; and if Telegram refuses, the first is undone.
#[derive(Debug)]
pub struct StarsRefunds {
    ledger: Ledger,
    api: Arc<dyn StarsApi>,
}

impl StarsRefunds {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 1] = [REFUND_STARS];

    /// Gives back what Telegram took, and takes it from this ledger.
    pub fn new(ledger: Ledger, api: Arc<dyn StarsApi>) -> Self {
        Self { ledger, api }
    }

    /// What came of it; `None` when that is not known yet.
    async fn refund(&self, request: &RefundRequest) -> Result<Option<RefundOutcome>, LedgerError> {
        let RefundRequest {
            user,
            charge,
            is_forced,
            by,
        } = request;
        let debit = return_id(charge);
        match self.ledger.movement(*user, &movement_id(charge)).await? {
            Some(paid) => {
                let debited = self.ledger.debit_stars(*user, &debit, paid.amount, *is_forced);
                if let Debited::Short { missing } = debited.await? {
                    return Ok(Some(RefundOutcome::Spent { missing }));
                }
            }
            None if *is_forced => {}
            None => return Ok(Some(RefundOutcome::NoPayment)),
        }
        let error = match self.api.refund_stars(*user, charge).await {
            Ok(refund) => {
                tracing::warn!(
                    user_id = user.0,
                    admin = by.0,
                    charge,
                    ?refund,
                    "an admin gave Stars back"
                );
                return Ok(Some(RefundOutcome::Done));
            }
            Err(error) => error,
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            user_id = user.0,
            admin = by.0,
            charge,
            "Stars could not be given back"
        );
        let TelegramErrorKind::BadRequest(reason) = error.kind() else {
            return Ok(None);
        };
        self.ledger.undo_debit(*user, &debit).await?;
        let reason = reason.clone();
        Ok(Some(RefundOutcome::Refused { reason }))
    }
}

#[async_trait]
impl Effects for StarsRefunds {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        let Ok(request) = effect.payload.get::<RefundRequest>() else {
            return unknown(effect);
        };
        let outcome = match self.refund(&request).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    user_id = request.user.0,
                    "Stars could not be given back"
                );
                None
            }
        };
        match outcome {
            Some(outcome) => stored(&outcome),
            None if effect.recoveries < MOST_RECOVERIES => EffectResult::Later,
            None => stored(&RefundOutcome::Unclear),
        }
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        (effect.name == REFUND_STARS)
            .then(|| FieldValue::new(&RefundOutcome::Unclear).ok())
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use stepkeep_core::{BotId, MemoryStorage, SystemClock, UserId};

    use super::*;
    use crate::ledger::{LedgerConfig, StarsCredit};
    use crate::money::{Currency, Money};
    use crate::telegram::{Method, StarsRefund, StarsTransaction, TelegramError};

    const ANNA: UserId = UserId(42);

    /// What Telegram answers next; then that it was done before.
    #[derive(Debug, Default)]
    struct Answers(Mutex<Vec<Result<StarsRefund, TelegramErrorKind>>>);

    #[async_trait]
    impl StarsApi for Answers {
        async fn star_transactions(
            &self,
            _: usize,
            _: usize,
        ) -> Result<Vec<Option<StarsTransaction>>, TelegramError> {
            Ok(Vec::new())
        }

        async fn refund_stars(&self, _: UserId, _: &str) -> Result<StarsRefund, TelegramError> {
            let answer = self.0.lock().pop().unwrap_or(Ok(StarsRefund::DoneBefore));
            answer.map_err(|kind| TelegramError::new(Method::new("refundStarPayment"), kind))
        }
    }

    async fn refunds(answers: Vec<Result<StarsRefund, TelegramErrorKind>>) -> StarsRefunds {
        let config = LedgerConfig::new(Currency::USD);
        let store = Arc::new(MemoryStorage::new());
        let ledger = Ledger::new(store, Arc::new(SystemClock), BotId(7), config);
        let paid = StarsCredit {
            id: movement_id("c"),
            invoice: "i".to_owned(),
            amount: Money::from_minor(100, Currency::USD),
            reason: String::new(),
        };
        ledger.credit_stars(ANNA, &paid).await.unwrap();
        StarsRefunds::new(ledger, Arc::new(Answers(Mutex::new(answers))))
    }

    fn request(charge: &str, is_forced: bool) -> RefundRequest {
        RefundRequest {
            user: ANNA,
            charge: charge.to_owned(),
            is_forced,
            by: UserId(9),
        }
    }

    async fn left(refunds: &StarsRefunds) -> i64 {
        refunds.ledger.account(ANNA).await.unwrap().available.minor()
    }

    #[tokio::test]
    async fn an_unclear_refund_is_made_once_and_debited_once() {
        let refunds = refunds(vec![Err(TelegramErrorKind::Timeout)]).await;
        assert_eq!(refunds.refund(&request("c", false)).await.unwrap(), None);
        assert_eq!(left(&refunds).await, 0, "nobody spends what may be gone");
        for _ in 0..2 {
            let outcome = refunds.refund(&request("c", false)).await.unwrap();
            assert_eq!(outcome, Some(RefundOutcome::Done));
            assert_eq!(left(&refunds).await, 0);
        }
    }

    #[tokio::test]
    async fn a_refused_refund_leaves_the_account_as_it_was() {
        let refusal = TelegramErrorKind::BadRequest("CHARGE_NOT_FOUND".to_owned());
        let refunds = refunds(vec![Err(refusal)]).await;
        let outcome = refunds.refund(&request("c", false)).await.unwrap();
        assert!(matches!(outcome, Some(RefundOutcome::Refused { reason }) if reason.contains("NOT_FOUND")));
        assert_eq!(left(&refunds).await, 100);
        let outcome = refunds.refund(&request("c", false)).await.unwrap();
        assert_eq!((outcome, left(&refunds).await), (Some(RefundOutcome::Done), 0));
    }

    #[tokio::test]
    async fn what_is_not_known_is_given_back_only_by_force() {
        let refunds = refunds(Vec::new()).await;
        let outcome = refunds.refund(&request("d", false)).await.unwrap();
        assert_eq!(outcome, Some(RefundOutcome::NoPayment));
        let outcome = refunds.refund(&request("d", true)).await.unwrap();
        assert_eq!((outcome, left(&refunds).await), (Some(RefundOutcome::Done), 100));
    }
}
