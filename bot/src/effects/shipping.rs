//! The shipping order's calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepkeep_core::{FieldValue, PendingEffect};

use super::label_payments::{LabelPayments, Reserving, Unsettled};
use super::router::unknown;
use super::{EffectResult, Effects};
use crate::catalogue::RatesCatalogue;
use crate::flows::shipping::calls::{BUY_LABEL, CallOutcome, FETCH_RATES, RatesRequest, VOID_LABEL};
use crate::flows::shipping::payment::{
    Bought, NotReserved, PurchaseOutcome, PurchaseRequest, Receipt, VoidRequest, Voided,
};
use crate::ledger::Ledger;
use crate::shipping::{
    Label, LabelId, LabelStatus, Operation, RateId, ShippingApi, ShippingError, ShippingErrorKind, Voiding,
};

/// After so many processes found no answer, the person is told that it isn't known. Trying again stays safe, since every
/// purchase looks first.
const MOST_RECOVERIES: u32 = 5;

/// How long a label may be in the making before the call is put off.
const LABEL_CHECKS: u32 = 8;
const LABEL_CHECK_PAUSE: Duration = Duration::from_secs(2);

/// Makes the calls of the shipping order.
#[derive(Debug)]
pub struct ShippingEffects {
    api: Arc<dyn ShippingApi>,
    rates: RatesCatalogue,
    payments: Option<LabelPayments>,
}

impl ShippingEffects {
    /// The calls that it makes.
    pub const NAMES: [&'static str; 3] = [FETCH_RATES, BUY_LABEL, VOID_LABEL];

    /// Makes them with this API, and asks this catalogue for rates. Nobody pays for labels.
    pub fn new(api: Arc<dyn ShippingApi>, rates: RatesCatalogue) -> Self {
        Self {
            api,
            rates,
            payments: None,
        }
    }

    /// The same, and labels are paid for out of this ledger.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.payments = Some(LabelPayments::new(ledger));
        self
    }

    async fn fetch_rates(&self, request: &RatesRequest) -> EffectResult {
        let offers = if request.is_fresh {
            self.rates.fresh_offers(&request.shipment).await
        } else {
            self.rates.offers(&request.shipment).await
        };
        stored(&match offers {
            Ok(offers) => CallOutcome::Done(offers),
            Err(error) => told(&error),
        })
    }

    /// The price is reserved before anything is bought, captured when the label is there, and released when it is sure that
    /// there is none. While that is not known, it stays reserved.
    async fn buy_label(&self, request: &PurchaseRequest, recoveries: u32) -> EffectResult {
        let (Some(payments), Some(charge)) = (&self.payments, &request.charge) else {
            return match self.purchase(&request.rate_id, recoveries).await {
                Purchase::Label(label) => bought(*label, None),
                Purchase::Nothing(error) | Purchase::Unclear(error) => failed(&error),
                Purchase::Later => EffectResult::Later,
            };
        };
        match payments.reserve(charge).await {
            Reserving::Reserved => {}
            Reserving::NotBought(outcome) => return stored(&outcome),
            Reserving::Unavailable if recoveries < MOST_RECOVERIES => return EffectResult::Later,
            Reserving::Unavailable => {
                return stored(&PurchaseOutcome::NotReserved(NotReserved::Unavailable));
            }
        }
        match self.purchase(&request.rate_id, recoveries).await {
            Purchase::Label(label) => match payments.capture(charge, &label).await {
                Ok(receipt) => bought(*label, receipt),
                // It is looked up, and captured then.
                Err(Unsettled) => EffectResult::Later,
            },
            Purchase::Nothing(error) => match payments.release(charge, error.kind()).await {
                Ok(()) => failed(&error),
                Err(Unsettled) => EffectResult::Later,
            },
            Purchase::Unclear(error) => {
                payments.keep(charge).await;
                failed(&error)
            }
            Purchase::Later => EffectResult::Later,
        }
    }

    /// Every purchase looks first, not only one that is taken up again: the person may have pressed "try again" after an
    /// unclear answer, and one cheap look is nothing beside a second label.
    async fn purchase(&self, rate: &RateId, recoveries: u32) -> Purchase {
        let error = match self.api.buy_label_after_lookup(rate).await {
            Ok(label) => return self.wait_for_file(label).await,
            Err(error) => error,
        };
        // A failure that says nothing about an earlier process's request leaves open what became of that.
        let is_open = error.kind() == ShippingErrorKind::Unclear || (recoveries > 0 && error.is_retryable());
        if !is_open {
            return Purchase::Nothing(error);
        }
        if recoveries < MOST_RECOVERIES {
            tracing::warn!(error = %error.kind().as_str(), recoveries, "a purchase is unclear and is looked up later");
            return Purchase::Later;
        }
        Purchase::Unclear(match error.kind() {
            ShippingErrorKind::Unclear => error,
            kind => ShippingError::new(ShippingErrorKind::Unclear, Operation::Buy, kind.as_str()),
        })
    }

    async fn wait_for_file(&self, mut label: Label) -> Purchase {
        for _ in 0..LABEL_CHECKS {
            if label.pdf.is_some() && label.status != LabelStatus::Processing {
                return Purchase::Label(Box::new(label));
            }
            tokio::time::sleep(LABEL_CHECK_PAUSE).await;
            if let Ok(newer) = self.api.label(&label.label_id).await {
                label = newer;
            }
        }
        Purchase::Later
    }

    async fn void_label(&self, request: &VoidRequest, recoveries: u32) -> EffectResult {
        let label = &request.label_id;
        // A voiding that was sent before may have been carried out; asking again would be refused.
        let voiding = if recoveries > 0 && self.is_void(label).await {
            voided_before()
        } else {
            match self.api.void_label(label).await {
                Ok(voiding) if !voiding.approved && self.is_void(label).await => voided_before(),
                Ok(voiding) => voiding,
                Err(error) if error.kind() == ShippingErrorKind::Unclear && recoveries < MOST_RECOVERIES => {
                    return EffectResult::Later;
                }
                Err(error) => return finished::<Voided>(Err(error)),
            }
        };
        let refund = match (&self.payments, &request.charge) {
            (Some(payments), Some(charge)) if voiding.approved => payments.refund(charge).await,
            _ => Ok(None),
        };
        match refund {
            Ok(refund) => finished(Ok(Voided { voiding, refund })),
            Err(Unsettled) => EffectResult::Later,
        }
    }

    async fn is_void(&self, label: &LabelId) -> bool {
        matches!(
            self.api.label(label).await,
            Ok(Label {
                status: LabelStatus::Voided,
                ..
            })
        )
    }
}

/// What came of a purchase.
enum Purchase {
    Label(Box<Label>),
    /// It is sure that nothing was bought.
    Nothing(ShippingError),
    /// It is not known, however often it was asked.
    Unclear(ShippingError),
    /// It is not known yet.
    Later,
}

fn voided_before() -> Voiding {
    Voiding {
        approved: true,
        message: String::new(),
        reason: None,
    }
}

#[async_trait]
impl Effects for ShippingEffects {
    async fn run(&self, effect: &PendingEffect) -> EffectResult {
        let result = match effect.name.as_str() {
            FETCH_RATES => match payload(effect) {
                Some(request) => Some(self.fetch_rates(&request).await),
                None => None,
            },
            BUY_LABEL => match payload(effect) {
                Some(request) => Some(self.buy_label(&request, effect.recoveries).await),
                None => None,
            },
            VOID_LABEL => match payload(effect) {
                Some(request) => Some(self.void_label(&request, effect.recoveries).await),
                None => None,
            },
            _ => None,
        };
        result.unwrap_or_else(|| unknown(effect))
    }

    fn give_up(&self, effect: &PendingEffect) -> Option<FieldValue> {
        let operation = match effect.name.as_str() {
            FETCH_RATES => Operation::Rates,
            BUY_LABEL => Operation::Buy,
            VOID_LABEL => Operation::Void,
            _ => return None,
        };
        match given_up(operation) {
            EffectResult::Finished(outcome) => Some(outcome),
            EffectResult::Later => None,
        }
    }
}

fn given_up(operation: Operation) -> EffectResult {
    let kind = match operation {
        // It may have happened, and nobody knows.
        Operation::Buy | Operation::Void => ShippingErrorKind::Unclear,
        _ => ShippingErrorKind::Unavailable,
    };
    let error = ShippingError::new(kind, operation, "there was no answer, however often it was asked");
    finished::<()>(Err(error))
}

fn payload<T: DeserializeOwned>(effect: &PendingEffect) -> Option<T> {
    effect.payload.get().ok()
}

fn finished<T: Serialize>(result: Result<T, ShippingError>) -> EffectResult {
    stored(&match result {
        Ok(value) => CallOutcome::Done(value),
        Err(error) => told(&error),
    })
}

/// A label that was bought, as the flow hears of it.
fn bought(label: Label, receipt: Option<Receipt>) -> EffectResult {
    stored(&PurchaseOutcome::Done(Box::new(Bought { label, receipt })))
}

/// A purchase that failed, as the flow hears of it.
fn failed(error: &ShippingError) -> EffectResult {
    finished::<()>(Err(error.clone()))
}

/// A failure, as the flow hears of it.
fn told<T>(error: &ShippingError) -> CallOutcome<T> {
    tracing::warn!(
        kind = error.kind().as_str(),
        operation = error.operation().as_str(),
        request_id = error.request_id(),
        status = error.status(),
        "the shipping API failed"
    );
    CallOutcome::Failed(error.summary())
}

pub(super) fn stored<T: Serialize>(outcome: &T) -> EffectResult {
    match FieldValue::new(outcome) {
        Ok(value) => EffectResult::Finished(value),
        Err(error) => {
            tracing::error!(%error, "an outcome can't be stored");
            EffectResult::Later
        }
    }
}
