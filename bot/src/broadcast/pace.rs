//! How fast a broadcast goes out.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// Lets through one after another, evenly, so that in no second there are more than the rate says.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many a second.
    pub(super) fn per_second(rate: u32) -> Self {
        Self {
            every: Duration::from_secs(1) / rate.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) {
        loop {
            let at = {
                let mut next = self.next.lock();
                let now = Instant::now();
                if *next <= now {
                    // Time that was not used is gone: there is no burst later on.
                    *next = now + self.every;
                    return;
                }
                *next
            };
            sleep_until(at).await;
        }
    }

    /// Lets nobody through for this long.
    pub(super) fn pause(&self, pause: Duration) {
        let mut next = self.next.lock();
        *next = (*next).max(Instant::now() + pause);
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn in_no_second_are_there_more_than_the_rate_says() {
        let pace = Pace::per_second(20);
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..10 {
            let turns = (0..10).map(async |_| {
                pace.turn().await;
                start.elapsed()
            });
            at.extend(join_all(turns).await);
            tokio::time::sleep(Duration::from_millis(130)).await;
        }
        at.sort_unstable();
        for window in at.windows(21) {
            let took = window[20].saturating_sub(window[0]);
            assert!(took >= Duration::from_secs(1), "{window:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_up_all() {
        let pace = Pace::per_second(20);
        let start = Instant::now();
        pace.pause(Duration::from_secs(7));
        join_all((0..3).map(|_| pace.turn())).await;
        assert!(start.elapsed() >= Duration::from_secs(7), "{:?}", start.elapsed());
    }
}
