//! The loads under way, one for each key, and the failures that are not to be repeated yet.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::entry::{Entry, LastLoad};
use super::error::CacheError;
use super::generations::Stamp;
use crate::clock::Timestamp;

const SHARDS: u16 = 16;
const FIRST_TIDY_UP: usize = 256;

/// The loads of one cache. Its locks are never held across an await.
pub(super) struct Flights<K, V, E> {
    shards: Box<[Mutex<Shard<K, V, E>>]>,
    next: AtomicU64,
}

pub(super) struct Shard<K, V, E> {
    seats: HashMap<K, Seat<V, E>>,
    tidy_up_at: usize,
}

struct Seat<V, E> {
    flight: Option<Flight<V, E>>,
    failure: Option<Failure<E>>,
}

struct Flight<V, E> {
    id: u64,
    stamp: Stamp,
    landing: Waiting<V, E>,
}

struct Failure<E> {
    at: Timestamp,
    pause_ends: Timestamp,
    error: CacheError<E>,
}

/// Where those who wait for a load learn what came of it.
pub(super) type Waiting<V, E> = watch::Receiver<Option<Landing<V, E>>>;

/// What came of a load.
pub(super) enum Landing<V, E> {
    Loaded {
        entry: Entry<V>,
        origin: Origin,
    },
    Failed {
        error: CacheError<E>,
        /// What may be served instead.
        last_good: Option<Entry<V>>,
    },
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Source,
    SecondLevel,
}

/// A load that is to begin.
pub(super) struct Departure<V, E> {
    pub(super) id: u64,
    pub(super) stamp: Stamp,
    pub(super) landing: watch::Sender<Option<Landing<V, E>>>,
}

impl<K: Hash + Eq + Clone, V, E> Flights<K, V, E> {
    pub(super) fn new() -> Self {
        let shard = || {
            Mutex::new(Shard {
                seats: HashMap::new(),
                tidy_up_at: FIRST_TIDY_UP,
            })
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            next: AtomicU64::new(0),
        }
    }

    /// What belongs to the keys of a slot, for this caller alone.
    pub(super) fn lock(&self, slot: u16) -> MutexGuard<'_, Shard<K, V, E>> {
        self.shards[usize::from(slot % SHARDS)].lock()
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl<K: Hash + Eq + Clone, V, E> Shard<K, V, E> {
    /// Joins the load under way, or seats a new one. One that began before an invalidation is not joined.
    pub(super) fn join_or_depart(
        &mut self,
        key: &K,
        stamp: Stamp,
        id: u64,
    ) -> (Waiting<V, E>, Option<Departure<V, E>>) {
        let seat = self.seats.entry(key.clone()).or_insert_with(Seat::empty);
        if let Some(flight) = seat.flight.as_ref().filter(|flight| flight.stamp == stamp) {
            return (flight.landing.clone(), None);
        }
        let (landing, waiting) = watch::channel(None);
        seat.flight = Some(Flight {
            id,
            stamp,
            landing: waiting.clone(),
        });
        (waiting, Some(Departure { id, stamp, landing }))
    }

    /// Ends a load. Answers whether it was still the one under this key.
    pub(super) fn end(&mut self, key: &K, id: u64) -> bool {
        let Some(seat) = self.seats.get_mut(key) else {
            return false;
        };
        let is_seated = seat.flight.as_ref().is_some_and(|flight| flight.id == id);
        if is_seated {
            seat.flight = None;
            self.leave_if_empty(key);
        }
        is_seated
    }

    /// Lets whatever is loaded under this key come to nothing.
    pub(super) fn abandon(&mut self, key: &K) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.flight = None;
            self.leave_if_empty(key);
        }
    }

    pub(super) fn last_load(&self, key: &K, now: Timestamp) -> (LastLoad, Option<&CacheError<E>>) {
        match self.seats.get(key).and_then(|seat| seat.failure.as_ref()) {
            None => (LastLoad::Fine, None),
            Some(failure) if failure.pauses(now) => (LastLoad::FailedJustNow, Some(&failure.error)),
            Some(_) => (LastLoad::Failed, None),
        }
    }

    pub(super) fn remember_failure(
        &mut self,
        key: &K,
        error: CacheError<E>,
        at: Timestamp,
        pause_ends: Timestamp,
    ) {
        self.tidy_up(at);
        let seat = self.seats.entry(key.clone()).or_insert_with(Seat::empty);
        seat.failure = Some(Failure {
            at,
            pause_ends,
            error,
        });
    }

    pub(super) fn forget_failure(&mut self, key: &K) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.failure = None;
            self.leave_if_empty(key);
        }
    }

    fn leave_if_empty(&mut self, key: &K) {
        let is_empty = |seat: &Seat<V, E>| seat.flight.is_none() && seat.failure.is_none();
        if self.seats.get(key).is_some_and(is_empty) {
            self.seats.remove(key);
        }
    }

    /// Failures whose pause is over go when there are many: all that is lost is that the next one to ask waits.
    fn tidy_up(&mut self, now: Timestamp) {
        if self.seats.len() < self.tidy_up_at {
            return;
        }
        let pauses = |failure: &Failure<E>| failure.pauses(now);
        self.seats
            .retain(|_, seat| seat.flight.is_some() || seat.failure.as_ref().is_some_and(pauses));
        self.tidy_up_at = FIRST_TIDY_UP.max(self.seats.len() * 2);
    }
}

impl<V, E> Seat<V, E> {
    fn empty() -> Self {
        Self {
            flight: None,
            failure: None,
        }
    }
}

impl<E> Failure<E> {
    /// A clock that went back doesn't make a pause longer.
    fn pauses(&self, now: Timestamp) -> bool {
        self.at <= now && now < self.pause_ends
    }
}

// Derived, it would ask for `E: Clone`.
impl<V: Clone, E> Clone for Landing<V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loaded { entry, origin } => Self::Loaded {
                entry: entry.clone(),
                origin: *origin,
            },
            Self::Failed { error, last_good } => Self::Failed {
                error: error.clone(),
                last_good: last_good.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_ever_new_keys_do_not_pile_up() {
        let flights = Flights::<u64, (), std::io::Error>::new();
        let mut shard = flights.lock(0);
        for key in 0..10_000 {
            let at = Timestamp::from_millis(i64::try_from(key).unwrap() * 100);
            let pause_ends = at + std::time::Duration::from_secs(2);
            shard.remember_failure(&key, CacheError::Interrupted, at, pause_ends);
        }
        assert!(shard.seats.len() <= FIRST_TIDY_UP, "{}", shard.seats.len());
    }
}
