//! Floods: a person who goes on writing while much of what they wrote still waits, and faster than anybody types, is not
//! listened to for a moment, and told so. Whoever waits for the answers is always listened to, however fast they are.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::SessionKey;
use tokio::time::Instant;

use super::REMEMBERED_PEOPLE;
use crate::growing_cache::growing_cache;

/// How much one conversation may bring in while its earlier inputs wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodLimit {
    /// How many inputs may wait before what follows is counted.
    pub waiting: usize,
    /// How many inputs at once.
    pub at_once: NonZeroU32,
    /// How many a second after that.
    pub per_second: NonZeroU32,
}

impl Default for FloodLimit {
    /// While more than 5 wait, 50 at once and 5 a second: far more than a person does, also one whose messages waited for an
    /// outage to end.
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self {
            waiting: 5,
            at_once: number(50),
            per_second: number(5),
        }
    }
}

/// How often a person is told at most.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// What conversations brought in lately.
pub(super) struct Flood {
    waiting: usize,
    limiter: RateLimiter<SessionKey, DashMapStateStore<SessionKey>, DefaultClock>,
    told: Mutex<LruCache<SessionKey, Instant>>,
}

impl Flood {
    pub(super) fn new(limit: FloodLimit) -> Self {
        let quota = Quota::per_second(limit.per_second).allow_burst(limit.at_once);
        Self {
            waiting: limit.waiting,
            limiter: RateLimiter::dashmap(quota),
            told: Mutex::new(growing_cache(REMEMBERED_PEOPLE)),
        }
    }

    /// Whether one more input of this conversation is listened to while so many of its inputs wait.
    pub(super) fn allows(&self, key: &SessionKey, waiting: usize) -> bool {
        waiting <= self.waiting || self.limiter.check_key(key).is_ok()
    }

    /// Whether the person is to be told now that they are not listened to.
    pub(super) fn should_tell(&self, key: &SessionKey, now: Instant) -> bool {
        let mut told = self.told.lock();
        if told
            .get(key)
            .is_some_and(|last| now.duration_since(*last) < TELL_EVERY)
        {
            return false;
        }
        told.put(key.clone(), now);
        true
    }

    /// Forgets who has been quiet for a while.
    pub(super) fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{BotId, UserId};

    use super::*;

    #[test]
    fn one_persons_flood_is_cut_off_and_nobody_elses_answers_are() {
        let flood = Flood::new(FloodLimit::default());
        let [ann, bob] = [1, 2].map(|user| SessionKey::private(BotId(1), UserId(user)));
        assert!(
            (0..1_000).all(|_| flood.allows(&ann, 5)),
            "who waits for answers is heard"
        );
        let taken = (0..1_000).filter(|_| flood.allows(&ann, 6)).count();
        assert!((50..500).contains(&taken), "{taken}");
        assert!(flood.allows(&bob, 6));

        let now = Instant::now();
        assert!(flood.should_tell(&ann, now));
        assert!(!flood.should_tell(&ann, now + TELL_EVERY / 2));
        assert!(flood.should_tell(&ann, now + TELL_EVERY));
        assert!(flood.should_tell(&bob, now));
        flood.tidy();
        assert!(!flood.allows(&ann, 6), "who is over the limit is not forgotten");
    }
}
