//! What is kept of an account's past: one by one at first, then as sums, with the ids of what was summed up.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepkeep_core::Timestamp;

use super::Account;
use crate::ledger::charge::{ChargeState, PaidBy};
use crate::ledger::config::LedgerConfig;
use crate::ledger::history::{HistoryEntry, HistoryPage};

/// How many movements and charges are kept one by one.
pub(super) const MOST_ENTRIES: usize = 300;

/// How many ids are remembered of those that are not.
const MOST_FORGOTTEN: usize = 1_000;

/// How many entries a page of the history has.
const PAGE: usize = 8;

pub(super) const CHARGE_PREFIX: &str = "charge/";
pub(super) const MOVEMENT_PREFIX: &str = "movement/";
pub(super) const INVOICE_PREFIX: &str = "invoice/";

/// What is left of a settled charge or of a movement: enough to know that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ForgottenId {
    #[serde(rename = "i")]
    digest: String,
    #[serde(rename = "t")]
    at: Timestamp,
}

impl Account {
    /// Folds what was settled long ago, and what is beyond the number of entries that are kept, into sums. What is open
    /// stays. The ids of what is folded are remembered for as long again, the newest of them only when there are very many.
    pub(in crate::ledger) fn fold(&mut self, config: &LedgerConfig, now: Timestamp) {
        let cutoff = now - config.keep;
        self.forgotten.retain(|forgotten| forgotten.at >= cutoff);
        let mut beyond = self.entries.len().saturating_sub(MOST_ENTRIES);
        let entries = std::mem::take(&mut self.entries);
        for entry in entries {
            let Some(settled_at) = entry.settled_at() else {
                self.entries.push(entry);
                continue;
            };
            if settled_at >= cutoff && beyond == 0 {
                self.entries.push(entry);
                continue;
            }
            beyond = beyond.saturating_sub(1);
            self.fold_entry(&entry, settled_at, now);
        }
        let too_many = self.forgotten.len().saturating_sub(MOST_FORGOTTEN);
        self.forgotten.drain(..too_many);
    }

    fn fold_entry(&mut self, entry: &HistoryEntry, settled_at: Timestamp, now: Timestamp) {
        self.folded.entries = self.folded.entries.saturating_add(1);
        self.folded.until = self.folded.until.max(Some(settled_at));
        let prefix = match entry {
            HistoryEntry::Movement(movement) => {
                let minor = movement.amount.minor();
                self.folded.credited = if movement.is_debit() {
                    self.folded.credited.saturating_sub(minor)
                } else {
                    self.folded.credited.saturating_add(minor)
                };
                if let Some(invoice) = &movement.invoice {
                    self.forgotten.push(ForgottenId {
                        digest: digest(INVOICE_PREFIX, invoice),
                        at: now,
                    });
                }
                MOVEMENT_PREFIX
            }
            HistoryEntry::Charge(charge) => {
                if charge.state == ChargeState::Captured && charge.paid_by == PaidBy::Balance {
                    let minor = charge.amount.minor();
                    self.folded.captured = self.folded.captured.saturating_add(minor);
                }
                CHARGE_PREFIX
            }
        };
        self.forgotten.push(ForgottenId {
            digest: digest(prefix, entry.id()),
            at: now,
        });
    }

    /// One page of the history.
    pub(in crate::ledger) fn history(&self, page: usize) -> HistoryPage {
        let pages = self.entries.len().div_ceil(PAGE).max(1);
        let page = page.min(pages - 1);
        let entries = self.entries.iter().rev().skip(page * PAGE).take(PAGE);
        let has_older = page + 1 < pages;
        HistoryPage {
            entries: entries.cloned().collect(),
            page,
            has_newer: page > 0,
            has_older,
            folded: Some(self.folded).filter(|folded| !has_older && folded.entries > 0),
        }
    }

    /// Whether something with this id was folded.
    pub(super) fn is_forgotten(&self, prefix: &str, id: &str) -> bool {
        if self.forgotten.is_empty() {
            return false;
        }
        let digest = digest(prefix, id);
        self.forgotten.iter().any(|forgotten| forgotten.digest == digest)
    }
}

/// An id in short: the odds that two of an account are the same are none to speak of.
fn digest(prefix: &str, id: &str) -> String {
    let digest = Sha256::new().chain_update(prefix).chain_update(id).finalize();
    digest
        .iter()
        .take(8)
        .fold(String::with_capacity(16), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
