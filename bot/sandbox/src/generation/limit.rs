//! How fast an account may call.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The window that calls are counted in. A little less than a second, since calls that leave a second apart don't arrive so.
const WINDOW: Duration = Duration::from_millis(900);

/// What the real thing lets through.
pub(super) const USUAL: u32 = 1;

/// The calls of the last moments, by account.
#[derive(Debug)]
pub(super) struct Limit {
    /// 0 is without limit.
    pub(super) per_second: u32,
    calls: HashMap<String, VecDeque<Instant>>,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            per_second: USUAL,
            calls: HashMap::new(),
        }
    }
}

impl Limit {
    /// Counts a call of this account, unless it is one too many. Those that are turned away don't count.
    pub(super) fn lets_through(&mut self, account: &str, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        self.calls.retain(|_, calls| {
            calls.retain(|at| now.duration_since(*at) < WINDOW);
            !calls.is_empty()
        });
        let calls = self.calls.entry(account.to_owned()).or_default();
        let free = u32::try_from(calls.len()).is_ok_and(|calls| calls < self.per_second);
        if free {
            calls.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_a_limit_of_its_own() {
        let mut limit = Limit::default();
        let now = Instant::now();
        assert!(limit.lets_through("a", now) && limit.lets_through("b", now));
        assert!(!limit.lets_through("a", now + Duration::from_millis(500)));
        assert!(limit.lets_through("a", now + Duration::from_secs(1)));
        limit.per_second = 0;
        assert!(limit.lets_through("a", now + Duration::from_secs(1)));
    }
}
