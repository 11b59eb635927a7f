//! The cache.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use futures::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cached::{Cached, Freshness};
use super::config::CacheConfig;
use super::entry::Entry;
use super::error::CacheError;
use super::flights::{Landing, Origin, Waiting};
use super::key::CacheKey;
use super::listener::Listener;
use super::second_level::SecondLevel;
use super::shared::{Parts, Plan, Shared};
use super::shared_level::SharedLevel;
use super::source::{Loaded, Source};
use super::statistics::CacheStatistics;
use super::stored::Form;
use crate::clock::Clock;

/// What [`ReadThroughCache`] answers: `None` is that there is positively nothing.
pub type Answer<K, S> = Result<Option<Cached<<S as Source<K>>::Value>>, CacheError<<S as Source<K>>::Error>>;

/// A cache that loads what it doesn't have; see the [module](super).
///
/// A clone is another handle on the same cache. The asynchronous methods are called on a Tokio runtime, on which the loads run.
/// All of them can be cancelled.
pub struct ReadThroughCache<K, S: Source<K>> {
    shared: Arc<Shared<K, S>>,
}

/// What came of [`ReadThroughCache::warm_up`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WarmUp {
    /// Keys that have a value now.
    pub present: usize,
    /// Keys of which it is known now that there is nothing.
    pub absent: usize,
    /// Keys whose load failed.
    pub failed: usize,
}

impl<K, S> ReadThroughCache<K, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    /// An empty cache. The name is for statistics and logs, and in a second level it keeps caches apart.
    pub fn new(name: &'static str, source: S, config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        Self::of(Parts {
            name,
            source: Arc::new(source),
            config,
            clock,
            weigher: None,
            second: None,
        })
    }

    fn of(parts: Parts<K, S>) -> Self {
        Self {
            shared: Arc::new(Shared::new(parts)),
        }
    }

    /// The same, empty, with entries that weigh what this says, against [`CacheConfig::max_weight`]. That there is nothing weighs 1.
    #[must_use]
    pub fn with_weigher(self, weigher: impl Fn(&K, &S::Value) -> u32 + Send + Sync + 'static) -> Self {
        Self::of(Parts {
            weigher: Some(Arc::new(weigher)),
            ..self.parts()
        })
    }

    /// The same, empty, on a second level that several processes share.
    #[must_use]
    pub fn with_second_level(self, level: Arc<dyn SecondLevel>) -> Self
    where
        K: CacheKey,
        S::Value: Serialize + DeserializeOwned,
    {
        let parts = self.parts();
        let policy = parts.config.second_level.clone();
        let second = SharedLevel::new(level, parts.name, policy, Form::json());
        Self::of(Parts {
            second: Some(Arc::new(second)),
            ..parts
        })
    }

    fn parts(&self) -> Parts<K, S> {
        let parts = &self.shared.parts;
        Parts {
            name: parts.name,
            source: Arc::clone(&parts.source),
            config: parts.config.clone(),
            clock: Arc::clone(&parts.clock),
            weigher: parts.weigher.clone(),
            second: parts.second.clone(),
        }
    }

    /// The cache's settings.
    pub fn config(&self) -> &CacheConfig {
        &self.shared.parts.config
    }

    /// The cache's name.
    pub fn name(&self) -> &'static str {
        self.shared.parts.name
    }

    /// Where its values come from.
    pub fn source(&self) -> &S {
        &self.shared.parts.source
    }

    /// The value, from the cache if it is there, else from a load that all who ask meanwhile share. An expired value is answered while it
    /// may be, marked as stale: at once shortly after its end, later when its load fails.
    ///
    /// Dropping the future leaves the load alone: it goes on, for the others and for the next ones.
    ///
    /// # Errors
    /// The load failed, or has failed a moment ago, and there is no value that may be served.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, where something has to be loaded.
    #[inline]
    pub async fn get(&self, key: &K) -> Answer<K, S> {
        match self.shared.fresh(key) {
            Some(entry) => Ok(self.hit(entry)),
            // In a box, so that a hit doesn't carry the room for a miss around.
            None => Box::pin(self.get_otherwise(key)).await,
        }
    }

    #[inline]
    fn hit(&self, entry: Entry<S::Value>) -> Option<Cached<S::Value>> {
        let counters = &self.shared.counters;
        let is_present = entry.value.is_some();
        let counter = if is_present {
            &counters.hits
        } else {
            &counters.negative_hits
        };
        counter.count();
        entry.into_cached(Freshness::Fresh)
    }

    async fn get_otherwise(&self, key: &K) -> Answer<K, S> {
        let counters = &self.shared.counters;
        let (answer, counter) = match self.shared.plan(key) {
            Plan::Answer(entry, Freshness::Fresh) => return Ok(self.hit(entry)),
            Plan::Answer(entry, Freshness::Stale) => {
                (Ok(entry.into_cached(Freshness::Stale)), &counters.stale_hits)
            }
            Plan::Refuse(error) => (Err(error), &counters.misses),
            Plan::Wait(waiting) => match landing(waiting).await {
                Landing::Loaded { entry, .. } => (Ok(entry.into_cached(Freshness::Fresh)), &counters.misses),
                Landing::Failed {
                    last_good: Some(entry),
                    ..
                } => (Ok(entry.into_cached(Freshness::Stale)), &counters.stale_hits),
                Landing::Failed {
                    error,
                    last_good: None,
                } => (Err(error), &counters.misses),
            },
        };
        counter.count();
        answer
    }

    /// The value from the source, whatever is cached; it is cached then. Joins a load under way.
    ///
    /// # Errors
    /// The load failed, or has failed a moment ago: the source is not asked more often for that. What is cached stays, and
    /// [`get`](Self::get) goes on answering it.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn get_fresh(&self, key: &K) -> Answer<K, S> {
        loop {
            let waiting = match self.shared.plan_fresh(key) {
                Plan::Wait(waiting) => waiting,
                Plan::Refuse(error) => return Err(error),
                Plan::Answer(entry, freshness) => return Ok(entry.into_cached(freshness)),
            };
            match landing(waiting).await {
                // A load that somebody else had begun, and that ended before it came to the source.
                Landing::Loaded {
                    origin: Origin::SecondLevel,
                    ..
                } => {}
                Landing::Loaded { entry, .. } => return Ok(entry.into_cached(Freshness::Fresh)),
                Landing::Failed { error, .. } => return Err(error),
            }
        }
    }

    /// The value if this process has a fresh one. Asks nobody, and what it finds counts as a hit like one of [`get`](Self::get);
    /// `None` doesn't say that there is nothing.
    pub fn at_hand(&self, key: &K) -> Option<Cached<S::Value>> {
        self.hit(self.shared.fresh(key)?)
    }

    /// The value if this process has one that may be served, be it stale. Asks nobody and counts nothing; `None` doesn't say that there is
    /// nothing.
    pub fn peek(&self, key: &K) -> Option<Cached<S::Value>> {
        self.shared.servable(key)
    }

    /// Caches what is known from elsewhere, for instance since it was just written. What is being loaded meanwhile is not
    /// cached. With a second level, the other processes get it too.
    ///
    /// This process has it as soon as the future is polled first; the second level may not, if it is dropped.
    pub async fn insert(&self, key: &K, loaded: impl Into<Loaded<S::Value>> + Send) {
        let loaded = loaded.into();
        let Some(second) = &self.shared.parts.second else {
            self.shared.put(key, loaded);
            return;
        };
        Listener::start_for(&self.shared);
        let entry = self.shared.put(key, loaded);
        second.replace(key, &entry).await;
    }

    /// Forgets the value. Whoever asks afterwards doesn't get what was there, nor what was being loaded.
    ///
    /// This process forgets as soon as the future is polled first. With a second level, the others do as soon as the message gets to
    /// them; where that can't be reached, it is told when it can be again, and not asked before.
    pub async fn invalidate(&self, key: &K) {
        self.shared.drop_key(key);
        if let Some(second) = &self.shared.parts.second {
            second.remove(key).await;
            // Somebody may have taken it from there meanwhile.
            self.shared.drop_key(key);
        }
    }

    /// Forgets everything, as [`invalidate`](Self::invalidate) does one value.
    pub async fn invalidate_all(&self) {
        self.shared.drop_all();
        if let Some(second) = &self.shared.parts.second {
            second.clear().await;
            self.shared.drop_all();
        }
    }

    /// Gets all these keys, at most so many at once.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub async fn warm_up(&self, keys: impl IntoIterator<Item = K> + Send, concurrency: usize) -> WarmUp {
        let keys: Vec<K> = keys.into_iter().collect();
        let mut answers = futures::stream::iter(keys)
            .map(|key| {
                let cache = self.clone();
                async move { cache.get(&key).await.map(|cached| cached.is_some()) }
            })
            .buffer_unordered(concurrency.max(1));
        let mut result = WarmUp::default();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(true) => result.present += 1,
                Ok(false) => result.absent += 1,
                Err(_) => result.failed += 1,
            }
        }
        result
    }

    /// What the cache did so far. It counts the entries anew, so ask every now and then, not for each answer.
    pub fn statistics(&self) -> CacheStatistics {
        let level = self.shared.parts.second.as_ref().map(|second| &second.counters);
        self.shared
            .counters
            .statistics(self.name(), self.shared.size(), level)
    }
}

async fn landing<V, E>(mut waiting: Waiting<V, E>) -> Landing<V, E>
where
    V: Clone + Send + Sync,
    E: Send + Sync,
{
    let landed = waiting.wait_for(Option::is_some).await;
    let landed = landed.ok().and_then(|landed| landed.clone());
    landed.unwrap_or(Landing::Failed {
        error: CacheError::Interrupted,
        last_good: None,
    })
}

impl<K, S: Source<K>> Clone for ReadThroughCache<K, S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K, S: Source<K>> fmt::Debug for ReadThroughCache<K, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.shared.parts;
        formatter
            .debug_struct("ReadThroughCache")
            .field("name", &parts.name)
            .field("source", &parts.source)
            .field("config", &parts.config)
            .field("second_level", &parts.second.is_some())
            .finish()
    }
}
