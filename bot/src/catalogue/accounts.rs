//! What people have, as it was a moment ago: for texts that show a balance. Whoever moves money asks the ledger itself.

use std::fmt;

use async_trait::async_trait;
use std::sync::Arc;
use stepkeep_core::cache::{
    CacheConfig, CacheError, CacheStatistics, Cached, Loaded, ReadThroughCache, Source,
};
use stepkeep_core::{Clock, UserId};

use crate::flows::generation::BalancesAtHand;
use crate::ledger::{AccountListener, AccountSummary, Ledger, LedgerError};
use crate::money::Money;

/// Accounts as they were in the last minutes; one that this process changes is forgotten at once. Clones share it.
///
/// It is never shared between processes: a balance is nothing to lie in a cache's store.
#[derive(Clone)]
pub struct AccountCatalogue(ReadThroughCache<i64, Accounts>);

impl AccountCatalogue {
    /// A catalogue of this ledger's accounts, kept by these settings.
    pub fn new(ledger: Ledger, config: CacheConfig, clock: &Arc<dyn Clock>) -> Self {
        Self(ReadThroughCache::new(
            "accounts",
            Accounts(ledger),
            config,
            Arc::clone(clock),
        ))
    }

    /// A catalogue of this ledger's accounts, with the ledger that tells it of every change.
    pub fn of(ledger: Ledger, config: CacheConfig, clock: &Arc<dyn Clock>) -> (Self, Ledger) {
        let accounts = Self::new(ledger.clone(), config, clock);
        let ledger = ledger.told_to(Arc::new(accounts.clone()));
        (accounts, ledger)
    }

    /// How an account stands, or stood a moment ago.
    ///
    /// # Errors
    /// As for [`Ledger::account`].
    ///
    /// # Cancellation
    /// Dropping the future leaves no trace.
    pub async fn account(
        &self,
        user: UserId,
    ) -> Result<Option<Cached<Arc<AccountSummary>>>, CacheError<LedgerError>> {
        self.0.get(&user.0).await
    }

    /// What the cache did.
    pub fn statistics(&self) -> CacheStatistics {
        self.0.statistics()
    }
}

impl BalancesAtHand for AccountCatalogue {
    fn available(&self, user: UserId) -> Option<Money> {
        Some(self.0.at_hand(&user.0)?.value.available)
    }
}

#[async_trait]
impl AccountListener for AccountCatalogue {
    async fn changed(&self, user: UserId) {
        self.0.invalidate(&user.0).await;
    }
}

impl fmt::Debug for AccountCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountCatalogue").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Accounts(Ledger);

#[async_trait]
impl Source<i64> for Accounts {
    type Value = Arc<AccountSummary>;
    type Error = LedgerError;

    async fn load(&self, user: &i64) -> Result<Loaded<Self::Value>, LedgerError> {
        let account = self.0.account(UserId(*user)).await?;
        Ok(Loaded::present(Arc::new(account)))
    }
}
