//! Looking into charges that are open for long: whose outcome is not known, or whose process died.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepkeep_core::UserId;
use tokio_util::sync::CancellationToken;

use super::charge::{CaptureNote, Charge, ChargeKind, ReleaseReason};
use super::error::LedgerError;
use super::ledger::{Conclusion, Ledger};

/// How long from one look to the next.
const EVERY: Duration = Duration::from_secs(30);

/// What looking into a charge has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What it is for is there: the money is taken.
    Capture(CaptureNote),
    /// It is sure that it won't be there: the money is free again.
    Release(ReleaseReason),
    /// It is still not known: the reservation stays, and is looked into again after a longer while.
    Unknown,
}

/// Finds out what became of what charges are for.
#[async_trait]
pub trait Inspector: fmt::Debug + Send + Sync + 'static {
    /// The charges that it can look into.
    fn kind(&self) -> ChargeKind;

    /// Looks into a charge that was open for longer than the hold. Its verdict counts only if nobody has taken the charge
    /// up meanwhile.
    async fn inspect(&self, user: UserId, charge: &Charge) -> Verdict;
}

/// Tells operators of charges that only they can settle. What is told is in the log too: a message that is lost loses nothing.
pub trait OperatorNotices: fmt::Debug + Send + Sync + 'static {
    /// Nothing tells what became of this charge. Doesn't wait until anybody has read it.
    fn is_unclear(&self, user: UserId, charge: &Charge);
}

/// Looks into open charges, in every process; which of them is first doesn't matter.
#[derive(Debug)]
pub struct LedgerWatch {
    ledger: Ledger,
    inspectors: Vec<Arc<dyn Inspector>>,
    notices: Option<Arc<dyn OperatorNotices>>,
}

impl LedgerWatch {
    /// Looks into the charges of a ledger with these. A charge that none of them knows stays, and operators are told.
    pub fn new(ledger: Ledger, inspectors: Vec<Arc<dyn Inspector>>) -> Self {
        Self {
            ledger,
            inspectors,
            notices: None,
        }
    }

    /// The same, and operators hear of what it can't settle, not in the log alone.
    #[must_use]
    pub fn with_notices(self, notices: Arc<dyn OperatorNotices>) -> Self {
        let notices = Some(notices);
        Self { notices, ..self }
    }

    /// Looks every so often, until stopped. What fails is tried again the next time.
    pub async fn run(&self, stop: &CancellationToken) {
        let looking = async {
            loop {
                if let Err(error) = self.look().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "open charges could not be looked for");
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    /// Looks once into all that is due.
    ///
    /// # Errors
    /// [`LedgerError`], when what is due could not be read.
    pub async fn look(&self) -> Result<(), LedgerError> {
        for (user, charge) in self.ledger.overdue().await? {
            let conclusion = self.inspect(user, &charge).await;
            if let Err(error) = self.ledger.conclude(user, &charge, &conclusion).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    user_id = user.0,
                    charge = charge.id,
                    "a charge could not be settled"
                );
            }
        }
        Ok(())
    }

    async fn inspect(&self, user: UserId, charge: &Charge) -> Conclusion {
        let inspector = self
            .inspectors
            .iter()
            .find(|inspector| inspector.kind() == charge.kind);
        let verdict = match inspector {
            Some(inspector) => inspector.inspect(user, charge).await,
            None => Verdict::Unknown,
        };
        let (user_id, id, amount) = (user.0, charge.id.as_str(), charge.amount);
        match verdict {
            Verdict::Capture(note) => {
                tracing::warn!(user_id, charge = id, %amount, "an unclear charge was carried out, and is captured");
                Conclusion::Capture(note)
            }
            Verdict::Release(reason) => {
                tracing::warn!(user_id, charge = id, %amount, ?reason, "an unclear charge is released");
                Conclusion::Release(reason)
            }
            Verdict::Unknown => {
                tracing::error!(
                    user_id,
                    charge = id,
                    %amount,
                    looks = charge.looks,
                    "a charge is open for long and nothing tells what became of it; its money stays reserved"
                );
                if let Some(notices) = &self.notices {
                    notices.is_unclear(user, charge);
                }
                Conclusion::PutOff
            }
        }
    }
}
