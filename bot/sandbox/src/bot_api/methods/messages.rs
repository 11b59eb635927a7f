//! Sending messages.

use std::sync::Arc;

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError, params::FileSource},
    telegram::{
        files::{FileKind, StoredFile, Upload, looks_like, photo_size},
        message::{Author, Content, Draft},
        text::MAX_TEXT,
    },
};

const MAX_PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// Width and height together, in pixels.
const MAX_PHOTO_SIDES: usize = 10_000;
const MAX_PHOTO_RATIO: usize = 20;

pub(super) fn send_message(call: &Call<'_>) -> Outcome {
    let text = call.formatted("text", "entities")?;
    match text.utf16_len() {
        0 => Err(ApiError::bad_request("message text is empty")),
        length if length > MAX_TEXT => Err(ApiError::bad_request("message is too long")),
        _ => send(call, Content::Text(text)),
    }
}

pub(super) fn send_document(mut call: Call<'_>) -> Outcome {
    let caption = call.caption()?;
    let file = match call.params.take_file("document")? {
        None => return Err(ApiError::bad_request("there is no document in the request")),
        Some(FileSource::FileId(id)) => known_file(&call, &id, "Document")?,
        Some(FileSource::Uploaded(upload)) => {
            refuse_empty(&upload)?;
            check_destination(&call)?;
            call.bot.files.add(FileKind::Document, upload)
        }
    };
    send(&call, Content::Document { file, caption })
}

pub(super) fn send_photo(mut call: Call<'_>) -> Outcome {
    let caption = call.caption()?;
    let file = match call.params.take_file("photo")? {
        None => return Err(ApiError::bad_request("there is no photo in the request")),
        Some(FileSource::FileId(id)) => known_file(&call, &id, "Photo")?,
        Some(FileSource::Uploaded(upload)) => {
            let kind = photo_kind(&upload)?;
            check_destination(&call)?;
            call.bot.files.add(kind, upload)
        }
    };
    send(&call, Content::Photo { file, caption })
}

/// A video, or a piece of sound.
pub(super) fn send_clip(mut call: Call<'_>, kind: FileKind) -> Outcome {
    let (field, wanted) = if kind == FileKind::Video {
        ("video", "Video")
    } else {
        ("audio", "Audio")
    };
    let caption = call.caption()?;
    let file = match call.params.take_file(field)? {
        None => {
            return Err(ApiError::bad_request(format!(
                "there is no {field} in the request"
            )));
        }
        Some(FileSource::FileId(id)) => known_file(&call, &id, wanted)?,
        Some(FileSource::Uploaded(upload)) => {
            refuse_empty(&upload)?;
            check_destination(&call)?;
            // What is none is sent as a document, as Telegram does.
            let kind = if looks_like(kind, &upload.bytes) {
                kind
            } else {
                FileKind::Document
            };
            call.bot.files.add(kind, upload)
        }
    };
    let content = if file.kind == FileKind::Document {
        Content::Document { file, caption }
    } else {
        Content::Clip { file, caption }
    };
    send(&call, content)
}

/// Checks that a message could go out, before its file is stored.
fn check_destination(call: &Call<'_>) -> Result<(), ApiError> {
    call.markup()?;
    let chat_id = call.chat_id()?;
    let mut state = call.bot.lock();
    let chat = call.writable(&mut state, chat_id)?;
    call.reply_to(chat).map(drop)
}

fn send(call: &Call<'_>, content: Content) -> Outcome {
    let markup = call.markup()?;
    let chat_id = call.chat_id()?;
    let mut state = call.bot.lock();
    let chat = call.writable(&mut state, chat_id)?;
    let reply_to = call.reply_to(chat)?;
    let draft = Draft {
        author: Author::Bot,
        content,
        markup,
        reply_to,
        album: None,
    };
    let posted = call
        .bot
        .post(&mut state, chat_id, draft, call.world.clock.unix())
        .ok_or_else(super::chat_not_found)?;
    Ok(Answer::of(
        &posted.chat.message(&call.bot.identity, posted.message),
    ))
}

fn known_file(call: &Call<'_>, file_id: &str, wanted: &str) -> Result<Arc<StoredFile>, ApiError> {
    let file = call
        .bot
        .files
        .by_id(file_id)
        .ok_or_else(|| ApiError::bad_request("wrong file identifier/HTTP URL specified"))?;
    let actual = match file.kind {
        FileKind::Document => "Document",
        FileKind::Photo { .. } => "Photo",
        FileKind::Video => "Video",
        FileKind::Audio => "Audio",
        FileKind::Voice => "Voice",
    };
    if actual != wanted {
        return Err(ApiError::bad_request(format!(
            "can't use file of type {actual} as {wanted}"
        )));
    }
    Ok(file)
}

fn refuse_empty(upload: &Upload) -> Result<(), ApiError> {
    if upload.bytes.is_empty() {
        Err(ApiError::bad_request("file must be non-empty"))
    } else {
        Ok(())
    }
}

fn photo_kind(upload: &Upload) -> Result<FileKind, ApiError> {
    refuse_empty(upload)?;
    if upload.bytes.len() > MAX_PHOTO_BYTES {
        return Err(ApiError::bad_request("file is too big"));
    }
    let (width, height) =
        photo_size(&upload.bytes).ok_or_else(|| ApiError::bad_request("IMAGE_PROCESS_FAILED"))?;
    let (short, long) = (width.min(height), width.max(height));
    if short == 0 || width + height > MAX_PHOTO_SIDES || long > short * MAX_PHOTO_RATIO {
        return Err(ApiError::bad_request("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(FileKind::Photo { width, height })
}
