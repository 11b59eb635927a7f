//! Files that people sent, from Telegram.

use async_trait::async_trait;

use super::generation::{FileTrouble, SentFiles};
use crate::flows::generation::calls::SentFile;
use crate::generation::NewFile;
use crate::telegram::TelegramClient;

/// Placeholder.
#[derive(Debug)]
pub struct TelegramFiles(TelegramClient);

impl TelegramFiles {
    /// Placeholder.
    pub fn new(client: TelegramClient) -> Self {
        Self(client)
    }
}

#[async_trait]
impl SentFiles for TelegramFiles {
    async fn get(&self, _: &SentFile, _: u64) -> Result<Option<NewFile>, FileTrouble> {
        let _ = &self.0;
        Ok(None)
    }
}
