//! An account in a few figures, for sums over all of them.

use super::Account;
use crate::ledger::charge::{ChargeKind, ChargeState, PaidBy};
use crate::ledger::history::HistoryEntry;

/// What an account adds to the sums, in minor units where it is money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::ledger) struct Tally {
    /// What is there.
    pub(in crate::ledger) balance: i64,
    /// What was taken from it, and not given back.
    pub(in crate::ledger) spent: i64,
    pub(in crate::ledger) open_labels: u64,
    pub(in crate::ledger) open_generations: u64,
}

impl Account {
    pub(in crate::ledger) fn tally(&self) -> Tally {
        let mut tally = Tally {
            balance: self.general.saturating_add(self.ai_only),
            spent: self.folded.captured,
            ..Tally::default()
        };
        for entry in &self.entries {
            let HistoryEntry::Charge(charge) = entry else {
                continue;
            };
            match (&charge.state, charge.kind) {
                (ChargeState::Open(_), ChargeKind::Label) => tally.open_labels += 1,
                (ChargeState::Open(_), ChargeKind::Generation) => tally.open_generations += 1,
                (ChargeState::Captured, _) if charge.paid_by == PaidBy::Balance && !charge.is_refunded => {
                    tally.spent = tally.spent.saturating_add(charge.amount.minor());
                }
                _ => {}
            }
        }
        tally
    }
}
