//! What comes from elsewhere and is kept for a while, so that nobody waits twice for the same thing.

mod rates;
mod second_level;

use std::sync::Arc;

use stepkeep_core::cache::CacheStatistics;
use stepkeep_core::{Clock, StoreError};

pub use rates::{Offers, QuoteTerms, RatesAtHand, RatesCatalogue};

use crate::config::CacheSettings;
use crate::shipping::ShippingApi;

/// All that a bot keeps of what comes from elsewhere. Clones share it.
#[derive(Clone, Debug)]
pub struct Catalogues {
    /// The carriers' prices.
    pub rates: RatesCatalogue,
}

impl Catalogues {
    /// Catalogues that are empty yet, of what these APIs answer.
    ///
    /// # Errors
    /// [`StoreError`] when the second level can't be used at all. One that is not there at the moment is no error.
    pub fn new(
        settings: &CacheSettings,
        shipping: &Arc<dyn ShippingApi>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let shared = settings.shared.as_ref().map(second_level::open).transpose()?;
        let rates = RatesCatalogue::new(Arc::clone(shipping), settings.rates(), clock);
        Ok(Self {
            rates: match &shared {
                Some(level) => rates.shared_by(level),
                None => rates,
            },
        })
    }

    /// What each of them did.
    pub fn statistics(&self) -> Vec<CacheStatistics> {
        let Self { rates } = self;
        vec![rates.statistics()]
    }
}
