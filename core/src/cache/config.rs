//! How long a cache keeps what, and how it treats its source.

use std::time::Duration;

/// The settings of a [`ReadThroughCache`](super::ReadThroughCache).
///
/// ```
/// use std::time::Duration;
/// use stepkeep_core::cache::CacheConfig;
///
/// let config = CacheConfig {
///     max_weight: 500,
///     ..CacheConfig::with_ttl(Duration::from_mins(10))
/// };
/// assert_eq!(config.negative_ttl, Duration::from_secs(30));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CacheConfig {
    /// For how long a value is fresh, unless its source says otherwise. 5 minutes by default.
    pub ttl: Duration,
    /// By which share of its time, at most, each entry ends earlier by chance, so that what was loaded together doesn't
    /// expire together. From 0 to 1; 0.1 by default.
    pub jitter: f64,
    /// For how long after its end a value is still served, marked as stale, when its source fails. An hour by default; zero
    /// is never.
    pub stale_for: Duration,
    /// For how long after its end a value is answered at once, marked as stale, while it is loaded anew in the background.
    /// 30 seconds by default; with zero whoever asks for an expired value waits for its load.
    pub revalidate_for: Duration,
    /// For how long it is known that there is nothing under a key. 30 seconds by default; with zero the source is asked each
    /// time.
    pub negative_ttl: Duration,
    /// How much fits in: the number of entries, or what the weigher says. 10,000 by default.
    pub max_weight: u64,
    /// How long one load may take. 10 seconds by default.
    pub load_deadline: Duration,
    /// How long the source is not asked again for a key whose load failed. Meanwhile the last good value is served, marked
    /// as stale, or where there is none the same error is answered. 2 seconds by default.
    pub retry_after_failure: Duration,
    /// How a second level is used, where there is one.
    pub second_level: SecondLevelPolicy,
}

/// How patient a cache is with its second level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondLevelPolicy {
    /// How long one call may take. 250 milliseconds by default.
    pub deadline: Duration,
    /// After a call that failed, how long the second level is left alone, so that a dead one doesn't slow down every miss.
    /// Then one call tries. 5 seconds by default.
    pub pause: Duration,
    /// How long to wait for the value that another process is loading, before loading it too. 3 seconds by default.
    pub wait_for_other: Duration,
    /// How often to look for it meanwhile. Every 50 milliseconds by default.
    pub poll_every: Duration,
}

impl Default for SecondLevelPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(250),
            pause: Duration::from_secs(5),
            wait_for_other: Duration::from_secs(3),
            poll_every: Duration::from_millis(50),
        }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(5),
            jitter: 0.1,
            stale_for: Duration::from_hours(1),
            revalidate_for: Duration::from_secs(30),
            negative_ttl: Duration::from_secs(30),
            max_weight: 10_000,
            load_deadline: Duration::from_secs(10),
            retry_after_failure: Duration::from_secs(2),
            second_level: SecondLevelPolicy::default(),
        }
    }
}

impl CacheConfig {
    /// The defaults, with this time to live.
    pub fn with_ttl(ttl: Duration) -> Self {
        Self {
            ttl,
            ..Self::default()
        }
    }

    /// How long an answer is good that begins now. `chance` is from 0 to 1. It is never longer than it was said to be.
    pub(super) fn life(&self, own: Option<Duration>, is_present: bool, chance: f64) -> Duration {
        let usual = if is_present { self.ttl } else { self.negative_ttl };
        let whole = own.unwrap_or(usual);
        let share = (1.0 - self.jitter.clamp(0.0, 1.0) * chance).max(0.0);
        Duration::try_from_secs_f64(whole.as_secs_f64() * share).map_or(whole, |life| life.min(whole))
    }

    /// For how long after its end a value may be of use.
    pub(super) fn afterlife(&self) -> Duration {
        self.stale_for.max(self.revalidate_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn jitter_shortens_by_its_share_and_never_prolongs(
            millis in 0_u64..1_000_000_000, jitter in 0.0..=1.0, chance in 0.0..=1.0,
        ) {
            let ttl = Duration::from_millis(millis);
            let config = CacheConfig { jitter, ..CacheConfig::with_ttl(ttl) };
            let life = config.life(None, true, chance);
            prop_assert!(life <= ttl);
            let least = ttl.mul_f64(1.0 - jitter).saturating_sub(Duration::from_millis(1));
            prop_assert!(life >= least, "{life:?} of {ttl:?}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_do_no_harm() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            let config = CacheConfig {
                jitter,
                ..CacheConfig::with_ttl(Duration::MAX)
            };
            for chance in [0.0, 0.5, 1.0] {
                assert!(config.life(None, true, chance) <= Duration::MAX);
            }
        }
    }
}
