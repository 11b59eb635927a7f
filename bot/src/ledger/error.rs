//! What can go wrong with an account.

use stepkeep_core::{DataError, StoreError};

use super::{Charge, ChargeState};
use crate::money::{Currency, MoneyError};

/// What went wrong with an account. Nothing was moved, but after [`LedgerError::Store`] something may have been: the same call
/// made again tells.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store failed for as long as it was tried.
    #[error("the ledger's store failed")]
    Store(#[from] StoreError),
    /// Others were faster every time.
    #[error("the account was changed by others for as long as it was tried")]
    Contention,
    /// The account's record can't be read. It is left as it is.
    #[error("the account can't be read")]
    Unreadable(#[from] DataError),
    /// A newer version wrote the account's record. It is left as it is.
    #[error("a newer version ({0}) wrote the account")]
    TooNew(u32),
    /// The amount isn't in the currency of the account.
    #[error("the account is kept in {account}, and the amount is in {amount}")]
    Currency {
        /// The account's.
        account: Currency,
        /// The amount's.
        amount: Currency,
    },
    /// The amount is negative, or nothing where that makes no sense.
    #[error("the amount is not positive")]
    NotPositive,
    /// The amount is more than an account holds.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// There is no such charge.
    #[error("there is no such charge")]
    UnknownCharge,
    /// The charge is settled the other way: captured and now to be released, say.
    #[error("the charge is settled otherwise: {}", settled(.0))]
    Settled(Box<Charge>),
    /// The charge was settled so long ago that only its id is known.
    #[error("the charge was settled long ago")]
    Forgotten,
}

fn settled(charge: &Charge) -> &'static str {
    match charge.state {
        ChargeState::Open(_) => "it is open",
        ChargeState::Captured => "it was captured",
        ChargeState::Released(_) => "it was released",
    }
}

impl LedgerError {
    /// Whether the same call may go well later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Contention => true,
            Self::Store(error) => error.retry() != stepkeep_core::Retry::Never,
            _ => false,
        }
    }
}
