//! The second level as one cache uses it: within deadlines, left alone while it is dead, and told later what it missed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use tokio::time::Instant;

use super::breaker::Breaker;
use super::config::SecondLevelPolicy;
use super::debts::{Debt, Debts};
use super::entry::Entry;
use super::generations::Stamp;
use super::load::Reach;
use super::second_level::{Invalidation, LeaseRequest, Look, Place, SecondLevel, SecondLevelError};
use super::statistics::LevelCounters;
use super::stored::{Form, Stored};
use crate::clock::Timestamp;

/// How much longer than a load a lease lives, so that its value can still be put in.
const LEASE_MARGIN: Duration = Duration::from_secs(2);

pub(super) struct SharedLevel<K, V> {
    level: Arc<dyn SecondLevel>,
    cache: &'static str,
    /// Which instance of the cache this is, in messages.
    id: u64,
    policy: SecondLevelPolicy,
    form: Form<K, V>,
    breaker: Breaker,
    debts: Debts,
    pub(super) counters: LevelCounters,
}

/// The right to put in what is loaded, by its token.
pub(super) struct Lease(String);

/// What came of a search in the second level.
pub(super) enum Search<V> {
    Found(Found<V>),
    /// It has to be loaded. Without a lease, for this process only.
    LoadIt(Option<Lease>),
}

/// A value that another process has loaded.
pub(super) struct Found<V> {
    stored: Stored<V>,
    remaining: Duration,
}

impl<K: Sync, V: Send + Sync> SharedLevel<K, V> {
    pub(super) fn new(
        level: Arc<dyn SecondLevel>,
        cache: &'static str,
        policy: SecondLevelPolicy,
        form: Form<K, V>,
    ) -> Self {
        Self {
            level,
            cache,
            id: rand::random(),
            breaker: Breaker::new(policy.pause),
            policy,
            form,
            debts: Debts::default(),
            counters: LevelCounters::default(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn key_form(&self, key: &K) -> String {
        (self.form.key)(key)
    }

    pub(super) fn subscribe(&self) -> BoxStream<'static, Invalidation> {
        self.level.subscribe()
    }

    /// Looks for a value, and waits for the one that another process is loading, but not for ever.
    pub(super) async fn search(&self, key: &K, reach: Reach, longest_load: Duration) -> Search<V> {
        // What was invalidated while the second level was away must not come back with it.
        if !self.settle().await {
            return Search::LoadIt(None);
        }
        let form = self.key_form(key);
        let token = format!("{:032x}", rand::random::<u128>());
        let mut lease = LeaseRequest {
            token: &token,
            life: longest_load + LEASE_MARGIN,
            steal: reach == Reach::SourceOnly,
        };
        let gives_up_at = Instant::now() + self.policy.wait_for_other;
        loop {
            match self.attempt(self.level.look(self.place(&form), lease)).await {
                None => return Search::LoadIt(None),
                Some(Look::Found { value, remaining }) => match (self.form.decode)(&value) {
                    Ok(stored) => {
                        self.counters.hits.count();
                        return Search::Found(Found { stored, remaining });
                    }
                    // A level that doesn't let itself be overruled.
                    Err(_) if lease.steal => return Search::LoadIt(None),
                    // Of another version, perhaps: it is replaced.
                    Err(error) => {
                        self.counters.errors.count();
                        tracing::warn!(cache = self.cache, %error, "a value in the second level can't be read");
                        lease.steal = true;
                    }
                },
                Some(Look::Leased) => {
                    self.counters.misses.count();
                    return Search::LoadIt(Some(Lease(token)));
                }
                Some(Look::Taken) if Instant::now() >= gives_up_at => {
                    self.counters.misses.count();
                    return Search::LoadIt(None);
                }
                Some(Look::Taken) => tokio::time::sleep(self.policy.poll_every).await,
            }
        }
    }

    /// Puts in what was loaded under a lease.
    pub(super) async fn put(&self, key: &K, lease: &Lease, entry: &Entry<V>) {
        let form = self.key_form(key);
        match self.encoded(entry) {
            Some((value, life)) => {
                let put = self.level.put(self.place(&form), &lease.0, value, life);
                self.attempt(put).await;
            }
            None => self.release(key, lease).await,
        }
    }

    /// Gives a lease back that nothing came of.
    pub(super) async fn release(&self, key: &K, Lease(token): &Lease) {
        let form = self.key_form(key);
        self.attempt(self.level.release(self.place(&form), token)).await;
    }

    /// Puts in a value for all. Where that fails, at least the old one must not stay.
    pub(super) async fn replace(&self, key: &K, entry: &Entry<V>) {
        let form = self.key_form(key);
        let Some((value, life)) = self.encoded(entry) else {
            return self.remove(key).await;
        };
        let debt = self.debts.owe(Some(&form));
        let replace = self.level.replace(self.place(&form), value, life, self.id);
        if self.attempt(replace).await.is_some() {
            self.debts.paid(&debt);
        }
    }

    /// Removes a value for all, at once or when the second level can be reached again.
    pub(super) async fn remove(&self, key: &K) {
        // It is owed before it is tried, so that it stays owed if the caller goes away in between.
        let debt = self.debts.owe(Some(&self.key_form(key)));
        self.pay(&debt).await;
    }

    /// Removes all values of this cache for all, at once or later.
    pub(super) async fn clear(&self) {
        let debt = self.debts.owe(None);
        self.pay(&debt).await;
    }

    /// Removes what is still to be removed. Answers whether nothing is left.
    pub(super) async fn settle(&self) -> bool {
        if self.debts.next().is_none() {
            return true;
        }
        let _one_at_a_time = self.debts.settling().await;
        while let Some(debt) = self.debts.next() {
            if !self.pay(&debt).await {
                return false;
            }
        }
        true
    }

    async fn pay(&self, debt: &Debt) -> bool {
        let paid = match debt.key() {
            Some(key) => self.attempt(self.level.remove(self.place(key), self.id)).await,
            None => self.attempt(self.level.clear(self.cache, self.id)).await,
        };
        if paid.is_some() {
            self.debts.paid(debt);
        }
        paid.is_some()
    }

    fn place<'a>(&self, key: &'a str) -> Place<'a> {
        Place {
            cache: self.cache,
            key,
        }
    }

    /// A value as it is sent, and for how long; none if that isn't worth it.
    fn encoded(&self, entry: &Entry<V>) -> Option<(Vec<u8>, Duration)> {
        let life = entry.fresh_until.since(entry.loaded_at);
        if life.is_zero() {
            return None;
        }
        match (self.form.encode)(life, entry.value.as_ref()) {
            Ok(value) => Some((value, life)),
            Err(error) => {
                self.counters.errors.count();
                tracing::error!(cache = self.cache, %error, "a value has no form for the second level");
                None
            }
        }
    }

    /// Makes a call, unless the second level is being left alone. `None`: it was, or the call failed.
    async fn attempt<T>(&self, call: impl Future<Output = Result<T, SecondLevelError>> + Send) -> Option<T> {
        if !self.breaker.lets_through() {
            return None;
        }
        let deadline = self.policy.deadline;
        let result = tokio::time::timeout(deadline, call).await.unwrap_or_else(|_| {
            let message = format!("no answer within {} ms", deadline.as_millis());
            Err(SecondLevelError::new(message))
        });
        match result {
            Ok(answer) => {
                self.breaker.succeeded();
                Some(answer)
            }
            Err(error) => {
                self.counters.errors.count();
                if self.breaker.failed() {
                    tracing::warn!(cache = self.cache, %error, "the second level fails: the first goes on without it");
                }
                None
            }
        }
    }
}

impl<V> Found<V> {
    /// Nobody compares the clocks of two machines: only how much life is left.
    pub(super) fn into_entry(self, now: Timestamp, stamp: Stamp) -> Entry<V> {
        let Self { stored, remaining } = self;
        let (life, value) = stored.into_parts();
        Entry {
            value,
            loaded_at: now - life.saturating_sub(remaining),
            fresh_until: now + remaining,
            stamp,
        }
    }
}
