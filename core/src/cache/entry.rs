//! What is kept under a key, and what may be done with it at an instant.

use super::cached::{Cached, Freshness};
use super::config::CacheConfig;
use super::generations::Stamp;
use crate::clock::Timestamp;

/// An answer of the source.
#[derive(Clone, Debug)]
pub(super) struct Entry<V> {
    /// `None` is that there is positively nothing.
    pub(super) value: Option<V>,
    pub(super) loaded_at: Timestamp,
    pub(super) fresh_until: Timestamp,
    /// What was known to be valid when the load began.
    pub(super) stamp: Stamp,
}

/// What an entry is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// To be answered.
    Fresh,
    /// To be answered while it is loaded anew.
    Renewable,
    /// To be answered when the source fails.
    Old,
    /// For nothing.
    Over,
}

/// What is known of the last load under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastLoad {
    /// Nothing bad.
    Fine,
    /// It failed a moment ago: the source is to be left alone.
    FailedJustNow,
    /// It failed, and may be tried again.
    Failed,
}

/// What an ask comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    AnswerFresh,
    AnswerStale,
    AnswerStaleAndRenew,
    Load,
    Refuse,
}

impl<V> Entry<V> {
    /// A clock that went back before the load says nothing about what is fresh.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.fresh_until && self.loaded_at <= now
    }

    pub(super) fn age(&self, now: Timestamp, config: &CacheConfig) -> Age {
        if self.is_fresh(now) {
            return Age::Fresh;
        }
        // "There is nothing" is said only while it is certain.
        if self.value.is_none() {
            return Age::Over;
        }
        let over_for = now.since(self.fresh_until);
        if over_for < config.revalidate_for {
            Age::Renewable
        } else if over_for < config.stale_for {
            Age::Old
        } else {
            Age::Over
        }
    }

    pub(super) fn may_be_served(&self, now: Timestamp, config: &CacheConfig) -> bool {
        self.age(now, config) != Age::Over
    }

    pub(super) fn into_cached(self, freshness: Freshness) -> Option<Cached<V>> {
        let (loaded_at, fresh_until) = (self.loaded_at, self.fresh_until);
        self.value.map(|value| Cached {
            value,
            freshness,
            loaded_at,
            fresh_until,
        })
    }
}

impl Decision {
    pub(super) fn of(age: Age, last_load: LastLoad) -> Self {
        match (age, last_load) {
            (Age::Fresh, _) => Self::AnswerFresh,
            (Age::Renewable | Age::Old, LastLoad::FailedJustNow) => Self::AnswerStale,
            // Nobody waits for a source that has just failed, when there is something to answer.
            (Age::Renewable, _) | (Age::Old, LastLoad::Failed) => Self::AnswerStaleAndRenew,
            (Age::Over, LastLoad::FailedJustNow) => Self::Refuse,
            (Age::Old, LastLoad::Fine) | (Age::Over, _) => Self::Load,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::generations::Generations;
    use std::time::Duration;

    fn entry(value: Option<u8>) -> Entry<u8> {
        Entry {
            value,
            loaded_at: Timestamp::from_millis(1_000),
            fresh_until: Timestamp::from_millis(2_000),
            stamp: Generations::new().stamp(0),
        }
    }

    #[test]
    fn a_value_ages_in_steps() {
        let config = CacheConfig {
            revalidate_for: Duration::from_millis(100),
            stale_for: Duration::from_millis(500),
            ..CacheConfig::default()
        };
        let age = |value, at| entry(value).age(Timestamp::from_millis(at), &config);
        for (at, present, absent) in [
            (1_000, Age::Fresh, Age::Fresh),
            (1_999, Age::Fresh, Age::Fresh),
            (2_000, Age::Renewable, Age::Over),
            (2_099, Age::Renewable, Age::Over),
            (2_100, Age::Old, Age::Over),
            (2_499, Age::Old, Age::Over),
            (2_500, Age::Over, Age::Over),
            // The clock went back.
            (999, Age::Renewable, Age::Over),
        ] {
            assert_eq!(age(Some(1), at), present, "{at}");
            assert_eq!(age(None, at), absent, "{at}");
        }
    }

    #[test]
    fn a_failing_source_is_left_alone_and_people_get_what_there_is() {
        use LastLoad::{Failed, FailedJustNow, Fine};
        for (age, last_load, expected) in [
            (Age::Fresh, FailedJustNow, Decision::AnswerFresh),
            (Age::Renewable, Fine, Decision::AnswerStaleAndRenew),
            (Age::Renewable, FailedJustNow, Decision::AnswerStale),
            (Age::Renewable, Failed, Decision::AnswerStaleAndRenew),
            (Age::Old, Fine, Decision::Load),
            (Age::Old, FailedJustNow, Decision::AnswerStale),
            (Age::Old, Failed, Decision::AnswerStaleAndRenew),
            (Age::Over, Fine, Decision::Load),
            (Age::Over, FailedJustNow, Decision::Refuse),
            (Age::Over, Failed, Decision::Load),
        ] {
            assert_eq!(Decision::of(age, last_load), expected, "{age:?} {last_load:?}");
        }
    }
}
