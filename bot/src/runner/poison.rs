//! Updates that fail again and again by their own fault.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::growing_cache::growing_cache;

/// After so many failures an update is put aside.
pub(super) const MOST_ATTEMPTS: u32 = 5;

/// Of so many updates the failures are remembered.
const REMEMBERED: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// How often updates failed. What was waited for, a store that is down or a Telegram that doesn't answer, is no failure
/// of an update.
#[derive(Debug)]
pub(super) struct Poison(Mutex<LruCache<i64, u32>>);

/// What is to become of an update that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    TryAgain,
    PutAside { attempts: u32 },
}

impl Default for Poison {
    fn default() -> Self {
        Self(Mutex::new(growing_cache(REMEMBERED)))
    }
}

impl Poison {
    /// An update failed.
    pub(super) fn failed(&self, update: i64) -> Verdict {
        let mut failures = self.0.lock();
        let count = failures.get_or_insert_mut(update, || 0);
        *count = count.saturating_add(1);
        let attempts = *count;
        if attempts < MOST_ATTEMPTS {
            Verdict::TryAgain
        } else {
            Verdict::PutAside { attempts }
        }
    }

    /// An update is done with, or begins anew.
    pub(super) fn forget(&self, update: i64) {
        self.0.lock().pop(&update);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_is_the_last() {
        let poison = Poison::default();
        for _ in 1..MOST_ATTEMPTS {
            assert_eq!(poison.failed(7), Verdict::TryAgain);
            poison.failed(8);
        }
        assert_eq!(poison.failed(7), Verdict::PutAside { attempts: 5 });
        assert_eq!(
            poison.failed(7),
            Verdict::PutAside { attempts: 6 },
            "it could not be put aside"
        );
        poison.forget(7);
        assert_eq!(poison.failed(7), Verdict::TryAgain);
    }
}
