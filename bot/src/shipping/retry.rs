//! How often, and after which pauses, a call is sent again.

use std::time::Duration;

use backon::ExponentialBuilder;

use super::ShippingError;
use super::error::Stage;

/// The bounds of repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is sent at most, the first time included.
    pub attempts: usize,
    /// The pause before the second attempt; it doubles from there, with jitter on top.
    pub first_pause: Duration,
    /// The longest pause of our own choice.
    pub longest_pause: Duration,
    /// The longest `Retry-After` that is waited for. A longer one becomes an error at once, which carries it.
    pub longest_retry_after: Duration,
    /// How often a label is looked up after an unclear purchase.
    pub lookups: usize,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(300),
            longest_pause: Duration::from_secs(5),
            longest_retry_after: Duration::from_secs(10),
            lookups: 5,
        }
    }
}

impl RetryPolicy {
    /// The pauses between the attempts of one call.
    pub(super) fn between_attempts(&self) -> ExponentialBuilder {
        self.pauses(self.attempts.saturating_sub(1))
    }

    /// The pauses before each look-up.
    pub(super) fn before_lookups(&self) -> ExponentialBuilder {
        self.pauses(self.lookups)
    }

    /// How long to wait after `error`, where our own choice would be `pause`; `None` to give up.
    pub(super) fn adjust(&self, error: &ShippingError, pause: Option<Duration>) -> Option<Duration> {
        let pause = pause?;
        match error.retry_after() {
            None => Some(pause),
            Some(asked) if asked > self.longest_retry_after => None,
            Some(asked) => Some(asked.max(pause)),
        }
    }

    fn pauses(&self, times: usize) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_factor(2.0)
            .with_max_times(times)
            .with_jitter()
    }
}

/// What may be sent again without asking first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeatable {
    /// Doing it twice is the same as once: reading, and asking for rates.
    Always,
    /// Doing it twice costs twice: only what was surely not looked at is sent again.
    OnlyIfNotDone,
}

impl Repeatable {
    pub(super) fn allows(self, error: &ShippingError) -> bool {
        match error.stage() {
            Stage::Unsent | Stage::Limited => true,
            Stage::Lost => self == Self::Always,
            Stage::Refused | Stage::Garbled => false,
        }
    }
}

/// The value of a `Retry-After` header in its form of whole seconds. The form with a date is not used by this API, and
/// counts as absent.
pub(super) fn parse_retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::super::{Operation, ShippingErrorKind};
    use super::*;

    fn at(stage: Stage) -> ShippingError {
        ShippingError::at(ShippingErrorKind::Unavailable, Operation::Buy, stage, "")
    }

    #[test]
    fn a_purchase_is_repeated_only_if_it_was_not_looked_at() {
        for (stage, always, not_done) in [
            (Stage::Unsent, true, true),
            (Stage::Limited, true, true),
            (Stage::Lost, true, false),
            (Stage::Refused, false, false),
            (Stage::Garbled, false, false),
        ] {
            assert_eq!(Repeatable::Always.allows(&at(stage)), always, "{stage:?}");
            assert_eq!(
                Repeatable::OnlyIfNotDone.allows(&at(stage)),
                not_done,
                "{stage:?}"
            );
        }
    }

    #[test]
    fn the_pause_that_is_asked_for_is_kept_but_bounded() {
        let policy = RetryPolicy::default();
        let asked = |seconds| at(Stage::Limited).with_retry_after(Some(Duration::from_secs(seconds)));
        let own = Some(Duration::from_secs(2));
        assert_eq!(policy.adjust(&at(Stage::Limited), own), own);
        assert_eq!(policy.adjust(&asked(7), own), Some(Duration::from_secs(7)));
        assert_eq!(policy.adjust(&asked(1), own), own);
        assert_eq!(policy.adjust(&asked(3600), own), None);
        // Our own attempts are spent: what the API asks for doesn't buy another.
        assert_eq!(policy.adjust(&asked(1), None), None);
    }

    #[test]
    fn retry_after_is_read_as_seconds() {
        assert_eq!(parse_retry_after(" 12 "), Some(Duration::from_secs(12)));
        assert_eq!(parse_retry_after("soon"), None);
        assert_eq!(parse_retry_after("-1"), None);
        assert_eq!(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
