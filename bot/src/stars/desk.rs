//! Where payments are answered and booked.

use stepkeep_core::UserId;

use super::{
    Checkout, InvoiceKey, PaymentKind, PaymentOutcome, STARS, StarsInvoice, StarsPackage, StarsPayment,
    movement_id, return_id,
};
use crate::ledger::{Debited, Ledger, LedgerError, StarsCredit};

/// Answers whether a payment may go through, and books those that did.
///
/// It books payments also while nothing is offered: the Stars of an invoice that was paid in the last moment are there.
#[derive(Debug)]
pub struct StarsDesk {
    ledger: Ledger,
    key: InvoiceKey,
    packages: Vec<StarsPackage>,
}

/// Why a payment may not go through.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutRefusal {
    /// It is for no invoice of this bot.
    #[error("the invoice is none of this bot's")]
    Unknown,
    /// The invoice is another person's.
    #[error("the invoice is another person's")]
    Foreign,
    /// The package is not offered any more, or not for that.
    #[error("the package is not offered any more")]
    Outdated,
    /// The invoice was paid before.
    #[error("the invoice was paid before")]
    Paid,
    /// The account can't be looked at.
    #[error("the account can't be looked at")]
    Unclear(#[from] LedgerError),
}

impl CheckoutRefusal {
    /// The message that says so to the person.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Unknown => "stars-refused-unknown",
            Self::Foreign => "stars-refused-foreign",
            Self::Outdated => "stars-refused-outdated",
            Self::Paid => "stars-refused-paid",
            Self::Unclear(_) => "stars-refused-unclear",
        }
    }
}

impl StarsDesk {
    /// A desk that knows invoices by this key, and lets through what is for one of these packages.
    pub fn new(ledger: Ledger, key: InvoiceKey, packages: Vec<StarsPackage>) -> Self {
        Self {
            ledger,
            key,
            packages,
        }
    }

    /// The accounts.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether a payment may go through. At most one read.
    ///
    /// # Errors
    /// [`CheckoutRefusal`]: then it may not.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn check(&self, checkout: &Checkout) -> Result<(), CheckoutRefusal> {
        let invoice = self.invoice(&checkout.currency, &checkout.payload);
        let StarsInvoice { id, user, package } = invoice.ok_or(CheckoutRefusal::Unknown)?;
        if user != checkout.user {
            return Err(CheckoutRefusal::Foreign);
        }
        if package.stars != checkout.amount || !self.packages.contains(&package) {
            return Err(CheckoutRefusal::Outdated);
        }
        if self.ledger.is_invoice_paid(user, &id).await? {
            return Err(CheckoutRefusal::Paid);
        }
        Ok(())
    }

    /// Books a payment, or its way back, once for each: a repeated call changes nothing, and answers the same.
    ///
    /// # Errors
    /// [`LedgerError`]: it may have been booked, and the same call tells.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether it was booked; the same call made again tells.
    pub async fn book(&self, payment: &StarsPayment) -> Result<PaymentOutcome, LedgerError> {
        let Some(invoice) = self.invoice(&payment.currency, &payment.payload) else {
            if payment.kind == PaymentKind::Returned {
                return Ok(PaymentOutcome::UnknownReturned);
            }
            tracing::error!(
                user_id = payment.user.0,
                charge = payment.charge,
                amount = payment.amount,
                currency = payment.currency,
                "a payment is for no known invoice, and is not on any account: look into it, and give it back with /refund"
            );
            return Ok(PaymentOutcome::Unknown);
        };
        let (user, StarsPackage { stars, amount }) = (payment.user, invoice.package);
        if stars != payment.amount {
            tracing::error!(
                user_id = user.0,
                charge = payment.charge,
                paid = payment.amount,
                agreed = stars,
                "a payment is of another amount than its invoice; it is booked as agreed"
            );
        }
        // Also on the way back: if the payment was missed, there is nothing yet that could go.
        let credited = self.credit(user, &payment.charge, &invoice).await?;
        if payment.kind == PaymentKind::Paid {
            let available = credited.available;
            if credited.is_new {
                tracing::info!(user_id = user.0, charge = payment.charge, stars, %amount, "Stars were credited");
            }
            return Ok(PaymentOutcome::Credited {
                stars,
                amount,
                available,
            });
        }
        let debited = self
            .ledger
            .debit_stars(user, &return_id(&payment.charge), amount, true)
            .await?;
        let available = match debited {
            Debited::Done { is_new, available } => {
                if is_new {
                    tracing::warn!(user_id = user.0, charge = payment.charge, stars, %amount, "Stars were given back");
                }
                available
            }
            // A purse that may be overdrawn is never short.
            Debited::Short { .. } => credited.available,
        };
        Ok(PaymentOutcome::Returned {
            stars,
            amount,
            available,
        })
    }

    async fn credit(
        &self,
        user: UserId,
        charge: &str,
        invoice: &StarsInvoice,
    ) -> Result<crate::ledger::Credited, LedgerError> {
        let paid = StarsCredit {
            id: movement_id(charge),
            invoice: invoice.id.clone(),
            amount: invoice.package.amount,
            reason: invoice.package.stars.to_string(),
        };
        self.ledger.credit_stars(user, &paid).await
    }

    fn invoice(&self, currency: &str, payload: &str) -> Option<StarsInvoice> {
        self.key.verify(payload).filter(|_| currency == STARS)
    }
}

#[cfg(test)]
mod tests;
