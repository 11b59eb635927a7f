//! What can be seen: bots, transcripts, answers, calls, files.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::{
    error::{Path, Query, SimError},
    known_bot,
};
use crate::telegram::{
    calls::{Call, CallFilter},
    world::World,
};

#[derive(Debug, Deserialize)]
pub(super) struct BotsQuery {
    #[serde(default)]
    language_code: String,
    chat: Option<i64>,
}

pub(super) async fn bots(
    State(world): State<Arc<World>>,
    Query(query): Query<BotsQuery>,
) -> Json<Vec<Value>> {
    let shown = |bot: &Arc<crate::telegram::bot::Bot>| {
        json!({
            "id": bot.id(),
            "username": bot.identity.username,
            "first_name": bot.identity.first_name,
            "commands": bot.lock().menus.seen_in(query.chat, &query.language_code),
        })
    };
    Json(world.bots().iter().map(shown).collect())
}

#[derive(Debug, Deserialize)]
pub(super) struct TranscriptQuery {
    bot: i64,
    #[serde(default)]
    after: i64,
}

pub(super) async fn transcript(
    State(world): State<Arc<World>>,
    Path(chat): Path<i64>,
    Query(query): Query<TranscriptQuery>,
) -> Result<Json<Vec<Box<RawValue>>>, SimError> {
    let bot = known_bot(&world, query.bot)?;
    let state = bot.lock();
    let Some(chat) = state.chats.get(&chat) else {
        return Ok(Json(Vec::new()));
    };
    let later = chat.messages.range(query.after.saturating_add(1)..);
    Ok(Json(
        later
            // What objects are made of can always be written.
            .map(|(_, message)| to_raw_value(&chat.entry(&bot.identity, message)).unwrap_or_default())
            .collect(),
    ))
}

pub(super) async fn callback(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, SimError> {
    let presses = world.presses.lock();
    let press = presses
        .get(&id)
        .ok_or_else(|| SimError::not_found(format!("there is no callback query {id}")))?;
    let shown = match &press.answer {
        None => json!({"answered": false, "show_alert": false}),
        Some(answer) => {
            let mut shown = json!(answer);
            shown["answered"] = true.into();
            shown
        }
    };
    Ok(Json(shown))
}

#[derive(Debug, Deserialize)]
pub(super) struct CallsQuery {
    bot: Option<i64>,
    method: Option<String>,
    chat: Option<i64>,
    #[serde(default)]
    after: u64,
}

pub(super) async fn calls(
    State(world): State<Arc<World>>,
    Query(query): Query<CallsQuery>,
) -> Json<Vec<Arc<Call>>> {
    let filter = CallFilter {
        bot: query.bot,
        method: query.method,
        chat: query.chat,
        after: query.after,
    };
    let calls = world.calls.lock().matching(&filter);
    Json(calls)
}

#[derive(Debug, Deserialize)]
pub(super) struct PendingQuery {
    bot: i64,
}

pub(super) async fn pending(
    State(world): State<Arc<World>>,
    Query(query): Query<PendingQuery>,
) -> Result<Json<Value>, SimError> {
    let bot = known_bot(&world, query.bot)?;
    let pending = bot.lock().queue.pending(world.clock.unix());
    Ok(Json(json!({ "pending": pending })))
}

/// Types that a browser shows without running anything out of the file.
const SHOWN_IN_PLACE: [&str; 12] = [
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/wav",
    "audio/x-wav",
    "audio/ogg",
    "text/plain",
];

pub(super) async fn file(
    State(world): State<Arc<World>>,
    Path((bot, path)): Path<(i64, String)>,
) -> Result<Response, SimError> {
    let bot = known_bot(&world, bot)?;
    let file = bot
        .files
        .by_path(&path)
        .ok_or_else(|| SimError::not_found(format!("there is no file {path}")))?;
    let kind = file
        .mime_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let (content_type, disposition) = match SHOWN_IN_PLACE.iter().find(|shown| **shown == kind) {
        Some(&"text/plain") => ("text/plain; charset=utf-8", "inline"),
        Some(shown) => (*shown, "inline"),
        None => ("application/octet-stream", "attachment"),
    };
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, file.bytes.clone()).into_response())
}
