//! What several processes keep together.

use std::sync::Arc;

use stepkeep_core::StoreError;
use stepkeep_core::cache::SecondLevel;

use crate::config::CacheUrl;

/// Opens the second level at an address. It connects by itself, when it is needed.
pub(super) fn open(url: &CacheUrl) -> Result<Arc<dyn SecondLevel>, StoreError> {
    #[cfg(feature = "redis")]
    {
        let level = stepkeep_storage_redis::RedisCacheLevel::open(url.config().clone())?;
        Ok(Arc::new(level))
    }
    #[cfg(not(feature = "redis"))]
    match *url {}
}
