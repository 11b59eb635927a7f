//! How fast an account may call.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// How many calls an account may make in a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// The most calls; 0 is without limit.
    most: u32,
    /// The window that they are counted in. A little less than what is promised, since calls don't all take equally long
    /// to arrive.
    window: Duration,
}

/// The catalogue.
pub(super) const CATALOGUE: Allowance = Allowance {
    most: 1,
    window: Duration::from_millis(900),
};

/// New tasks.
pub(super) const CREATES: Allowance = Allowance {
    most: 20,
    window: Duration::from_millis(9_900),
};

/// Questions for tasks.
pub(super) const TASKS: Allowance = Allowance {
    most: 10,
    window: Duration::from_millis(900),
};

/// The calls of the last moments, by account.
#[derive(Debug)]
pub(super) struct Limit {
    usual: Allowance,
    most: u32,
    calls: HashMap<String, VecDeque<Instant>>,
}

impl Limit {
    pub(super) fn new(usual: Allowance) -> Self {
        Self {
            usual,
            most: usual.most,
            calls: HashMap::new(),
        }
    }

    /// Sets the most calls, 0 for no limit; `None` is the usual number.
    pub(super) fn set(&mut self, most: Option<u32>) {
        self.most = most.unwrap_or(self.usual.most);
    }

    /// Counts a call of this account, unless it is one too many. Those that are turned away don't count.
    pub(super) fn lets_through(&mut self, account: &str, now: Instant) -> bool {
        if self.most == 0 {
            return true;
        }
        self.calls.retain(|_, calls| {
            calls.retain(|at| now.duration_since(*at) < self.usual.window);
            !calls.is_empty()
        });
        let calls = self.calls.entry(account.to_owned()).or_default();
        let free = u32::try_from(calls.len()).is_ok_and(|calls| calls < self.most);
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
        let mut limit = Limit::new(CATALOGUE);
        let now = Instant::now();
        assert!(limit.lets_through("a", now) && limit.lets_through("b", now));
        assert!(!limit.lets_through("a", now + Duration::from_millis(500)));
        assert!(limit.lets_through("a", now + Duration::from_secs(1)));
        limit.set(Some(0));
        assert!(limit.lets_through("a", now + Duration::from_secs(1)));
    }
}
