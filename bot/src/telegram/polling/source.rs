use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::value::RawValue;
use teloxide_core::types::AllowedUpdate;

use super::super::{
    client::TelegramClient,
    error::{Method, TelegramError},
    update::{RawUpdate, readable},
};

/// The most updates that Telegram puts into one answer.
pub const PAGE_LIMIT: u8 = 100;

/// How much longer than the poll's waiting time the answer may take.
const ANSWER_GRACE: Duration = Duration::from_secs(10);

/// One question for updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Confirms every update below, and asks for those from here on. 0 confirms nothing and asks for all.
    pub offset: i64,
    /// The most updates wanted, 1 to [`PAGE_LIMIT`].
    pub limit: u8,
    /// How long Telegram may hold the answer back while there is nothing new, in whole seconds.
    pub timeout: Duration,
    /// The kinds of updates to subscribe to.
    pub allowed_updates: Vec<AllowedUpdate>,
}

/// Where updates are fetched from: Telegram, or a test's stand-in for it.
#[async_trait]
pub trait UpdateSource: Debug + Send + Sync {
    /// Asks once. Dropping the future gives the question up; updates of an answer that was lost come again.
    ///
    /// # Errors
    /// [`TelegramError`], by kind.
    async fn fetch(&self, request: &UpdateRequest) -> Result<Vec<RawUpdate>, TelegramError>;
}

#[derive(Serialize)]
struct Arguments<'a> {
    offset: i64,
    limit: u8,
    timeout: u64,
    allowed_updates: &'a [AllowedUpdate],
}

#[async_trait]
impl UpdateSource for TelegramClient {
    async fn fetch(&self, request: &UpdateRequest) -> Result<Vec<RawUpdate>, TelegramError> {
        let UpdateRequest {
            offset,
            limit,
            timeout,
            allowed_updates,
        } = request;
        let arguments = Arguments {
            offset: *offset,
            limit: *limit,
            timeout: timeout.as_secs(),
            allowed_updates,
        };
        let deadline = timeout.saturating_add(ANSWER_GRACE);
        let values: Vec<Box<RawValue>> = self
            .call_named(Method::new("getUpdates"), &arguments, deadline, *timeout)
            .await?;
        Ok(readable(values))
    }
}
