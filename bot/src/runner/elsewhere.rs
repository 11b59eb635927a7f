//! Replies that another process may be sending right now: a webhook may bring one update to two at once.

use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::conversation::STORE_PATIENCE;

/// How long a process may be sending replies that it has committed.
const SENDING: Duration = Duration::from_secs(3);

/// Of so many updates it is remembered when they were first seen committed and unsent.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// When updates were first seen whose replies may be unsent, though their turns were committed.
#[derive(Debug)]
pub(super) struct Elsewhere(Mutex<LruCache<i64, Instant>>);

impl Default for Elsewhere {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Elsewhere {
    /// Whether another process may be sending the replies to an update that was committed a while ago. The commit may be
    /// much younger than its turn when the store was slow, so what counts is how long this process has known of it; but a
    /// turn that began too long ago for its process to be still at it is nobody's.
    pub(super) fn may_send(&self, update: i64, begun: Duration) -> bool {
        begun < STORE_PATIENCE + SENDING && self.known_for(update) < SENDING
    }

    fn known_for(&self, update: i64) -> Duration {
        self.0.lock().get_or_insert(update, Instant::now).elapsed()
    }

    /// It was this process that committed it, and could not send: nobody else does.
    pub(super) fn is_here(&self, update: i64) {
        let long_ago = Instant::now().checked_sub(SENDING);
        self.0.lock().put(update, long_ago.unwrap_or_else(Instant::now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn another_process_has_three_seconds_from_when_its_commit_was_seen() {
        let elsewhere = Elsewhere::default();
        tokio::time::advance(SENDING).await;
        let slow_store = Duration::from_secs(4);
        assert!(elsewhere.may_send(7, slow_store));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(elsewhere.may_send(7, slow_store + Duration::from_secs(2)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!elsewhere.may_send(7, slow_store + SENDING));
        assert!(
            !elsewhere.may_send(8, Duration::from_secs(23)),
            "that process has given up"
        );
        elsewhere.is_here(9);
        assert!(!elsewhere.may_send(9, Duration::ZERO));
    }
}
