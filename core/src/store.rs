//! The contract of session stores.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::error::StoreError;
use crate::key::{Scope, SessionKey};
use crate::revision::Revision;
use crate::session::{NewSession, Session};

/// A place that keeps sessions. Six methods, and nothing that may be left out.
///
/// Each bullet below is a promise, and has the id of the case of the conformance suite (feature `conformance`) that
/// checks it. Run the suite on a store that you write; it is the definition of "right".
///
/// # Everywhere
/// - **An error is never an absence** `[any-1]`: `Ok(None)` and `Ok(false)` mean that there is nothing, not that nothing
///   could be read.
/// - **One record per session.** Position, data, turn state and wake time are written together or not at all.
/// - **Time comes from the caller.** A store never reads a clock for a session's times.
/// - **All keys and all data come back as they went in** `[any-2]`: any scope, negative ids, from no field at all to
///   the size limit, JSON values to the byte or equal as JSON, members that this version doesn't know.
/// - **Two handles on the same data agree**, in one process and in several `[any-3]`, and what was acknowledged is there
///   after a reopen `[any-4]`.
/// - **The history of a session is linearisable** `[any-5]`.
/// - **A write that is lost on its way is never answered wrongly** `[any-6]`: where it may have happened it is
///   `Indeterminate`, where it is `Unavailable` it did not, and made again it answers what it would have answered.
/// - **An outage ends by itself** `[any-7]`: handles go on once the store is back, and nothing that was acknowledged is
///   lost or done twice.
/// - **Who may not, is refused** with `Invalid`, and no password shows in what a store says `[any-8]`.
///
/// # Cancellation
/// Dropping the future of a read does nothing. Dropping that of a write leaves open whether it happens, as a lost
/// answer does; it happens whole or not at all.
///
/// # Sharing
/// A store is shared by reference; `Arc<S>` and `Box<S>` are stores too, and wrappers keep every promise.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync + 'static {
    /// Stores a session that is not there yet, and answers it.
    ///
    /// # Behavior
    /// - Stores [`NewSession::session`] as it is `[create-1]`.
    /// - When there is a session, changes nothing, and the error has it `[create-2]`; but when that session is the very
    ///   one (the same revision, so the same call tried again), answers it `[create-3]`.
    /// - Of many at once exactly one wins `[create-4]`.
    /// - A session that comes after one that was cleared has a revision that the key never had `[create-5]`.
    ///
    /// # Errors
    /// `AlreadyExists` with the session; `TooLarge` and nothing is stored `[create-6]`; `Corrupt` or `TooNew` when
    /// there is a record that can't be read, which stays `[create-7]`; `Unavailable`, `Indeterminate`.
    async fn create(&self, new: NewSession) -> Result<Session, StoreError>;

    /// The session under a key.
    ///
    /// # Behavior
    /// - Answers `None` only when there positively is none `[get-1]`.
    /// - Sees every write that was acknowledged before it was called, through whatever handle `[get-2]`.
    /// - Keys that differ in any part are different sessions `[get-3]`.
    ///
    /// # Errors
    /// `Corrupt` or `TooNew` with the key `[get-4]`; `Timeout`, `Unavailable`.
    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError>;

    /// Applies a change to the session that the caller holds, if it is still the stored one, and answers the new one.
    ///
    /// One atomic step and one round trip: nothing is read before.
    ///
    /// # Behavior
    /// - Stores exactly [`SessionChange::apply`] of the held session `[update-1]`.
    /// - When the stored revision is not the held one, changes nothing, and the error has the stored session
    ///   `[update-2]`; but when it is the one that this change makes (the same call tried again), answers the stored
    ///   session `[update-3]`.
    /// - Of many at once for one revision exactly one wins `[update-4]`.
    /// - Never creates a session `[update-5]`, and never takes one that was cleared and created again for the held one
    ///   `[update-6]`.
    ///
    /// # Errors
    /// `Conflict` with the session; `NotFound`; `TooLarge` and the session stays as it was `[update-7]`; `Corrupt` or
    /// `TooNew` when the record can't be read, which stays `[update-8]`; `Unavailable`, `Indeterminate`.
    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError>;

    /// Removes a session, and answers whether there was one.
    ///
    /// # Behavior
    /// - Without `expected`, removes whatever is there, a record that can't be read too `[clear-1]`.
    /// - With `expected`, removes the session only at this revision `[clear-2]`; at another one changes nothing, and the
    ///   error has the session `[clear-3]`.
    /// - Where there is nothing, answers `false`, and other sessions stay `[clear-4]`.
    ///
    /// # Errors
    /// `Conflict` with the session; with `expected`, `Corrupt` or `TooNew` when the record can't be read;
    /// `Unavailable`, `Indeterminate`.
    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError>;

    /// Removes idle sessions, in small batches that updates get through between.
    ///
    /// # Behavior
    /// - Removes every session whose last update is before the cutoff of its scope, and no other: one that was updated
    ///   at the cutoff stays `[cleanup-1]`, and so does one of a scope that the policy keeps `[cleanup-2]`.
    /// - A session with a wake time stays, since something is still to be done in it `[cleanup-3]`.
    /// - A session that is updated while the cleanup runs stays `[cleanup-4]`.
    /// - Counts what it removed `[cleanup-5]`.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`. What was removed before stays removed; the next cleanup goes on.
    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError>;

    /// One page of the sessions that a filter lets through, in an order of the store's own.
    ///
    /// # Behavior
    /// - Following the cursors visits every session that stands still exactly once `[scan-1]`, while others are created,
    ///   changed and cleared `[scan-2]`. A session that changes meanwhile may be missed, or seen in either state.
    /// - All conditions of the filter hold for each session of the page `[scan-3]`.
    /// - A record that can't be read is reported and stops nothing `[scan-4]`.
    /// - A page has at most `limit` sessions; no next cursor means the end `[scan-5]`.
    ///
    /// # Errors
    /// `Invalid` for a limit of zero and a cursor that the store did not make `[scan-6]`; `Timeout`, `Unavailable`.
    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError>;
}

/// Pointers to a store are stores: every method goes through unchanged.
macro_rules! forward_to_pointee {
    ($pointer:ident) => {
        #[async_trait]
        impl<S: SessionStore + ?Sized> SessionStore for $pointer<S> {
            async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
                (**self).create(new).await
            }

            async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
                (**self).get(key).await
            }

            async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
                (**self).update(held, change).await
            }

            async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
                (**self).clear(key, expected).await
            }

            async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
                (**self).cleanup(policy).await
            }

            async fn scan(
                &self,
                filter: &ScanFilter,
                after: Option<ScanCursor>,
                limit: usize,
            ) -> Result<ScanPage, StoreError> {
                (**self).scan(filter, after, limit).await
            }
        }
    };
}

forward_to_pointee!(Arc);
forward_to_pointee!(Box);

/// Which sessions are idle: those last updated before a cutoff, per scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    cutoff: Option<Timestamp>,
    scopes: BTreeMap<Scope, Option<Timestamp>>,
}

impl CleanupPolicy {
    /// Sessions of every scope that were last updated before this instant.
    pub fn before(cutoff: Timestamp) -> Self {
        Self {
            cutoff: Some(cutoff),
            scopes: BTreeMap::new(),
        }
    }

    /// The same, but with another cutoff for a scope.
    #[must_use]
    pub fn scope_before(mut self, scope: Scope, cutoff: Timestamp) -> Self {
        self.scopes.insert(scope, Some(cutoff));
        self
    }

    /// The same, but a scope's sessions stay however old.
    #[must_use]
    pub fn keep_scope(mut self, scope: Scope) -> Self {
        self.scopes.insert(scope, None);
        self
    }

    /// The cutoff of a scope; `None` when its sessions stay.
    pub fn cutoff(&self, scope: &Scope) -> Option<Timestamp> {
        self.scopes.get(scope).copied().unwrap_or(self.cutoff)
    }

    /// The cutoff of the scopes that [`CleanupPolicy::exceptions`] doesn't name.
    pub fn default_cutoff(&self) -> Option<Timestamp> {
        self.cutoff
    }

    /// The scopes that have a cutoff of their own, or none.
    pub fn exceptions(&self) -> impl Iterator<Item = (&Scope, Option<Timestamp>)> {
        self.scopes.iter().map(|(scope, cutoff)| (scope, *cutoff))
    }

    /// The latest cutoff of all: no session updated at it or later is idle.
    pub fn latest_cutoff(&self) -> Option<Timestamp> {
        self.scopes.values().copied().chain([self.cutoff]).flatten().max()
    }

    /// Whether a session is idle: what every store's cleanup means.
    pub fn is_idle(&self, session: &Session) -> bool {
        session.wake_at().is_none()
            && self
                .cutoff(session.key().scope())
                .is_some_and(|cutoff| session.updated_at() < cutoff)
    }
}

/// What a cleanup did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupReport {
    /// How many sessions it removed.
    pub removed: u64,
}

impl CleanupReport {
    /// That many removed.
    pub fn removed(removed: u64) -> Self {
        Self { removed }
    }
}

/// Which sessions a scan is about. The default lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanFilter {
    /// Only this scope's.
    pub scope: Option<Scope>,
    /// Only those last updated before this instant.
    pub updated_before: Option<Timestamp>,
    /// Only those whose wake time is this instant or earlier.
    pub due_at: Option<Timestamp>,
}

impl ScanFilter {
    /// Whether a session gets through: what every store's scan means.
    pub fn matches(&self, session: &Session) -> bool {
        let Self {
            scope,
            updated_before,
            due_at,
        } = self;
        scope.as_ref().is_none_or(|scope| session.key().scope() == scope)
            && updated_before.is_none_or(|before| session.updated_at() < before)
            && due_at.is_none_or(|due| session.wake_at().is_some_and(|wake| wake <= due))
    }
}

/// Where a scan goes on: a text that only the store that made it reads. It outlives the process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ScanCursor(String);

impl ScanCursor {
    /// A cursor with a store's own text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The store's own text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a scan.
#[derive(Debug, Default)]
pub struct ScanPage {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// The records that could not be read: `Corrupt` or `TooNew`, each with its key where that can be told.
    pub unreadable: Vec<StoreError>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<ScanCursor>,
}

/// What a store offers to those who operate it; a store of your own may leave it out.
#[async_trait]
pub trait StoreAdministration: fmt::Debug + Send + Sync + 'static {
    /// The store's name as operators know it, such as `sqlite`.
    fn backend(&self) -> &'static str;

    /// Looks whether the schema is what this version needs, and changes nothing.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`; `TooNew` when a newer version made it.
    async fn check_schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Makes the schema what this version needs: creates it, or migrates it from any older version.
    ///
    /// # Errors
    /// As [`StoreAdministration::check_schema`], and `Invalid` when the rights are missing.
    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Makes one trip to the store and back, and looks at what can go wrong soon.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`, and what else keeps the store from working.
    async fn check_health(&self) -> Result<StoreHealth, StoreError>;

    /// Counts.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn statistics(&self) -> Result<StoreStatistics, StoreError>;
}

/// How a schema compares with what this version needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaStatus {
    /// There is none yet.
    Missing,
    /// It is of an older version, and can be migrated.
    Outdated {
        /// Its version.
        found: u32,
        /// The version that is needed.
        needed: u32,
    },
    /// It is what is needed.
    Current {
        /// Its version.
        version: u32,
    },
}

/// How a store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreHealth {
    /// What an operator should know: settings that lose data, a disk that is nearly full. Empty when all is well.
    pub warnings: Vec<String>,
}

impl StoreHealth {
    /// A store that works, with these warnings.
    pub fn with_warnings(warnings: Vec<String>) -> Self {
        Self { warnings }
    }
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStatistics {
    /// How many sessions.
    pub sessions: u64,
    /// How many bytes they take, where the store knows.
    pub bytes: Option<u64>,
}

impl StoreStatistics {
    /// That many sessions, and bytes where they are known.
    pub fn new(sessions: u64, bytes: Option<u64>) -> Self {
        Self { sessions, bytes }
    }
}
