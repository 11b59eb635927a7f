//! How often, and after which pauses, a call is sent again.

use std::time::Duration;

use backon::ExponentialBuilder;

use super::ShippingError;

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

#[cfg(test)]
mod tests {
    use super::super::error::Stage;
    use super::super::{Operation, ShippingErrorKind};
    use super::*;

    fn at(stage: Stage) -> ShippingError {
        ShippingError::at(ShippingErrorKind::Unavailable, Operation::Buy, stage, "")
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
}
