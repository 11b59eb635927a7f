//! What people do: write, send files, press buttons, block.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Multipart, State},
};
use serde::{Deserialize, Serialize};

use super::{
    addressed_bot,
    error::{Body, Query, SimError},
};
use crate::telegram::{
    bot::{Bot, BotState},
    callbacks::Press,
    chat::ChatKind,
    files::{FileKind, Upload, looks_like, photo_size},
    message::{Author, Content, Draft},
    object::Object,
    people::Person,
    text::{FormattedText, MAX_CAPTION},
    updates::{Lane, UpdateContent},
    world::World,
};

/// The longest text, in bytes. Telegram's apps split one of over 4096 characters; the sandbox passes it on whole, so that
/// a bot can be shown more than it should ever get.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The numbers of what was done. There is no update when the bot doesn't want its kind.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    update_id: Option<i64>,
    message_id: i64,
}

/// Who writes, and where: the private chat, or the group of that id.
#[derive(Debug)]
struct Place {
    person: i64,
    chat: Option<i64>,
    chat_title: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    bot: i64,
    person: i64,
    text: String,
    chat: Option<i64>,
    chat_title: Option<String>,
    reply_to_message_id: Option<i64>,
}

pub(super) async fn message(
    State(world): State<Arc<World>>,
    Body(new): Body<NewMessage>,
) -> Result<Json<Sent>, SimError> {
    let text = FormattedText::typed(&new.text);
    if text.text.is_empty() {
        return Err(SimError::bad_request("text is empty"));
    }
    if text.text.len() > MAX_TEXT_BYTES {
        return Err(SimError::bad_request(format!(
            "text is longer than {MAX_TEXT_BYTES} bytes"
        )));
    }
    let place = Place {
        person: new.person,
        chat: new.chat,
        chat_title: new.chat_title,
    };
    let bot = addressed_bot(&world, new.bot)?;
    let content = |_: &Bot| Content::Text(text);
    speak(&world, &bot, &place, new.reply_to_message_id, (content, None)).map(Json)
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UploadKind {
    Photo,
    Document,
    Video,
    Audio,
    Voice,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUpload {
    bot: i64,
    person: i64,
    kind: UploadKind,
    #[serde(default)]
    caption: String,
    /// What the files of one album have in common.
    album: Option<String>,
    chat: Option<i64>,
    chat_title: Option<String>,
    reply_to_message_id: Option<i64>,
}

pub(super) async fn upload(
    State(world): State<Arc<World>>,
    Query(new): Query<NewUpload>,
    parts: Multipart,
) -> Result<Json<Sent>, SimError> {
    let caption = FormattedText::typed(&new.caption);
    if caption.utf16_len() > MAX_CAPTION {
        return Err(SimError::bad_request(format!(
            "caption is longer than {MAX_CAPTION} characters"
        )));
    }
    let upload = file_of(parts).await?;
    let kind = match new.kind {
        UploadKind::Document => FileKind::Document,
        UploadKind::Photo => {
            let (width, height) = photo_size(&upload.bytes)
                .ok_or_else(|| SimError::bad_request("a photo must be a PNG, JPEG, GIF or WebP image"))?;
            FileKind::Photo { width, height }
        }
        UploadKind::Video => FileKind::Video,
        UploadKind::Audio => FileKind::Audio,
        UploadKind::Voice => FileKind::Voice,
    };
    if !looks_like(kind, &upload.bytes) {
        return Err(SimError::bad_request(
            "the file is none of that kind: a video is MP4 or WebM, a sound MP3, WAV, M4A, OGG or FLAC",
        ));
    }
    let place = Place {
        person: new.person,
        chat: new.chat,
        chat_title: new.chat_title,
    };
    let bot = addressed_bot(&world, new.bot)?;
    let content = |bot: &Bot| {
        let file = bot.files.add(kind, upload);
        match kind {
            FileKind::Document => Content::Document { file, caption },
            FileKind::Photo { .. } => Content::Photo { file, caption },
            FileKind::Video | FileKind::Audio | FileKind::Voice => Content::Clip { file, caption },
        }
    };
    speak(
        &world,
        &bot,
        &place,
        new.reply_to_message_id,
        (content, new.album),
    )
    .map(Json)
}

async fn file_of(mut parts: Multipart) -> Result<Upload, SimError> {
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|error| SimError::new(error.status(), error.body_text()))?
    {
        if part.name() != Some("file") {
            continue;
        }
        let name = part.file_name().unwrap_or("file").to_owned();
        let mime_type = part.content_type().map(str::to_owned);
        let bytes = part
            .bytes()
            .await
            .map_err(|error| SimError::new(error.status(), error.body_text()))?;
        if bytes.is_empty() {
            return Err(SimError::bad_request("the file is empty"));
        }
        return Ok(Upload::new(name, mime_type, bytes));
    }
    Err(SimError::bad_request("the form has no field \"file\""))
}

/// Puts a person's message into the chat, and queues the update for the bot.
fn speak(
    world: &World,
    bot: &Bot,
    place: &Place,
    reply_to: Option<i64>,
    (content, album): (impl FnOnce(&Bot) -> Content, Option<String>),
) -> Result<Sent, SimError> {
    let person = person_of(world, place.person)?;
    let now = world.clock.unix();
    let mut state = bot.lock();
    let chat_id = enter(bot, &mut state, &person, place, now)?;
    let no_chat = || SimError::not_found(format!("there is no chat {chat_id}"));
    let chat = state.chats.get(&chat_id).ok_or_else(no_chat)?;
    if reply_to.is_some_and(|id| !chat.messages.contains_key(&id)) {
        return Err(SimError::bad_request(
            "reply_to_message_id: there is no such message in this chat",
        ));
    }
    let draft = Draft {
        author: Author::Person(person),
        content: content(bot),
        markup: None,
        reply_to,
        album,
    };
    let posted = bot.post(&mut state, chat_id, draft, now).ok_or_else(no_chat)?;
    let message_id = posted.message.id;
    let message = posted.update(bot);
    let update_id = bot.queue_update(&mut state, "message", &message, now);
    Ok(Sent {
        update_id,
        message_id,
    })
}

/// The chat that the person writes in, begun if need be; groups take in whoever writes.
fn enter(
    bot: &Bot,
    state: &mut BotState,
    person: &Arc<Person>,
    place: &Place,
    now: i64,
) -> Result<i64, SimError> {
    let named = place.chat.unwrap_or(person.id);
    // Whoever still knows the group by its old id writes in the supergroup that it has become.
    let migrated_to = state.chats.get(&named).and_then(|chat| chat.migrated_to);
    let chat_id = migrated_to.unwrap_or(named);
    if chat_id == person.id {
        let chat = state.private_chat(person);
        return if chat.blocked { Err(blocked()) } else { Ok(chat_id) };
    }
    if chat_id >= 0 {
        return Err(SimError::bad_request(
            "chat must be the person's id, or the id of a group, below 0",
        ));
    }
    let is_new = !state.chats.contains_key(&chat_id);
    let chat = state.chat_or_begin(chat_id, || {
        let title = place
            .chat_title
            .clone()
            .unwrap_or_else(|| format!("Group {}", chat_id.unsigned_abs()));
        ChatKind::Group { title }
    });
    if chat.blocked {
        return Err(SimError::conflict("the bot was removed from this group"));
    }
    if is_new {
        bot.queue_membership(state, chat_id, person, ["left", "member"], now);
    }
    Ok(chat_id)
}

fn blocked() -> SimError {
    SimError::conflict("the person has blocked the bot")
}

pub(super) fn person_of(world: &World, id: i64) -> Result<Arc<Person>, SimError> {
    world
        .people
        .get(id)
        .ok_or_else(|| SimError::not_found(format!("there is no person {id}")))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tap {
    bot: i64,
    person: i64,
    chat: Option<i64>,
    message_id: i64,
    data: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Tapped {
    update_id: Option<i64>,
    callback_query_id: String,
}

pub(super) async fn tap(
    State(world): State<Arc<World>>,
    Body(tap): Body<Tap>,
) -> Result<Json<Tapped>, SimError> {
    let bot = addressed_bot(&world, tap.bot)?;
    let person = person_of(&world, tap.person)?;
    let chat_id = tap.chat.unwrap_or(person.id);
    let now = world.clock.unix();
    let mut state = bot.lock();
    let chat = state
        .chats
        .get(&chat_id)
        .ok_or_else(|| SimError::not_found(format!("there is no chat {chat_id} with this bot")))?;
    if chat.blocked {
        return Err(blocked());
    }
    if let Some(supergroup) = chat.migrated_to {
        // Its messages have other ids there, so the press can't be passed on.
        return Err(SimError::conflict(format!(
            "the group has become the supergroup {supergroup}; its buttons are pressed there"
        )));
    }
    let message = match chat.messages.get(&tap.message_id) {
        Some(message) => chat.message(&bot.identity, message),
        None => Object::new()
            .with("chat", chat.chat())
            .with("message_id", tap.message_id)
            .with("date", 0),
    };
    let id = world.draw_callback_id();
    let chat_instance = chat_id.wrapping_mul(7_919).wrapping_add(bot.id());
    let query = Object::new()
        .with("id", &*id)
        .with("from", person.user())
        .with("message", message)
        .with("chat_instance", chat_instance.to_string())
        .with("data", &*tap.data);
    let query = UpdateContent::new(Lane::User(person.id), &query);
    world.presses.lock().add(
        id.clone(),
        Press {
            bot: bot.id(),
            chat: chat_id,
            at: now,
            answer: None,
        },
    );
    let update_id = bot.queue_update(&mut state, "callback_query", &query, now);
    Ok(Json(Tapped {
        update_id,
        callback_query_id: id,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    bot: i64,
    person: i64,
    chat: Option<i64>,
    blocked: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Blocked {
    update_id: Option<i64>,
    blocked: bool,
}

/// Blocks the bot in the private chat, or removes it from a group; or takes that back.
pub(super) async fn block(
    State(world): State<Arc<World>>,
    Body(block): Body<Block>,
) -> Result<Json<Blocked>, SimError> {
    let bot = addressed_bot(&world, block.bot)?;
    let person = person_of(&world, block.person)?;
    let chat_id = block.chat.unwrap_or(person.id);
    let mut state = bot.lock();
    let chat = if chat_id == person.id {
        state.private_chat(&person)
    } else {
        let no_chat = || SimError::not_found(format!("there is no chat {chat_id} with this bot"));
        state.chats.get_mut(&chat_id).ok_or_else(no_chat)?
    };
    let changes = chat.blocked != block.blocked;
    chat.blocked = block.blocked;
    let change = if block.blocked {
        ["member", "kicked"]
    } else {
        ["kicked", "member"]
    };
    let update_id = if changes {
        bot.queue_membership(&mut state, chat_id, &person, change, world.clock.unix())
    } else {
        None
    };
    Ok(Json(Blocked {
        update_id,
        blocked: block.blocked,
    }))
}
