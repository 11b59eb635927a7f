use std::{error::Error, fmt::Debug};

use async_trait::async_trait;

use super::super::update::RawUpdate;

/// Why a shelf could not do its work.
pub type ShelfError = Box<dyn Error + Send + Sync>;

/// A durable place for the few updates that take long, so that the ones behind them can be fetched.
///
/// A shelf belongs to one bot. Only the process that polls uses it. One that no longer polls and doesn't know it yet may
/// come in between; what it puts there late is found by a later look.
#[async_trait]
pub trait Shelf: Debug + Send + Sync {
    /// Keeps `updates`. When this returns they survive the death of the process: right after it Telegram is told to
    /// forget them. To keep one that is there already changes nothing.
    ///
    /// # Errors
    /// Any; some of the updates may be kept then, and the same ones are tried again later.
    async fn put(&self, updates: &[RawUpdate]) -> Result<(), ShelfError>;

    /// Drops the updates with these ids, as they were handled. One that isn't there is no error.
    ///
    /// # Errors
    /// Any; the same ids are tried again later. An update that stays is handed out once more after a restart.
    async fn remove(&self, ids: &[i64]) -> Result<(), ShelfError>;

    /// All updates that are kept, in the order of their ids.
    ///
    /// # Errors
    /// Any; tried again later.
    async fn load(&self) -> Result<Vec<RawUpdate>, ShelfError>;
}
