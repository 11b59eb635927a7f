//! How fast calls may follow each other: what the API turns away costs a whole window of waiting, so it isn't sent.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// The shortest time from one call to the next. All calls of one client keep it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between calls to the catalogue, which share one allowance of one a second.
    pub catalogue: Duration,
    /// Between all others, which have ten a second.
    pub others: Duration,
}

impl Default for Pace {
    /// A little slower than what is allowed, since calls don't all take equally long to arrive.
    fn default() -> Self {
        Self {
            catalogue: Duration::from_millis(1_050),
            others: Duration::from_millis(105),
        }
    }
}

/// Which allowance a call is counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Catalogue,
    Others,
}

/// Lets calls through one after another, first come, first served.
#[derive(Debug)]
pub(super) struct Limiter {
    catalogue: Gate,
    others: Gate,
}

#[derive(Debug)]
struct Gate {
    period: Duration,
    /// When the next may go. Held by who waits for it, so that the others queue behind.
    next: Mutex<Instant>,
    /// Until when nobody may go, because the API said so. Apart from `next`, which is not free while somebody waits.
    held_until: parking_lot::Mutex<Option<Instant>>,
}

impl Limiter {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            catalogue: Gate::new(pace.catalogue),
            others: Gate::new(pace.others),
        }
    }

    /// Waits for the turn to call.
    ///
    /// # Errors
    ///
    /// The time that is left when the API wants longer than `longest` without calls.
    pub(super) async fn turn(&self, lane: Lane, longest: Duration) -> Result<(), Duration> {
        self.gate(lane).pass(longest).await
    }

    /// Lets nobody through for `pause`.
    pub(super) fn hold(&self, lane: Lane, pause: Duration) {
        // A pause beyond the end of time is none.
        if let Some(until) = Instant::now().checked_add(pause) {
            let mut held = self.gate(lane).held_until.lock();
            *held = Some(held.map_or(until, |held| held.max(until)));
        }
    }

    fn gate(&self, lane: Lane) -> &Gate {
        match lane {
            Lane::Catalogue => &self.catalogue,
            Lane::Others => &self.others,
        }
    }
}

impl Gate {
    fn new(period: Duration) -> Self {
        Self {
            period,
            next: Mutex::new(Instant::now()),
            held_until: parking_lot::Mutex::default(),
        }
    }

    async fn pass(&self, longest: Duration) -> Result<(), Duration> {
        let mut next = self.next.lock().await;
        loop {
            let now = Instant::now();
            let held_until = *self.held_until.lock();
            if let Some(until) = held_until
                && until > now + longest
            {
                return Err(until - now);
            }
            let until = held_until.map_or(*next, |held| held.max(*next));
            if until <= now {
                *next = now + self.period;
                return Ok(());
            }
            // Meanwhile the pause may be prolonged, so it is looked at again.
            sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{advance, timeout};

    use super::*;

    const LONG: Duration = Duration::from_mins(5);

    fn limiter() -> Arc<Limiter> {
        Arc::new(Limiter::new(Pace {
            catalogue: Duration::from_secs(1),
            others: Duration::from_millis(100),
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_many_follow_each_other_at_the_pace() {
        let limiter = limiter();
        let begun = Instant::now();
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    limiter.turn(Lane::Catalogue, LONG).await.unwrap();
                    begun.elapsed().as_millis()
                })
            })
            .collect();
        let mut at = Vec::new();
        for call in calls {
            at.push(call.await.unwrap());
        }
        at.sort_unstable();
        assert!(at.windows(2).all(|two| two[1] - two[0] >= 1_000), "{at:?}");
        assert!(at[9] < 9_100, "no longer than it has to be: {at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_catalogue_does_not_slow_the_others_down() {
        let limiter = limiter();
        limiter.turn(Lane::Catalogue, LONG).await.unwrap();
        limiter.hold(Lane::Catalogue, LONG);
        let begun = Instant::now();
        for _ in 0..10 {
            limiter.turn(Lane::Others, LONG).await.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_those_too_who_wait_already() {
        let limiter = limiter();
        limiter.turn(Lane::Catalogue, LONG).await.unwrap();
        let begun = Instant::now();
        let waiting = {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.turn(Lane::Catalogue, LONG).await })
        };
        advance(Duration::from_millis(500)).await;
        limiter.hold(Lane::Catalogue, Duration::from_secs(10));
        // A shorter one doesn't take it back.
        limiter.hold(Lane::Catalogue, Duration::from_secs(1));
        waiting.await.unwrap().unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(10_500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_too_long_is_said_at_once() {
        let limiter = limiter();
        limiter.hold(Lane::Catalogue, Duration::from_hours(1));
        let left = limiter.turn(Lane::Catalogue, Duration::from_secs(15)).await;
        assert_eq!(left, Err(Duration::from_hours(1)));
        // Nor does one that never ends do any harm.
        limiter.hold(Lane::Others, Duration::MAX);
        limiter.turn(Lane::Others, LONG).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_takes_no_turn() {
        let limiter = limiter();
        limiter.turn(Lane::Catalogue, LONG).await.unwrap();
        let gone = timeout(Duration::from_millis(100), limiter.turn(Lane::Catalogue, LONG));
        assert!(gone.await.is_err());
        let begun = Instant::now();
        limiter.turn(Lane::Catalogue, LONG).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
