//! What a cache answers.

use crate::clock::Timestamp;

/// A value, and how old it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cached<V> {
    /// The value.
    pub value: V,
    /// Whether it is within its time.
    pub freshness: Freshness,
    /// When the source answered it.
    pub loaded_at: Timestamp,
    /// Until when it is fresh.
    pub fresh_until: Timestamp,
}

/// Whether a value is within its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// It is.
    Fresh,
    /// It has expired, and is answered because the source fails, or while it is asked anew.
    Stale,
}

impl<V> Cached<V> {
    /// Whether it has expired.
    pub fn is_stale(&self) -> bool {
        self.freshness == Freshness::Stale
    }
}
