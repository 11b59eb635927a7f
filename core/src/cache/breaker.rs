//! Leaves what fails alone for a while.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lets calls through until one fails; from then on one after each pause, until one succeeds.
#[derive(Debug)]
pub(super) struct Breaker {
    pause: Duration,
    next_try: Mutex<Option<Instant>>,
}

impl Breaker {
    pub(super) fn new(pause: Duration) -> Self {
        Self {
            pause,
            next_try: Mutex::new(None),
        }
    }

    pub(super) fn lets_through(&self) -> bool {
        let mut next_try = self.next_try.lock();
        match &mut *next_try {
            None => true,
            Some(at) => {
                let now = Instant::now();
                let is_time = now >= *at;
                if is_time {
                    *at = now + self.pause;
                }
                is_time
            }
        }
    }

    pub(super) fn succeeded(&self) {
        *self.next_try.lock() = None;
    }

    /// Answers whether this is the first failure since a success.
    pub(super) fn failed(&self) -> bool {
        let next_try = Instant::now() + self.pause;
        self.next_try.lock().replace(next_try).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_once_after_each_pause() {
        let pause = Duration::from_secs(5);
        let breaker = Breaker::new(pause);
        assert!(breaker.lets_through() && breaker.lets_through());
        assert!(breaker.failed());
        for _ in 0..3 {
            assert!(!breaker.lets_through());
            tokio::time::advance(pause).await;
            assert!(breaker.lets_through(), "one tries");
            assert!(!breaker.lets_through(), "the others don't wait for it");
            assert!(!breaker.failed());
        }
        breaker.succeeded();
        assert!(breaker.lets_through() && breaker.lets_through());
    }
}
