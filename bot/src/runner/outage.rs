//! Whom to tell that the store is down: everybody who writes meanwhile, once.

use std::collections::HashSet;
use std::time::Duration;

use parking_lot::Mutex;
use stepkeep_core::SessionKey;
use tokio::time::Instant;

/// A person is told only when their answer has waited this long: most troubles are over before.
pub(super) const TOLD_AFTER: Duration = Duration::from_secs(2);

/// An outage is over when the store has answered, and has not failed for this long: while it comes back it may fail in
/// between, which is no new outage.
const OVER_AFTER: Duration = Duration::from_secs(30);

/// Of so many people it is remembered at most that they were told.
const MOST_TOLD: usize = 100_000;

/// The outage under way, if there is one.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last_failure: Option<Instant>,
    told: HashSet<SessionKey>,
}

impl Outage {
    /// The store failed for somebody, whose answer waits for `waited`. Answers whether they are to be told now.
    pub(super) fn failed(&self, key: &SessionKey, waited: Duration, now: Instant) -> bool {
        let mut state = self.0.lock();
        state.forget_when_over(now);
        state.last_failure = Some(now);
        waited >= TOLD_AFTER && state.told.len() < MOST_TOLD && state.told.insert(key.clone())
    }

    /// The store answered.
    pub(super) fn succeeded(&self, now: Instant) {
        self.0.lock().forget_when_over(now);
    }
}

impl State {
    fn forget_when_over(&mut self, now: Instant) {
        if self
            .last_failure
            .is_some_and(|last| now.duration_since(last) >= OVER_AFTER)
        {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{BotId, UserId};

    use super::*;

    #[test]
    fn everybody_is_told_once_in_an_outage_and_again_in_the_next() {
        let outage = Outage::default();
        let [ann, bob] = [1, 2].map(|user| SessionKey::private(BotId(1), UserId(user)));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(
            !outage.failed(&ann, Duration::ZERO, at(0)),
            "it may be over at once"
        );
        assert!(outage.failed(&ann, TOLD_AFTER, at(2)));
        assert!(!outage.failed(&ann, TOLD_AFTER, at(4)));
        assert!(outage.failed(&bob, TOLD_AFTER, at(5)));
        // It answers now and then: the outage is the same.
        outage.succeeded(at(20));
        assert!(!outage.failed(&ann, TOLD_AFTER, at(30)));
        outage.succeeded(at(70));
        assert!(outage.failed(&ann, TOLD_AFTER, at(80)));
    }
}
