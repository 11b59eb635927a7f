//! What comes from elsewhere and is kept for a while, so that nobody waits twice for the same thing.

mod accounts;
mod models;
mod rates;
mod results;
mod second_level;
mod services;

use std::sync::Arc;

use stepkeep_core::cache::{CacheStatistics, ReadThroughCache};
use stepkeep_core::{Clock, StoreError};

pub use accounts::AccountCatalogue;
pub use models::ModelCatalogue;
pub use rates::{Offers, QuoteTerms, RatesAtHand, RatesCatalogue};
pub use results::ResultsCatalogue;

use crate::config::CacheSettings;
use crate::generation::GenerationApi;
use crate::shipping::{CarrierList, ShippingApi, ShippingClient};

/// All that a bot keeps of what comes from elsewhere. Clones share it.
#[derive(Clone, Debug)]
pub struct Catalogues {
    /// The carriers' prices.
    pub rates: RatesCatalogue,
    /// The models of the generation API, where there is one.
    pub models: Option<ModelCatalogue>,
    /// What finished generations brought, likewise.
    pub results: Option<ResultsCatalogue>,
    /// What people have.
    pub accounts: Option<AccountCatalogue>,
    carriers: Option<ReadThroughCache<(), CarrierList>>,
}

impl Catalogues {
    /// Catalogues that are empty yet, of what these APIs answer.
    ///
    /// # Errors
    /// [`StoreError`] when the second level can't be used at all. One that is not there at the moment is no error.
    pub fn new(
        settings: &CacheSettings,
        shipping: &Arc<dyn ShippingApi>,
        generation: Option<&Arc<dyn GenerationApi>>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let shared = settings.shared.as_ref().map(second_level::open).transpose()?;
        let rates = RatesCatalogue::new(Arc::clone(shipping), settings.rates(), Arc::clone(clock));
        let models =
            generation.map(|api| ModelCatalogue::new(api, settings.models(), settings.model_info(), clock));
        let results = generation.map(|api| ResultsCatalogue::new(api, settings.results(), clock));
        let (rates, models) = match &shared {
            Some(level) => (
                rates.shared_by(level),
                models.map(|models| models.shared_by(level)),
            ),
            None => (rates, models),
        };
        Ok(Self {
            rates,
            models,
            results,
            accounts: None,
            carriers: None,
        })
    }

    /// The same, with the shipping client's own list of carriers among the statistics.
    #[must_use]
    pub fn with_carriers_of(self, client: &ShippingClient) -> Self {
        let carriers = Some(client.carrier_cache().clone());
        Self { carriers, ..self }
    }

    /// The same, with what people have.
    #[must_use]
    pub fn with_accounts(self, accounts: AccountCatalogue) -> Self {
        let accounts = Some(accounts);
        Self { accounts, ..self }
    }

    /// What each of them did.
    pub fn statistics(&self) -> Vec<CacheStatistics> {
        let Self {
            rates,
            models,
            results,
            accounts,
            carriers,
        } = self;
        let models = models.iter().flat_map(ModelCatalogue::statistics);
        let carriers = carriers.iter().map(ReadThroughCache::statistics);
        let results = results.iter().map(ResultsCatalogue::statistics);
        let accounts = accounts.iter().map(AccountCatalogue::statistics);
        [rates.statistics()]
            .into_iter()
            .chain(carriers)
            .chain(models)
            .chain(results)
            .chain(accounts)
            .collect()
    }
}
