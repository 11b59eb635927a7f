//! Files to download.

use super::{Call, Outcome};
use crate::bot_api::{Answer, error::ApiError};

/// The largest file that a bot can download, in bytes.
const MAX_DOWNLOAD: usize = 20 * 1024 * 1024;

pub(super) fn get_file(call: &Call<'_>) -> Outcome {
    let id = call
        .params
        .text("file_id")
        .ok_or_else(|| ApiError::bad_request("file_id not specified"))?;
    let file = call
        .bot
        .files
        .by_id(&id)
        .ok_or_else(|| ApiError::bad_request("invalid file_id"))?;
    if file.bytes.len() > MAX_DOWNLOAD {
        return Err(ApiError::bad_request("file is too big"));
    }
    Ok(Answer::of(&file.file()))
}
