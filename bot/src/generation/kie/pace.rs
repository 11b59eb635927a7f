//! How fast calls may follow each other: what the API turns away costs a whole window of waiting, so it isn't sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

/// How fast calls may follow each other. All calls of one client keep it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The shortest time between calls to the catalogue, which share one allowance of one a second.
    pub catalogue: Duration,
    /// How tasks are created: twenty in ten seconds are allowed.
    pub creates: Allowance,
    /// The shortest time between questions for tasks, which have ten a second.
    pub tasks: Duration,
    /// The shortest time between all others of one sort.
    pub others: Duration,
}

impl Default for Pace {
    /// A little slower than what is allowed, since calls don't all take equally long to arrive.
    fn default() -> Self {
        Self {
            catalogue: Duration::from_millis(1_050),
            creates: Allowance {
                calls: 20,
                within: Duration::from_millis(10_500),
            },
            tasks: Duration::from_millis(105),
            others: Duration::from_millis(105),
        }
    }
}

/// So many calls within that time, at once or one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The most calls; 0 is taken for 1.
    pub calls: usize,
    /// Within any stretch of this length.
    pub within: Duration,
}

/// Longer than any pause that an API asks for.
const FOREVER: Duration = Duration::from_hours(24);

/// Which allowance a call is counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Catalogue,
    Creates,
    Tasks,
    Uploads,
    Others,
}

/// Lets calls through one after another, first come, first served.
#[derive(Debug)]
pub(super) struct Limiter {
    catalogue: Gate,
    creates: Gate,
    /// Turns to create that were waited for, and not used yet.
    admitted: AtomicUsize,
    tasks: Gate,
    uploads: Gate,
    others: Gate,
}

#[derive(Debug)]
struct Gate {
    allowance: Allowance,
    /// When the last ones went, the oldest first. Held by who waits for a turn, so that the others queue behind.
    gone: Mutex<VecDeque<Instant>>,
    /// Until when nobody may go, because the API said so. Apart from `gone`, which is not free while somebody waits.
    held_until: parking_lot::Mutex<Option<Instant>>,
}

impl Limiter {
    pub(super) fn new(pace: Pace) -> Self {
        let Pace {
            catalogue,
            creates,
            tasks,
            others,
        } = pace;
        let each = |within| Gate::new(Allowance { calls: 1, within });
        Self {
            catalogue: each(catalogue),
            creates: Gate::new(creates),
            admitted: AtomicUsize::new(0),
            tasks: each(tasks),
            uploads: each(others),
            others: each(others),
        }
    }

    /// Waits for the turn to call.
    ///
    /// # Errors
    ///
    /// The time that is left when the API wants longer than `longest` without calls.
    pub(super) async fn turn(&self, lane: Lane, longest: Duration) -> Result<(), Duration> {
        if lane == Lane::Creates && self.uses_admission() {
            return Ok(());
        }
        self.gate(lane).pass(longest).await
    }

    /// Waits for the turn to create, which the next call that creates then has.
    pub(super) async fn admit(&self) {
        while self.creates.pass(FOREVER).await.is_err() {
            // The API wants longer than that without calls.
            sleep(FOREVER).await;
        }
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    fn uses_admission(&self) -> bool {
        let used = |admitted: usize| admitted.checked_sub(1);
        self.admitted
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, used)
            .is_ok()
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
            Lane::Creates => &self.creates,
            Lane::Tasks => &self.tasks,
            Lane::Uploads => &self.uploads,
            Lane::Others => &self.others,
        }
    }
}

impl Gate {
    fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            gone: Mutex::default(),
            held_until: parking_lot::Mutex::default(),
        }
    }

    async fn pass(&self, longest: Duration) -> Result<(), Duration> {
        let Allowance { calls, within } = self.allowance;
        let calls = calls.max(1);
        let mut gone = self.gone.lock().await;
        loop {
            let now = Instant::now();
            let held_until = *self.held_until.lock();
            if let Some(until) = held_until
                && until > now + longest
            {
                return Err(until - now);
            }
            // Room is there once the oldest of the last ones is long enough ago.
            let oldest = gone.len().checked_sub(calls).and_then(|oldest| gone.get(oldest));
            let until = oldest.map(|at| *at + within).max(held_until);
            match until {
                // Meanwhile the pause may be prolonged, so it is looked at again.
                Some(until) if until > now => sleep_until(until).await,
                _ => {
                    while gone.len() >= calls {
                        gone.pop_front();
                    }
                    gone.push_back(now);
                    return Ok(());
                }
            }
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
            creates: Allowance {
                calls: 3,
                within: Duration::from_secs(10),
            },
            tasks: Duration::from_millis(100),
            others: Duration::from_millis(100),
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_waited_for_is_used_by_the_next_call() {
        let limiter = limiter();
        let begun = Instant::now();
        for _ in 0..4 {
            limiter.admit().await;
            let waited = begun.elapsed();
            limiter.turn(Lane::Creates, LONG).await.unwrap();
            assert_eq!(begun.elapsed(), waited, "it goes at once");
        }
        assert!(begun.elapsed() >= Duration::from_secs(10), "and counts once");
        assert!(begun.elapsed() < Duration::from_secs(11));
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

    #[tokio::test(start_paused = true)]
    async fn creates_may_come_together_but_never_too_many_within_the_window() {
        let limiter = limiter();
        let begun = Instant::now();
        let mut at = Vec::new();
        for pause in [0, 0, 4, 0, 0, 0, 7, 0, 0] {
            advance(Duration::from_secs(pause)).await;
            limiter.turn(Lane::Creates, LONG).await.unwrap();
            at.push(begun.elapsed().as_millis());
        }
        assert!(at[2] < 4_100, "three at once are let through: {at:?}");
        assert!(at.windows(4).all(|four| four[3] - four[0] >= 10_000), "{at:?}");
        assert!(at[8] < 31_000, "no longer than it has to be: {at:?}");
    }
}
