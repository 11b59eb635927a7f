//! All accounts together.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::ScanFilter;
use tokio::time::Instant;

use super::{Ledger, LedgerError, read};
use crate::money::Money;

/// How many accounts are read at a time: an account is larger than a session.
const PAGE: usize = 100;

/// The pause between two pages, so that people's answers get through.
const PAUSE: Duration = Duration::from_millis(5);

/// All accounts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerTotals {
    /// What is on all of them.
    pub balances: Money,
    /// What was taken from them, and not given back.
    pub spent: Money,
    /// Charges for labels that are neither captured nor released.
    pub open_labels: u64,
    /// The same for generations.
    pub open_generations: u64,
    /// Whether all were read.
    pub is_whole: bool,
}

impl Ledger {
    /// Adds up all accounts, page by page, for as long as there is time. An account that can't be read is left out.
    ///
    /// # Errors
    /// [`LedgerError`], of the store.
    pub async fn totals(&self, until: Instant) -> Result<LedgerTotals, LedgerError> {
        let filter = ScanFilter {
            scope: Some(Self::scope()),
            ..ScanFilter::default()
        };
        let (mut balances, mut spent, mut open_labels, mut open_generations) = (0_i64, 0_i64, 0, 0);
        let mut after = None;
        let is_whole = loop {
            let page = self.store.scan(&filter, after, PAGE).await?;
            let own = page
                .sessions
                .iter()
                .filter(|session| session.key().bot() == self.bot);
            for account in own.filter_map(|session| read(session).ok()) {
                let tally = account.tally();
                balances = balances.saturating_add(tally.balance);
                spent = spent.saturating_add(tally.spent);
                open_labels += tally.open_labels;
                open_generations += tally.open_generations;
            }
            after = page.next;
            if after.is_none() {
                break true;
            }
            if Instant::now() >= until {
                break false;
            }
            tokio::time::sleep(PAUSE).await;
        };
        let currency = self.config.currency;
        Ok(LedgerTotals {
            balances: Money::from_minor(balances, currency),
            spent: Money::from_minor(spent, currency),
            open_labels,
            open_generations,
            is_whole,
        })
    }
}
