//! Where the values of a cache come from.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// Where a [`ReadThroughCache`](super::ReadThroughCache) takes from what it doesn't have.
#[async_trait]
pub trait Source<K>: Debug + Send + Sync + 'static {
    /// What is cached. A hit clones it, so anything large belongs into an [`Arc`].
    type Value: Clone + Send + Sync + 'static;
    /// Why a load failed.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Loads one value. It runs in a task of its own, once however many ask, and is dropped at the cache's
    /// [`load_deadline`](super::CacheConfig::load_deadline).
    ///
    /// # Errors
    /// Whatever keeps the source from knowing. That it positively has nothing is [`Loaded::absent`], not an error.
    async fn load(&self, key: &K) -> Result<Loaded<Self::Value>, Self::Error>;
}

#[async_trait]
impl<K: Sync, S: Source<K>> Source<K> for Arc<S> {
    type Value = S::Value;
    type Error = S::Error;

    async fn load(&self, key: &K) -> Result<Loaded<Self::Value>, Self::Error> {
        (**self).load(key).await
    }
}

/// What a source answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded<V> {
    /// The value; `None` is that there is positively nothing, which is cached too.
    pub value: Option<V>,
    /// For how long this answer is good, where that is another time than the cache's own.
    pub ttl: Option<Duration>,
}

impl<V> Loaded<V> {
    /// A value, for as long as the cache keeps one.
    pub const fn present(value: V) -> Self {
        Self {
            value: Some(value),
            ttl: None,
        }
    }

    /// There is nothing, and that is certain.
    pub const fn absent() -> Self {
        Self {
            value: None,
            ttl: None,
        }
    }

    /// The same, good for this long. Zero: nobody else gets it as fresh.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// `None` is that there is positively nothing.
impl<V> From<Option<V>> for Loaded<V> {
    fn from(value: Option<V>) -> Self {
        Self { value, ttl: None }
    }
}
