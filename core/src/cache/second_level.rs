//! A second level that several processes share, as a cache sees it.

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;

/// Where processes share what one of them has loaded, and tell each other what is no longer valid.
///
/// Whoever misses a value asks for a *lease* with the same call: one process gets it, loads, and puts the value in; the others wait a
/// moment for it. An invalidation takes the lease away too, so that what was being loaded meanwhile can't be put in any more.
///
/// An implementation keeps no promise about how long something stays. Everything may be gone at any time, but what was removed must
/// never come back. Every call is dropped at a deadline, and may then have happened or not.
#[async_trait]
pub trait SecondLevel: Debug + Send + Sync + 'static {
    /// Answers the value, or else takes the lease to load it, where nobody has it.
    ///
    /// # Errors
    /// It can't be reached, or refuses.
    async fn look(&self, place: Place<'_>, lease: LeaseRequest<'_>) -> Result<Look, SecondLevelError>;

    /// Puts in a loaded value, for so long, if the lease with this token is still held, and gives the lease back. Answers whether it
    /// did.
    ///
    /// # Errors
    /// As [`SecondLevel::look`].
    async fn put(
        &self,
        place: Place<'_>,
        token: &str,
        value: Vec<u8>,
        life: Duration,
    ) -> Result<bool, SecondLevelError>;

    /// Gives the lease back without a value.
    ///
    /// # Errors
    /// As [`SecondLevel::look`].
    async fn release(&self, place: Place<'_>, token: &str) -> Result<(), SecondLevelError>;

    /// Puts in a value whatever is there, takes any lease away, and tells the others that theirs is not valid.
    ///
    /// # Errors
    /// As [`SecondLevel::look`].
    async fn replace(
        &self,
        place: Place<'_>,
        value: Vec<u8>,
        life: Duration,
        by: u64,
    ) -> Result<(), SecondLevelError>;

    /// Removes the value and any lease, and tells the others.
    ///
    /// # Errors
    /// As [`SecondLevel::look`].
    async fn remove(&self, place: Place<'_>, by: u64) -> Result<(), SecondLevelError>;

    /// Removes all values and leases of one cache, and tells the others.
    ///
    /// # Errors
    /// As [`SecondLevel::look`].
    async fn clear(&self, cache: &str, by: u64) -> Result<(), SecondLevelError>;

    /// What is told from now on.
    fn subscribe(&self) -> BoxStream<'static, Invalidation>;
}

/// Where a value is: the name of the cache, which all processes give to the same one, and the key's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The cache's name.
    pub cache: &'a str,
    /// The key, by [`CacheKey`](super::CacheKey).
    pub key: &'a str,
}

/// The lease that a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRequest<'a> {
    /// What it is known by: 32 hexadecimal digits that nobody else has.
    pub token: &'a str,
    /// After which time it ends by itself.
    pub life: Duration,
    /// Whether it is taken whoever has it, and whatever value there is: for a load that must come from the source.
    pub steal: bool,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The value.
    Found {
        /// As it was put in.
        value: Vec<u8>,
        /// How much of its life is left.
        remaining: Duration,
    },
    /// Nothing, and the lease is the caller's.
    Leased,
    /// Nothing, and somebody else has the lease.
    Taken,
}

/// What one process tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// A value is no longer valid.
    Key {
        /// The cache's name.
        cache: String,
        /// The key's form.
        key: String,
        /// Which instance of the cache says so. It knows already.
        by: u64,
    },
    /// Nothing in a cache is valid any more.
    All {
        /// The cache's name.
        cache: String,
        /// Which instance of the cache says so.
        by: u64,
    },
    /// Messages may have been missed: any value may be invalid.
    Missed,
}

/// Why a second level did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SecondLevelError {
    message: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SecondLevelError {
    /// What happened, without secrets.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// The same, with what it came from.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}
