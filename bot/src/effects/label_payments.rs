//! What people pay for labels: reserving, capturing, releasing, giving back; and looking into what is open for long.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::UserId;

use crate::flows::shipping::payment::{
    ChargeReference, LabelCharge, NotReserved, PurchaseOutcome, Receipt, Shortfall,
};
use crate::ledger::{
    CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, Inspector, Ledger, LedgerError, NewCharge,
    ReleaseReason, Reservation, Verdict,
};
use crate::shipping::{Label, Operation, ShippingApi, ShippingError, ShippingErrorKind};

/// The money side of buying labels.
#[derive(Debug)]
pub(super) struct LabelPayments {
    ledger: Ledger,
}

/// What came of reserving the price.
pub(super) enum Reserving {
    /// It is reserved, or was captured for the same label: the label may be bought, or looked up.
    Reserved,
    /// Nothing may be bought, and this is what the person is told.
    NotBought(PurchaseOutcome),
    /// It is not known.
    Unavailable,
}

/// The ledger did not answer: the same has to be done later.
pub(super) struct Unsettled;

impl LabelPayments {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    pub(super) async fn reserve(&self, wanted: &LabelCharge) -> Reserving {
        let charge = NewCharge {
            id: wanted.id.clone(),
            kind: ChargeKind::Label,
            amount: wanted.amount,
            subject: wanted.service.clone(),
            fingerprint: None,
        };
        let not_reserved = |reason| Reserving::NotBought(PurchaseOutcome::NotReserved(reason));
        match self.ledger.reserve(wanted.user, charge).await {
            Ok(Reservation::Reserved(_)) => Reserving::Reserved,
            Ok(Reservation::Existing(charge)) => match charge.state {
                ChargeState::Open(_) | ChargeState::Captured => Reserving::Reserved,
                ChargeState::Released(reason) => Reserving::NotBought(failed_before(&reason)),
            },
            Ok(Reservation::Short { missing, available }) => {
                let of_daily_limit = self.ledger.config().is_admin(wanted.user);
                Reserving::NotBought(PurchaseOutcome::Short(Shortfall {
                    missing,
                    available,
                    of_daily_limit,
                }))
            }
            Ok(Reservation::TooManyOpen { .. } | Reservation::Duplicate(_)) => {
                not_reserved(NotReserved::TooManyOpen)
            }
            Err(error) => {
                tell(&error, &wanted.id, "the price of a label could not be reserved");
                match error {
                    LedgerError::Currency { .. } => not_reserved(NotReserved::Currency),
                    error if error.is_retryable() => Reserving::Unavailable,
                    _ => not_reserved(NotReserved::Unavailable),
                }
            }
        }
    }

    /// Takes the price of a label that is there; answers what it came to, or nothing if it can't be taken any more.
    pub(super) async fn capture(
        &self,
        wanted: &LabelCharge,
        label: &Label,
    ) -> Result<Option<Receipt>, Unsettled> {
        let note = CaptureNote {
            amount: None,
            outcome: Some(label.label_id.to_string()),
        };
        match self.ledger.capture(wanted.user, &wanted.id, note).await {
            Ok(charge) => Ok(Some(self.receipt(wanted.user, &charge).await)),
            Err(error) => {
                tell(&error, &wanted.id, "the price of a label could not be captured");
                if error.is_retryable() {
                    Err(Unsettled)
                } else {
                    Ok(None)
                }
            }
        }
    }

    /// Gives the price free, since no label was bought for sure.
    pub(super) async fn release(
        &self,
        wanted: &LabelCharge,
        kind: ShippingErrorKind,
    ) -> Result<(), Unsettled> {
        let reason = ReleaseReason::Failed(kind.as_str().to_owned());
        match self.ledger.release(wanted.user, &wanted.id, reason).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tell(&error, &wanted.id, "the price of a label could not be released");
                if error.is_retryable() {
                    Err(Unsettled)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Notes that it is not known whether a label was bought. The price stays reserved in any case.
    pub(super) async fn keep(&self, wanted: &LabelCharge) {
        let noted = self.ledger.note(wanted.user, &wanted.id, ChargeStage::Unclear);
        if let Err(error) = noted.await {
            tell(&error, &wanted.id, "an unclear charge could not be noted");
        }
    }

    /// Gives back what was taken for a label that is void now; answers nothing if nothing was taken.
    pub(super) async fn refund(&self, charge: &ChargeReference) -> Result<Option<Receipt>, Unsettled> {
        match self.ledger.refund(charge.user, &charge.id, "void").await {
            Ok(refunded) => Ok(Some(self.receipt(charge.user, &refunded).await)),
            Err(error) => {
                tell(
                    &error,
                    &charge.id,
                    "the price of a void label could not be given back",
                );
                if error.is_retryable() {
                    Err(Unsettled)
                } else {
                    Ok(None)
                }
            }
        }
    }

    async fn receipt(&self, user: UserId, charge: &Charge) -> Receipt {
        let account = self.ledger.account(user).await;
        Receipt {
            amount: charge.amount,
            paid_by: charge.paid_by,
            left: account.ok().map(|account| account.available),
        }
    }
}

/// Operators hear of it; the person, through the flow.
fn tell(error: &LedgerError, charge: &str, what: &'static str) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, charge, "{what}");
}

/// A purchase that came to nothing when it was made before.
fn failed_before(reason: &ReleaseReason) -> PurchaseOutcome {
    let kind = match reason {
        ReleaseReason::Failed(kind) => {
            let kind = serde_json::from_value(serde_json::Value::from(kind.as_str()));
            kind.unwrap_or(ShippingErrorKind::Unavailable)
        }
        ReleaseReason::Cancelled | ReleaseReason::NotOrdered | ReleaseReason::Operator => {
            ShippingErrorKind::Unavailable
        }
    };
    let error = ShippingError::new(kind, Operation::Buy, "it came to nothing before");
    PurchaseOutcome::Failed(error.summary())
}

/// Looks up at the shipping API what became of labels whose charges are open for long.
#[derive(Debug)]
pub struct LabelInspector {
    api: Arc<dyn ShippingApi>,
}

impl LabelInspector {
    /// Asks this API.
    pub fn new(api: Arc<dyn ShippingApi>) -> Self {
        Self { api }
    }
}

#[async_trait]
impl Inspector for LabelInspector {
    fn kind(&self) -> ChargeKind {
        ChargeKind::Label
    }

    async fn inspect(&self, _user: UserId, charge: &Charge) -> Verdict {
        let Some(rate) = LabelCharge::rate_of(&charge.id) else {
            return Verdict::Unknown;
        };
        match self.api.find_label(&rate).await {
            Ok(Some(label)) => Verdict::Capture(CaptureNote {
                amount: None,
                outcome: Some(label.label_id.to_string()),
            }),
            Ok(None) => Verdict::Release(ReleaseReason::NotOrdered),
            Err(error) => {
                tracing::warn!(kind = error.kind().as_str(), "a label could not be looked up");
                Verdict::Unknown
            }
        }
    }
}
