use std::{error::Error, fmt::Debug};

use async_trait::async_trait;

/// Why something could not be put aside.
pub type PutAsideError = Box<dyn Error + Send + Sync>;

/// A place for what Telegram brought and nobody can read: it would come again for a day, and hold up its chat.
#[async_trait]
pub trait PutAside: Debug + Send + Sync {
    /// Keeps the text for a person to look at. When this returns, Telegram is told to forget it.
    ///
    /// # Errors
    /// Any; Telegram then sends it again.
    async fn put_aside(&self, raw: &str, reason: &str) -> Result<(), PutAsideError>;
}
