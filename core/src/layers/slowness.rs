//! How loud something is told, by how long it took.

use std::time::Duration;

use tracing::Level;

/// From which duration on something is told at which level; below all, at debug. The one measure for operations of stores,
/// calls to the outside and turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowness {
    /// At info.
    pub info: Duration,
    /// At warn.
    pub warn: Duration,
    /// At error.
    pub error: Duration,
}

impl Default for Slowness {
    /// 1 s, 2 s and 5 s.
    fn default() -> Self {
        Self {
            info: Duration::from_secs(1),
            warn: Duration::from_secs(2),
            error: Duration::from_secs(5),
        }
    }
}

impl Slowness {
    /// Whether each level begins no earlier than the quieter one before it. Out of order, the louder one wins.
    pub fn is_in_order(&self) -> bool {
        self.info <= self.warn && self.warn <= self.error
    }

    /// The level at which something is told that took this long.
    pub fn level(&self, duration: Duration) -> Level {
        if duration >= self.error {
            Level::ERROR
        } else if duration >= self.warn {
            Level::WARN
        } else if duration >= self.info {
            Level::INFO
        } else {
            Level::DEBUG
        }
    }
}

/// A `tracing` event at a level that is known at run time only, as [`Slowness::level`] answers it. The caller's crate needs
/// `tracing` among its dependencies.
///
/// ```
/// let slowness = stepkeep_core::Slowness::default();
/// let duration = std::time::Duration::from_secs(3);
/// stepkeep_core::event_at!(slowness.level(duration), duration_ms = 3_000, "a call was slow");
/// ```
#[macro_export]
macro_rules! event_at {
    ($level:expr, $($fields:tt)*) => {
        match $level {
            ::tracing::Level::ERROR => ::tracing::error!($($fields)*),
            ::tracing::Level::WARN => ::tracing::warn!($($fields)*),
            ::tracing::Level::INFO => ::tracing::info!($($fields)*),
            _ => ::tracing::debug!($($fields)*),
        }
    };
}
pub(super) use event_at;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_the_louder_from_each_threshold_on() {
        let slowness = Slowness::default();
        for (millis, level) in [
            (999, Level::DEBUG),
            (1_000, Level::INFO),
            (2_000, Level::WARN),
            (5_000, Level::ERROR),
        ] {
            assert_eq!(
                slowness.level(Duration::from_millis(millis)),
                level,
                "{millis} ms"
            );
        }
        assert!(slowness.is_in_order());
        let warn = Duration::from_millis(10);
        assert!(!Slowness { warn, ..slowness }.is_in_order());
    }
}
