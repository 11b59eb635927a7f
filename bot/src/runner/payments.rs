//! Payments: the question before one is answered at once, beside all conversations; what was paid is booked before its
//! conversation hears of it.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{FieldValue, Input, InputKind, SessionKey};
use teloxide_core::payloads::AnswerPreCheckoutQuery;
use teloxide_core::types::PreCheckoutQueryId;

use super::Shared;
use super::conversation::{Answered, error_chain};
use crate::dead_letters::Reason;
use crate::flows::balance::calls::PAYMENT;
use crate::flows::language_of_session;
use crate::localization::Language;
use crate::stars::{Checkout, StarsDesk, StarsPayment};
use crate::telegram::{Receipt, TelegramErrorKind};

/// How long may be looked before a payment: without an answer within ten seconds (Bot API, "answerPreCheckoutQuery") it is
/// cancelled, and a person waits.
const LOOKING: Duration = Duration::from_secs(2);

/// After so long nobody waits for the answer any more.
const ANSWERING: Duration = Duration::from_secs(8);

impl Shared {
    /// Answers whether a payment may go through. In doubt it may not: nothing is lost by that.
    pub(super) async fn answer_checkout(&self, checkout: &Checkout, receipt: Receipt) {
        let (refusal, language) = tokio::join!(self.refusal(checkout), self.language_of(checkout));
        let mut request =
            AnswerPreCheckoutQuery::new(PreCheckoutQueryId(checkout.query.clone()), refusal.is_none());
        request.error_message = refusal.map(|message| self.localizer.plain(language, message));
        match tokio::time::timeout(ANSWERING, self.replies.sender().send(None, &request)).await {
            Ok(Ok(_)) => {}
            // It was answered before, or is too old: either way nobody waits.
            Ok(Err(error))
                if matches!(
                    error.kind(),
                    TelegramErrorKind::BadRequest(_) | TelegramErrorKind::QueryTooOld
                ) =>
            {
                tracing::debug!(user_id = checkout.user.0, %error, "nobody waits for an answer before a payment");
            }
            Ok(Err(error)) => {
                tracing::warn!(user_id = checkout.user.0, %error, "a question before a payment could not be answered");
            }
            Err(_) => tracing::warn!(
                user_id = checkout.user.0,
                "a question before a payment could not be answered in time"
            ),
        }
        receipt.acknowledge();
    }

    /// The message that says why a payment may not go through; `None` if it may.
    async fn refusal(&self, checkout: &Checkout) -> Option<&'static str> {
        let Some(desk) = &self.payments else {
            return Some("stars-refused-outdated");
        };
        let user_id = checkout.user.0;
        match tokio::time::timeout(LOOKING, desk.check(checkout)).await {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => {
                tracing::warn!(
                    user_id,
                    reason = &refusal as &dyn std::error::Error,
                    "a payment is refused"
                );
                Some(refusal.message())
            }
            Err(_) => {
                tracing::error!(
                    user_id,
                    "a payment is refused: the account can't be looked at in time"
                );
                Some("stars-refused-unclear")
            }
        }
    }

    /// The language that the person chose, else that of their client.
    async fn language_of(&self, checkout: &Checkout) -> Language {
        let otherwise = Language::from_language_code(checkout.language.as_deref());
        let key = SessionKey::private(self.bot, checkout.user);
        let session = tokio::time::timeout(LOOKING, self.engine.store().get(&key)).await;
        match session {
            Ok(Ok(Some(session))) => language_of_session(&session, otherwise),
            _ => otherwise,
        }
    }

    /// Books what was paid or given back; answers the input that tells of it.
    pub(super) async fn book(&self, payment: &StarsPayment, input: &Input) -> Result<Input, Answered> {
        let Some(desk): Option<&Arc<StarsDesk>> = self.payments.as_ref() else {
            return Ok(input.clone());
        };
        let outcome = desk.book(payment).await.map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                charge = payment.charge,
                "a payment could not be booked yet"
            );
            if error.is_retryable() {
                Answered::NotYet("ledger")
            } else {
                let error = error_chain(&error);
                Answered::Failed {
                    reason: Reason::Store,
                    error,
                }
            }
        })?;
        let details = FieldValue::new(&outcome).map_err(|error| Answered::Failed {
            reason: Reason::Store,
            error: error_chain(&error),
        })?;
        let kind = InputKind::Happened {
            name: PAYMENT.to_owned(),
            details,
        };
        Ok(Input {
            kind,
            ..input.clone()
        })
    }
}
