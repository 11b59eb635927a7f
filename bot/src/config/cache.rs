//! How long is kept what comes from elsewhere.

use std::time::Duration;

use stepkeep_core::cache::CacheConfig;

use super::error::Findings;
#[cfg(feature = "redis")]
use super::{Place, StoreUrl};
use super::{setting, values};

/// How long is kept what comes from elsewhere.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// The carriers' prices: as long as they hold.
    pub rates: Duration,
    /// The list of carriers.
    pub carriers: Duration,
    /// The list of the generation API's models.
    pub models: Duration,
    /// What one of them asks for.
    pub model_info: Duration,
    /// The balance that texts show.
    pub accounts: Duration,
    /// What a finished generation brought.
    pub results: Duration,
    /// Where several processes keep it together; each for itself without one.
    pub shared: Option<CacheUrl>,
}

/// Where several processes keep together what comes from elsewhere: a Redis.
#[cfg(feature = "redis")]
#[derive(Debug, Clone)]
pub struct CacheUrl(Box<stepkeep_storage_redis::RedisConfig>);

/// There is none in a program without Redis.
#[cfg(not(feature = "redis"))]
#[derive(Debug, Clone)]
pub enum CacheUrl {}

impl CacheUrl {
    /// Reads a store's URL that names a Redis.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        #[cfg(feature = "redis")]
        match StoreUrl::parse(text)?.place() {
            Place::Redis(config) => Ok(Some(Self(config.clone()))),
            #[cfg_attr(
                not(any(feature = "memory", feature = "sqlite", feature = "mongodb")),
                expect(unreachable_patterns, reason = "a program may know of no other store")
            )]
            _ => Err("only a Redis can be shared".to_owned()),
        }
        #[cfg(not(feature = "redis"))]
        Err("this program was built without the feature redis".to_owned())
    }

    /// How it is reached.
    #[cfg(feature = "redis")]
    pub(crate) fn config(&self) -> &stepkeep_storage_redis::RedisConfig {
        &self.0
    }
}

impl CacheSettings {
    pub(super) fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let rates = findings.read(&setting::CACHE_RATES, values::parse_time_to_live);
        let carriers = findings.read(&setting::CACHE_CARRIERS, values::parse_time_to_live);
        let models = findings.read(&setting::CACHE_MODELS, values::parse_time_to_live);
        let model_info = findings.read(&setting::CACHE_MODEL_INFO, values::parse_time_to_live);
        let accounts = findings.read(&setting::CACHE_ACCOUNTS, values::parse_time_to_live);
        let results = findings.read(&setting::CACHE_RESULTS, values::parse_time_to_live);
        let shared = findings.read(&setting::CACHE_URL, CacheUrl::parse);
        Some(Self {
            rates: rates?,
            carriers: carriers?,
            models: models?,
            model_info: model_info?,
            accounts: accounts?,
            results: results?,
            shared: shared?,
        })
    }

    /// The cache of rates.
    pub fn rates(&self) -> CacheConfig {
        kept_for(self.rates)
    }

    /// The cache of the list of models.
    pub fn models(&self) -> CacheConfig {
        kept_for(self.models)
    }

    /// The cache of balances.
    pub fn accounts(&self) -> CacheConfig {
        kept_for(self.accounts)
    }

    /// The cache of what finished generations brought.
    pub fn results(&self) -> CacheConfig {
        kept_for(self.results)
    }

    /// The cache of what models ask for.
    pub fn model_info(&self) -> CacheConfig {
        kept_for(self.model_info)
    }
}

fn kept_for(time_to_live: Duration) -> CacheConfig {
    CacheConfig {
        // The clients' own deadlines end a call before.
        load_deadline: Duration::from_mins(2),
        ..CacheConfig::with_ttl(time_to_live)
    }
}
