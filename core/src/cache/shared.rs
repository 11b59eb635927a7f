//! What the clones of a cache share: the first level, and who loads.

use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::cached::{Cached, Freshness};
use super::config::CacheConfig;
use super::entry::{Age, Decision, Entry, LastLoad};
use super::error::CacheError;
use super::flights::{Departure, Flights, Waiting};
use super::generations::{Generations, Stamp};
use super::listener::Listener;
use super::load::{Load, Reach};
use super::shared_level::SharedLevel;
use super::source::{Loaded, Source};
use super::statistics::Counters;
use crate::clock::{Clock, Timestamp};

/// What an entry weighs.
pub(super) type Weigher<K, V> = Arc<dyn Fn(&K, &V) -> u32 + Send + Sync>;

/// What a cache is made of.
pub(super) struct Parts<K, S: Source<K>> {
    pub(super) name: &'static str,
    pub(super) source: Arc<S>,
    pub(super) config: CacheConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) weigher: Option<Weigher<K, S::Value>>,
    pub(super) second: Option<Arc<SharedLevel<K, S::Value>>>,
}

pub(super) struct Shared<K, S: Source<K>> {
    pub(super) parts: Parts<K, S>,
    pub(super) counters: Arc<Counters>,
    pub(super) generations: Generations,
    pub(super) flights: Flights<K, S::Value, S::Error>,
    pub(super) listener: OnceLock<Listener>,
    /// It bounds the size. What is expired is decided here, by our own clock.
    entries: Cache<K, Entry<S::Value>>,
}

/// What one who asks gets.
pub(super) enum Plan<V, E> {
    Answer(Entry<V>, Freshness),
    Refuse(CacheError<E>),
    Wait(Waiting<V, E>),
}

impl<K, S> Shared<K, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    S: Source<K>,
{
    pub(super) fn new(parts: Parts<K, S>) -> Self {
        let counters = Arc::new(Counters::default());
        Self {
            entries: first_level(&parts, &counters),
            counters,
            generations: Generations::new(),
            flights: Flights::new(),
            listener: OnceLock::new(),
            parts,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// What is there and was not invalidated, however old.
    #[inline]
    pub(super) fn held(&self, key: &K) -> Option<Entry<S::Value>> {
        let entry = self.entries.get(key)?;
        self.generations.is_current(entry.stamp).then_some(entry)
    }

    /// The whole way of a hit.
    #[inline]
    pub(super) fn fresh(&self, key: &K) -> Option<Entry<S::Value>> {
        self.held(key).filter(|entry| entry.is_fresh(self.now()))
    }

    pub(super) fn servable(&self, key: &K) -> Option<Cached<S::Value>> {
        let entry = self.held(key)?;
        let freshness = match entry.age(self.now(), &self.parts.config) {
            Age::Fresh => Freshness::Fresh,
            Age::Renewable | Age::Old => Freshness::Stale,
            Age::Over => return None,
        };
        entry.into_cached(freshness)
    }

    /// Decides under the key's lock, so that one load begins however many ask.
    pub(super) fn plan(self: &Arc<Self>, key: &K) -> Plan<S::Value, S::Error> {
        let slot = self.slot(key);
        let mut shard = self.flights.lock(slot);
        let stamp = self.generations.stamp(slot);
        // Perhaps a load has ended since the first look.
        let held = self.held(key);
        let now = self.now();
        let age = held
            .as_ref()
            .map_or(Age::Over, |held| held.age(now, &self.parts.config));
        let (last_load, error) = shard.last_load(key, now);
        let decision = Decision::of(age, last_load);
        match (decision, held, error) {
            (Decision::AnswerFresh, Some(entry), _) => Plan::Answer(entry, Freshness::Fresh),
            (Decision::AnswerStale, Some(entry), _) => Plan::Answer(entry, Freshness::Stale),
            (Decision::Refuse, _, Some(error)) => Plan::Refuse(error.clone()),
            (Decision::AnswerStaleAndRenew, Some(entry), _) => {
                let (_, departure) = shard.join_or_depart(key, stamp, self.flights.next_id());
                drop(shard);
                self.take_off(key, slot, departure, Reach::Nearest, Some(entry.clone()));
                Plan::Answer(entry, Freshness::Stale)
            }
            (_, held, _) => {
                let (waiting, departure) = shard.join_or_depart(key, stamp, self.flights.next_id());
                drop(shard);
                self.take_off(key, slot, departure, Reach::Nearest, held);
                Plan::Wait(waiting)
            }
        }
    }

    /// Joins or begins a load whatever is there, unless the source has just failed.
    pub(super) fn plan_fresh(self: &Arc<Self>, key: &K) -> Plan<S::Value, S::Error> {
        let slot = self.slot(key);
        let mut shard = self.flights.lock(slot);
        if let (LastLoad::FailedJustNow, Some(error)) = shard.last_load(key, self.now()) {
            return Plan::Refuse(error.clone());
        }
        let stamp = self.generations.stamp(slot);
        let held = self.held(key);
        let (waiting, departure) = shard.join_or_depart(key, stamp, self.flights.next_id());
        drop(shard);
        self.take_off(key, slot, departure, Reach::SourceOnly, held);
        Plan::Wait(waiting)
    }

    /// Without the lock: a runtime that shuts down drops the task at once, and the load takes the lock when it ends.
    fn take_off(
        self: &Arc<Self>,
        key: &K,
        slot: u16,
        departure: Option<Departure<S::Value, S::Error>>,
        reach: Reach,
        held: Option<Entry<S::Value>>,
    ) {
        let Some(departure) = departure else { return };
        Listener::start_for(self);
        let load = Load::new(Arc::clone(self), key.clone(), slot, departure, reach, held);
        tokio::spawn(load.run());
    }

    /// Keeps an answer. With the key's lock held, so that no invalidation comes in between.
    pub(super) fn keep(&self, key: &K, entry: Entry<S::Value>) {
        self.entries.insert(key.clone(), entry);
    }

    /// Drops what is there, and whatever is being loaded comes to nothing.
    pub(super) fn drop_key(&self, key: &K) {
        let mut shard = self.flights.lock(self.slot(key));
        shard.abandon(key);
        self.entries.invalidate(key);
    }

    pub(super) fn drop_all(&self) {
        self.generations.advance_all();
        self.entries.invalidate_all();
    }

    /// Keeps what somebody knows from elsewhere. What is being loaded may be older, and comes to nothing.
    pub(super) fn put(&self, key: &K, loaded: Loaded<S::Value>) -> Entry<S::Value> {
        let slot = self.slot(key);
        let mut shard = self.flights.lock(slot);
        let entry = self.entry(loaded, self.generations.stamp(slot));
        shard.abandon(key);
        shard.forget_failure(key);
        self.keep(key, entry.clone());
        entry
    }

    pub(super) fn entry(&self, loaded: Loaded<S::Value>, stamp: Stamp) -> Entry<S::Value> {
        let Loaded { value, ttl } = loaded;
        let life = self.parts.config.life(ttl, value.is_some(), rand::random());
        let loaded_at = self.now();
        Entry {
            value,
            loaded_at,
            fresh_until: loaded_at + life,
            stamp,
        }
    }

    pub(super) fn slot(&self, key: &K) -> u16 {
        match &self.parts.second {
            // Other processes tell the key's form only.
            Some(second) => Generations::slot_of(second.key_form(key).as_str()),
            None => Generations::slot_of(key),
        }
    }

    /// The number of entries and their weight, after the bookkeeping that is due.
    pub(super) fn size(&self) -> (u64, u64) {
        self.entries.run_pending_tasks();
        (self.entries.entry_count(), self.entries.weighted_size())
    }
}

fn first_level<K, S>(parts: &Parts<K, S>, counters: &Arc<Counters>) -> Cache<K, Entry<S::Value>>
where
    K: Hash + Eq + Send + Sync + 'static,
    S: Source<K>,
{
    let weigher = parts.weigher.clone();
    let counters = Arc::clone(counters);
    Cache::builder()
        .name(parts.name)
        .max_capacity(parts.config.max_weight)
        .weigher(
            move |key: &K, entry: &Entry<S::Value>| match (&weigher, &entry.value) {
                (Some(weigher), Some(value)) => weigher(key, value),
                _ => 1,
            },
        )
        .eviction_listener(move |_, _, cause| {
            if cause == RemovalCause::Size {
                counters.evictions.count();
            }
        })
        .expire_after(UpperBound(parts.config.afterlife()))
        .build()
}

/// When an entry goes at the latest, by a clock that can't be set. Until then its own times count.
struct UpperBound(Duration);

impl UpperBound {
    const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

    fn of<V>(&self, entry: &Entry<V>) -> Duration {
        let life = entry.fresh_until.since(entry.loaded_at);
        let afterlife = if entry.value.is_some() {
            self.0
        } else {
            Duration::ZERO
        };
        life.saturating_add(afterlife).min(Self::LONGEST)
    }
}

impl<K, V> moka::Expiry<K, Entry<V>> for UpperBound {
    fn expire_after_create(&self, _: &K, entry: &Entry<V>, _: Instant) -> Option<Duration> {
        Some(self.of(entry))
    }

    fn expire_after_update(
        &self,
        _: &K,
        entry: &Entry<V>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(self.of(entry))
    }
}
