//! A read-through cache for what comes from elsewhere: catalogues, rates, profiles, personas. Behind the feature `cache`.
//!
//! - **One load at a time for each key**, however many ask, and whoever goes away meanwhile.
//! - **A failing source doesn't take its values along.** They are served for a while, marked as
//!   [stale](Freshness::Stale), and the source is asked again only every
//!   [`retry_after_failure`](CacheConfig::retry_after_failure). There is an error only where there is nothing to serve.
//! - **What was invalidated is gone.** Whoever asks afterwards gets neither what was cached nor what was being loaded.
//! - **That there is nothing is an answer** too, cached briefly; an error is never taken for it.
//! - **Nobody waits for what has just expired**: it is answered at once, and loaded anew in the background.
//! - **Several processes share one load**, with a [`SecondLevel`], and tell each other what is no longer valid.
//!
//! What is expired is decided by the cache's [`Clock`](crate::Clock), so tests control it. The deadlines are Tokio's.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use stepkeep_core::SystemClock;
//! use stepkeep_core::cache::{CacheConfig, Loaded, ReadThroughCache, Source};
//!
//! /// The models that a provider has, by category.
//! #[derive(Debug)]
//! struct Catalogue;
//!
//! #[async_trait]
//! impl Source<String> for Catalogue {
//!     // A hit clones the value: what is large belongs into an `Arc`.
//!     type Value = Arc<[String]>;
//!     type Error = std::io::Error;
//!
//!     async fn load(&self, category: &String) -> Result<Loaded<Self::Value>, Self::Error> {
//!         // Here the provider would be asked.
//!         Ok(match category.as_str() {
//!             "images" => Loaded::present(["sketch".to_owned(), "oil".to_owned()].into()),
//!             "today" => Loaded::present(["special".to_owned()].into()).with_ttl(Duration::from_secs(5)),
//!             _ => Loaded::absent(),
//!         })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = CacheConfig::with_ttl(Duration::from_mins(5));
//! let models = ReadThroughCache::new("models", Catalogue, config, Arc::new(SystemClock));
//!
//! let images = models.get(&"images".to_owned()).await?.expect("there are some");
//! assert_eq!(images.value.len(), 2);
//! assert!(!images.is_stale());
//!
//! let again = models.get(&"images".to_owned()).await?;
//! assert!(again.is_some() && models.get(&"poems".to_owned()).await?.is_none());
//!
//! let statistics = models.statistics();
//! assert_eq!((statistics.loads, statistics.hits), (2, 1));
//! # Ok(())
//! # }
//! ```

mod breaker;
mod cached;
mod config;
mod debts;
mod entry;
mod error;
mod flights;
mod generations;
mod key;
mod listener;
mod load;
mod read_through;
mod second_level;
mod shared;
mod shared_level;
mod source;
mod statistics;
mod stored;

pub use cached::{Cached, Freshness};
pub use config::{CacheConfig, SecondLevelPolicy};
pub use error::CacheError;
pub use key::CacheKey;
pub use read_through::{Answer, ReadThroughCache, WarmUp};
pub use second_level::{Invalidation, LeaseRequest, Look, Place, SecondLevel, SecondLevelError};
pub use source::{Loaded, Source};
pub use statistics::CacheStatistics;
