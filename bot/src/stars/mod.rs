//! Paying with Telegram's Stars: packages, invoices, what becomes of payments, and of those that were missed.
//!
//! A person chooses a [`StarsPackage`] and gets an invoice, whose payload is a [`StarsInvoice`] signed by the [`InvoiceKey`]. Before
//! Telegram takes the Stars it asks, and has to be answered within ten seconds; when it has taken them, a message tells.
//! [`StarsDesk`] answers the one, and credits the account for the other, once for each payment.

mod desk;
mod invoice;
mod packages;
mod payment;
mod reconciliation;

pub use desk::{CheckoutRefusal, StarsDesk};
pub use invoice::{InvoiceKey, StarsInvoice};
pub use packages::{PackagesError, StarsPackage, parse_packages};
pub use payment::{Checkout, PaymentKind, PaymentOutcome, StarsPayment, movement_id, return_id};
pub use reconciliation::{ReconciliationError, reconcile};

/// The currency of Telegram's Stars.
pub const STARS: &str = "XTR";
