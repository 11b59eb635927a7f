//! The shipping order's calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stepkeep_core::{FieldValue, PendingEffect};

use super::{EffectResult, Effects};
use crate::catalogue::RatesCatalogue;
use crate::flows::shipping::calls::{BUY_LABEL, CallOutcome, FETCH_RATES, RatesRequest, VOID_LABEL};
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
}

impl ShippingEffects {
    /// Makes them with this API, and asks this catalogue for rates.
    pub fn new(api: Arc<dyn ShippingApi>, rates: RatesCatalogue) -> Self {
        Self { api, rates }
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

    /// Every purchase looks first, not only one that is taken up again: the person may have pressed "try again" after an
    /// unclear answer, and one cheap look is nothing beside a second label.
    async fn buy_label(&self, rate: &RateId, recoveries: u32) -> EffectResult {
        let outcome = match self.api.buy_label_after_lookup(rate).await {
            Ok(label) => return self.wait_for_file(label).await,
            Err(error) => error,
        };
        // A failure that says nothing about an earlier process's request leaves open what became of that.
        let is_open =
            outcome.kind() == ShippingErrorKind::Unclear || (recoveries > 0 && outcome.is_retryable());
        if is_open && recoveries < MOST_RECOVERIES {
            tracing::warn!(error = %outcome.kind().as_str(), recoveries, "a purchase is unclear and is looked up later");
            return EffectResult::Later;
        }
        finished::<Label>(Err(outcome))
    }

    async fn wait_for_file(&self, mut label: Label) -> EffectResult {
        for _ in 0..LABEL_CHECKS {
            if label.pdf.is_some() && label.status != LabelStatus::Processing {
                return finished(Ok(label));
            }
            tokio::time::sleep(LABEL_CHECK_PAUSE).await;
            if let Ok(newer) = self.api.label(&label.label_id).await {
                label = newer;
            }
        }
        EffectResult::Later
    }

    async fn void_label(&self, label: &LabelId, recoveries: u32) -> EffectResult {
        // A voiding that was sent before may have been carried out; asking again would be refused.
        if recoveries > 0
            && let Ok(Label {
                status: LabelStatus::Voided,
                ..
            }) = self.api.label(label).await
        {
            return finished(Ok(Voiding {
                approved: true,
                message: String::new(),
                reason: None,
            }));
        }
        match self.api.void_label(label).await {
            Err(error) if error.kind() == ShippingErrorKind::Unclear && recoveries < MOST_RECOVERIES => {
                EffectResult::Later
            }
            result => finished(result),
        }
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
                Some(rate) => Some(self.buy_label(&rate, effect.recoveries).await),
                None => None,
            },
            VOID_LABEL => match payload(effect) {
                Some(label) => Some(self.void_label(&label, effect.recoveries).await),
                None => None,
            },
            _ => None,
        };
        // A call that this version doesn't know, or can't read, is a newer version's, which will take it up.
        result.unwrap_or_else(|| {
            tracing::error!(
                effect = effect.name,
                id = effect.id,
                "this version can't make a stored call"
            );
            EffectResult::Later
        })
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

fn stored<T: Serialize>(outcome: &CallOutcome<T>) -> EffectResult {
    match FieldValue::new(outcome) {
        Ok(value) => EffectResult::Finished(value),
        Err(error) => {
            tracing::error!(%error, "an outcome can't be stored");
            EffectResult::Later
        }
    }
}
