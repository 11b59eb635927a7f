//! How long is kept what comes from elsewhere.

use std::time::Duration;

use stepkeep_core::cache::CacheConfig;

use super::error::Findings;
use super::{setting, values};

/// How long is kept what comes from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// The carriers' prices: as long as they hold.
    pub rates: Duration,
    /// The list of carriers.
    pub carriers: Duration,
}

impl CacheSettings {
    pub(super) fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let rates = findings.read(&setting::CACHE_RATES, values::parse_time_to_live);
        let carriers = findings.read(&setting::CACHE_CARRIERS, values::parse_time_to_live);
        Some(Self {
            rates: rates?,
            carriers: carriers?,
        })
    }

    /// The cache of rates.
    pub fn rates(&self) -> CacheConfig {
        CacheConfig {
            // The client's own deadline ends a call before.
            load_deadline: Duration::from_mins(2),
            ..CacheConfig::with_ttl(self.rates)
        }
    }
}
