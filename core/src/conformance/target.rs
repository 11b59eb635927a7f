//! What whoever writes a store gives to the suite.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::document;
use crate::error::StoreError;
use crate::key::SessionKey;
use crate::revision::Revision;
use crate::store::SessionStore;

/// Why a target could not do what the suite asked of it.
pub type TargetError = Box<dyn Error + Send + Sync>;

/// A store to be checked.
#[async_trait]
pub trait ConformanceTarget: Send + Sync {
    /// An empty namespace that nobody else uses, so that cases run side by side.
    ///
    /// # Errors
    /// When there is none to be had; the case fails.
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError>;

    /// The namespace that [`Namespace::locator`] names, in another process. Dropping it removes nothing.
    ///
    /// # Errors
    /// When it can't be found; the case fails.
    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        Err(format!("this target can't attach to {locator}").into())
    }
}

/// A place that keeps the sessions of one case: a folder, a database, a prefix of keys. Dropping it removes it.
///
/// The methods with a default body let a target claim a capability. What it doesn't claim is in the report.
#[async_trait]
pub trait Namespace: Send + Sync {
    /// Opens a handle on the sessions of this namespace. Each call opens another one, as another process would.
    ///
    /// # Errors
    /// When it can't be opened; the case fails.
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError>;

    /// The largest stored form that the store takes, in bytes.
    fn max_bytes(&self) -> usize {
        document::DEFAULT_MAX_BYTES
    }

    /// Closes a handle, the only one that is open, as a process that ends would. By default it is dropped.
    ///
    /// A store whose sessions are gone with it answers [`Support::NotClaimed`].
    ///
    /// # Errors
    /// When it can't be closed; the case fails.
    async fn close(&self, store: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
        drop(store);
        Ok(Support::Claimed)
    }

    /// Puts a record under its key, in place of what is there, behind the store's back.
    ///
    /// # Errors
    /// When it can't be put; the case fails.
    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let _ = record;
        Ok(Support::NotClaimed)
    }

    /// Takes the data away from every open handle, as a server that stops would, until [`Namespace::restore`].
    ///
    /// # Errors
    /// When it can't be done; the case fails.
    async fn cut_off(&self) -> Result<Support, TargetError> {
        Ok(Support::NotClaimed)
    }

    /// Ends what [`Namespace::cut_off`] began; no session was lost.
    ///
    /// # Errors
    /// When it can't be done; the case fails.
    async fn restore(&self) -> Result<(), TargetError> {
        Ok(())
    }

    /// Loses the next write of one session and the connection that it goes over: the request or its answer, as [`Loss`]
    /// says. Whatever goes on beside it stays.
    ///
    /// # Errors
    /// When it can't be done; the case fails.
    async fn lose_next_write(&self, loss: Loss) -> Result<Support, TargetError> {
        let _ = loss;
        Ok(Support::NotClaimed)
    }

    /// How many writes were lost so far by [`Namespace::lose_next_write`].
    fn lost_writes(&self) -> u64 {
        0
    }

    /// Opens a handle with [`WRONG_PASSWORD`] instead of the password. `None` where there are no passwords.
    ///
    /// # Errors
    /// When it can't be tried; the case fails. What the store says of the password is the answer.
    async fn open_with_wrong_password(
        &self,
    ) -> Result<Option<Result<Arc<dyn SessionStore>, StoreError>>, TargetError> {
        Ok(None)
    }

    /// How another process finds this namespace: what [`ConformanceTarget::attach`] understands. `None` where no other
    /// process can.
    fn locator(&self) -> Option<String> {
        None
    }
}

/// The password that opens nothing. The suite looks for it in what the store says, where it must not stand.
pub const WRONG_PASSWORD: &str = "open-sesame-4711";

/// What of a call is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The request: the store's server never sees it.
    Request,
    /// The answer: the store's server has done what it was asked.
    Answer,
}

/// Whether a target did what the suite asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It did.
    Claimed,
    /// The store, or its target, has no such thing.
    NotClaimed,
}

/// What a target may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// What was acknowledged is there after a reopen: [`Namespace::close`].
    Durability,
    /// What the store makes of damaged and of newer records: [`Namespace::put_record`].
    ForeignRecords,
    /// What the store makes of an outage: [`Namespace::cut_off`].
    Outage,
    /// What the store makes of a write that is lost on its way: [`Namespace::lose_next_write`].
    LostWrites,
    /// What the store says when the password is wrong: [`Namespace::open_with_wrong_password`].
    Passwords,
    /// Whether several processes can share the sessions: [`Namespace::locator`].
    Processes,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Durability,
        Self::ForeignRecords,
        Self::Outage,
        Self::LostWrites,
        Self::Passwords,
        Self::Processes,
    ];
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Durability => "durability",
            Self::ForeignRecords => "foreign records",
            Self::Outage => "outage",
            Self::LostWrites => "lost writes",
            Self::Passwords => "passwords",
            Self::Processes => "processes",
        })
    }
}

/// A record as something else than the store under test left it: damaged, or by a newer version.
///
/// Its stored form is always a JSON object, though seldom a session. A store that keeps the revision or a time beside the
/// stored form, in a column say, finds them here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawRecord {
    /// The key that it is found under.
    pub key: SessionKey,
    /// The stored form.
    pub stored_form: String,
    /// Its revision.
    pub revision: Revision,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it wants to be woken.
    pub wake_at: Option<Timestamp>,
}
