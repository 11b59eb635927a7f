//! A second level in memory, which can be dead.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use stepkeep_core::cache::{Invalidation, LeaseRequest, Look, Place, SecondLevel, SecondLevelError};
use tokio::sync::broadcast;
use tokio::time::Instant;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Fine,
    Refuses,
    Hangs,
}

type Key = (String, String);

#[derive(Debug)]
pub(crate) struct SharedMap {
    values: Mutex<HashMap<Key, (Vec<u8>, Instant)>>,
    leases: Mutex<HashMap<Key, (String, Instant)>>,
    messages: broadcast::Sender<Invalidation>,
    health: Mutex<Health>,
    calls: AtomicU64,
}

impl Default for SharedMap {
    fn default() -> Self {
        Self {
            values: Mutex::default(),
            leases: Mutex::default(),
            messages: broadcast::channel(100).0,
            health: Mutex::new(Health::Fine),
            calls: AtomicU64::new(0),
        }
    }
}

impl SharedMap {
    pub(crate) fn is(&self, health: Health) {
        *self.health.lock() = health;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn tell(&self, message: Invalidation) {
        let _ = self.messages.send(message);
    }

    /// Writes something that no cache of this version has written.
    pub(crate) fn spoil(&self) {
        for (value, _) in self.values.lock().values_mut() {
            *value = b"?".to_vec();
        }
    }

    async fn call(&self) -> Result<(), SecondLevelError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let health = *self.health.lock();
        match health {
            Health::Fine => Ok(()),
            Health::Refuses => Err(SecondLevelError::new("refused")),
            Health::Hangs => std::future::pending().await,
        }
    }
}

fn owned(place: Place<'_>) -> Key {
    (place.cache.to_owned(), place.key.to_owned())
}

#[async_trait]
impl SecondLevel for SharedMap {
    async fn look(&self, place: Place<'_>, lease: LeaseRequest<'_>) -> Result<Look, SecondLevelError> {
        self.call().await?;
        let (key, now) = (owned(place), Instant::now());
        if let Some((value, until)) = self.values.lock().get(&key)
            && now < *until
            && !lease.steal
        {
            let remaining = until.duration_since(now);
            return Ok(Look::Found {
                value: value.clone(),
                remaining,
            });
        }
        let mut leases = self.leases.lock();
        let is_taken = leases.get(&key).is_some_and(|(_, until)| now < *until);
        if is_taken && !lease.steal {
            return Ok(Look::Taken);
        }
        leases.insert(key, (lease.token.to_owned(), now + lease.life));
        Ok(Look::Leased)
    }

    async fn put(
        &self,
        place: Place<'_>,
        token: &str,
        value: Vec<u8>,
        life: Duration,
    ) -> Result<bool, SecondLevelError> {
        self.call().await?;
        let key = owned(place);
        let mut leases = self.leases.lock();
        let is_held = leases.get(&key).is_some_and(|(held, _)| held == token);
        if is_held {
            leases.remove(&key);
            self.values.lock().insert(key, (value, Instant::now() + life));
        }
        Ok(is_held)
    }

    async fn release(&self, place: Place<'_>, token: &str) -> Result<(), SecondLevelError> {
        self.call().await?;
        let mut leases = self.leases.lock();
        leases.retain(|key, (held, _)| *key != owned(place) || held != token);
        Ok(())
    }

    async fn replace(
        &self,
        place: Place<'_>,
        value: Vec<u8>,
        life: Duration,
        by: u64,
    ) -> Result<(), SecondLevelError> {
        self.remove(place, by).await?;
        self.values
            .lock()
            .insert(owned(place), (value, Instant::now() + life));
        Ok(())
    }

    async fn remove(&self, place: Place<'_>, by: u64) -> Result<(), SecondLevelError> {
        self.call().await?;
        let key = owned(place);
        self.leases.lock().remove(&key);
        self.values.lock().remove(&key);
        let (cache, key) = key;
        self.tell(Invalidation::Key { cache, key, by });
        Ok(())
    }

    async fn clear(&self, cache: &str, by: u64) -> Result<(), SecondLevelError> {
        self.call().await?;
        self.leases.lock().retain(|(of, _), _| of != cache);
        self.values.lock().retain(|(of, _), _| of != cache);
        let cache = cache.to_owned();
        self.tell(Invalidation::All { cache, by });
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Invalidation> {
        let messages = self.messages.subscribe();
        futures::stream::unfold(messages, |mut messages| async move {
            match messages.recv().await {
                Ok(message) => Some((message, messages)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((Invalidation::Missed, messages)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })
        .boxed()
    }
}
