//! The sandbox's clock: the system's time plus what the people's side has advanced it by.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time to everything that dates messages or lets updates expire.
///
/// Waiting (long polls, webhook retries) runs on real time; only dates follow the advanced clock, so that a test can
/// let a day pass without waiting for one.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    advanced_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        let advanced = SignedDuration::from_secs(self.advanced_seconds.load(Ordering::Relaxed));
        Timestamp::now()
            .saturating_add(advanced)
            .unwrap_or(Timestamp::MAX)
    }

    /// Seconds since 1970, as the Bot API writes dates.
    pub(crate) fn unix(&self) -> i64 {
        self.now().as_second()
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.advanced_seconds
            .fetch_add(i64::from(seconds), Ordering::Relaxed);
    }

    /// By how much it was advanced, in seconds.
    pub(crate) fn advanced_seconds(&self) -> i64 {
        self.advanced_seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn restore(&self, advanced_seconds: i64) {
        self.advanced_seconds.store(advanced_seconds, Ordering::Relaxed);
    }

    pub(crate) fn reset(&self) {
        self.advanced_seconds.store(0, Ordering::Relaxed);
    }
}
