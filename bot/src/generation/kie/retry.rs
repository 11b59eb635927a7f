//! How often, and after which pauses, a call is sent again.

use std::time::Duration;

use backon::ExponentialBuilder;

use super::super::GenerationError;
use crate::http::Stage;

/// The bounds of repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is sent at most, the first time included.
    pub attempts: usize,
    /// The pause before the second attempt; it doubles from there, with jitter on top.
    pub first_pause: Duration,
    /// The longest pause of our own choice.
    pub longest_pause: Duration,
    /// The pause after "too many requests", of all calls of that sort: the API's limits are counted over windows this
    /// long, and calls made meanwhile would be refused too.
    pub limit_window: Duration,
    /// The longest `Retry-After` that is waited for. A longer one becomes an error at once, which carries it.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(300),
            longest_pause: Duration::from_secs(5),
            limit_window: Duration::from_secs(10),
            longest_retry_after: Duration::from_secs(15),
        }
    }
}

impl RetryPolicy {
    /// The pauses between the attempts of one call.
    pub(super) fn between_attempts(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_factor(2.0)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter()
    }

    /// How long nothing of the sort should be sent after `error`; `None` if it doesn't matter to other calls.
    pub(super) fn hold(&self, error: &GenerationError) -> Option<Duration> {
        let window = (error.stage() == Stage::Limited).then_some(self.limit_window);
        match (error.retry_after(), window) {
            (Some(asked), Some(window)) => Some(asked.max(window)),
            (asked, window) => asked.or(window),
        }
    }

    /// How long to wait after `error`, where our own choice would be `pause`; `None` to give up.
    pub(super) fn adjust(&self, error: &GenerationError, pause: Option<Duration>) -> Option<Duration> {
        let pause = pause?;
        match error.retry_after() {
            Some(asked) if asked > self.longest_retry_after => None,
            // Our own pause comes on top: those who were turned away together don't come back together.
            _ => Some(self.hold(error).unwrap_or_default() + pause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{GenerationErrorKind, Operation};
    use super::*;

    fn at(stage: Stage) -> GenerationError {
        GenerationError::at(GenerationErrorKind::Unavailable, Operation::Models, stage, "")
    }

    #[test]
    fn a_limit_is_waited_out_for_its_whole_window() {
        let policy = RetryPolicy::default();
        let own = Some(Duration::from_secs(2));
        assert_eq!(policy.adjust(&at(Stage::Lost), own), own);
        assert_eq!(
            policy.adjust(&at(Stage::Limited), own),
            Some(Duration::from_secs(12))
        );
        assert_eq!(policy.hold(&at(Stage::Limited)), Some(policy.limit_window));
        assert_eq!(policy.hold(&at(Stage::Lost)), None);
    }

    #[test]
    fn the_pause_that_is_asked_for_is_kept_but_bounded() {
        let policy = RetryPolicy::default();
        let asked = |stage, seconds| at(stage).with_retry_after(Some(Duration::from_secs(seconds)));
        let own = Some(Duration::from_secs(1));
        assert_eq!(
            policy.adjust(&asked(Stage::Limited, 14), own),
            Some(Duration::from_secs(15))
        );
        assert_eq!(
            policy.adjust(&asked(Stage::Limited, 1), own),
            Some(Duration::from_secs(11))
        );
        assert_eq!(
            policy.adjust(&asked(Stage::Lost, 3), own),
            Some(Duration::from_secs(4))
        );
        assert_eq!(policy.adjust(&asked(Stage::Limited, 3600), own), None);
        // Our own attempts are spent: what the API asks for doesn't buy another.
        assert_eq!(policy.adjust(&asked(Stage::Limited, 1), None), None);
    }
}
