//! What the caches did, as their owners tell it.

use std::sync::Arc;

use serde::Serialize;

/// What one cache did since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheFigures {
    /// Which it is.
    pub name: String,
    /// Questions that it answered.
    pub hits: u64,
    /// Questions that it had to ask on.
    pub misses: u64,
    /// Answers that were out of date, and given since there was nothing better.
    pub stale: u64,
    /// Loads that failed.
    pub failures: u64,
    /// How many answers it holds.
    pub entries: u64,
}

/// Tells what a cache, or several, did. It is called every few seconds while somebody looks, and must not wait.
pub type CacheSource = Arc<dyn Fn() -> Vec<CacheFigures> + Send + Sync>;
