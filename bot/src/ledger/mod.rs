//! Who has how much, and what it was spent on: balances, reservations and charges, on the contract of session stores.
//!
//! An account is one record in the scope [`Ledger::scope`], and every operation is one conditional write of it: so
//! charges that come at the same time can't spend the same money, on any store. Amounts are whole minor units.
//!
//! Something that costs money is a [`Charge`]: its price is reserved before anything is ordered, captured when it is
//! there, and released when it is sure that it won't be. While neither is known, the reservation stays, however long;
//! after a while it is looked into, see [`LedgerWatch`].
//!
//! Every operation names what it is about by an id, and done again it changes nothing. So a caller that got no clear
//! answer makes the same call again.

mod account;
mod charge;
mod config;
mod error;
mod history;
#[expect(
    clippy::module_inception,
    reason = "the subject of the folder, and of the file"
)]
mod ledger;
mod movement;
mod settling;
mod watch;

pub use charge::{
    Cancelled, CaptureNote, Charge, ChargeKind, ChargeStage, ChargeState, NewCharge, Noted, PaidBy,
    ReleaseReason, Reservation,
};
pub use config::LedgerConfig;
pub use error::LedgerError;
pub use history::{Folded, HistoryEntry, HistoryPage};
pub use ledger::{AccountListener, AccountSummary, Ledger, LedgerTotals};
pub use movement::{Credited, Debited, Movement, MovementKind, Purse, StarsCredit};
pub use settling::{Finding, Settling};
pub use watch::{Inspector, LedgerWatch, OperatorNotices, Verdict};
