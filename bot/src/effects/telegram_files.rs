//! Files that people sent, from Telegram.

use async_trait::async_trait;
use teloxide_core::payloads::GetFile;
use teloxide_core::types::FileId;

use super::generation::{FileTrouble, SentFiles};
use crate::flows::generation::calls::SentFile;
use crate::generation::NewFile;
use crate::telegram::{TelegramClient, TelegramError, TelegramErrorKind};

/// Gets files that people sent to a bot, from Telegram.
#[derive(Debug)]
pub struct TelegramFiles(TelegramClient);

impl TelegramFiles {
    /// Asks with this client.
    pub fn new(client: TelegramClient) -> Self {
        Self(client)
    }

    async fn download(&self, file: &SentFile, largest: u64) -> Result<NewFile, TelegramError> {
        // A link that Telegram gave is good for an hour, so a new one is asked for (Bot API, "getFile").
        let found = self.0.call(&GetFile::new(FileId(file.file_id.clone()))).await?;
        let bytes = self.0.download_file(&found.path, largest).await?;
        let ending = found.path.rsplit_once('.').map(|(_, ending)| ending);
        let name = file
            .name
            .clone()
            .unwrap_or_else(|| format!("file.{}", ending.unwrap_or("bin")));
        Ok(NewFile {
            name,
            media_type: file
                .media_type
                .clone()
                .unwrap_or_else(|| "application/octet-stream".to_owned()),
            bytes,
        })
    }
}

#[async_trait]
impl SentFiles for TelegramFiles {
    async fn get(&self, file: &SentFile, largest: u64) -> Result<Option<NewFile>, FileTrouble> {
        match self.download(file, largest).await {
            Ok(file) => Ok(Some(file)),
            Err(error) => {
                tracing::warn!(%error, "a file that a person sent can't be got");
                match error.kind() {
                    TelegramErrorKind::BadRequest(_) | TelegramErrorKind::TooLarge(_) => Ok(None),
                    _ => Err(FileTrouble),
                }
            }
        }
    }
}
