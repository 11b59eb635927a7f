//! A group becomes a supergroup, under another id.

use std::sync::Arc;

use axum::{Json, extract::State};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::{
    addressed_bot,
    error::{Body, SimError},
    speak::person_of,
};
use crate::telegram::{
    bot::{Bot, BotState},
    chat::{Chat, ChatKind, is_supergroup_id},
    message::{Author, Content, Draft},
    people::Person,
    world::World,
};

/// Between these lie the ids that are drawn: `-100` and ten digits.
const DRAWN_IDS: std::ops::RangeInclusive<i64> = -1_009_999_999_999..=-1_001_000_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Migration {
    bot: i64,
    person: i64,
    chat: i64,
    to: Option<i64>,
}

/// What became of the group, and the updates that tell the bot; none where it doesn't want messages.
#[derive(Debug, Serialize)]
pub(super) struct Migrated {
    chat: i64,
    update_ids: Vec<i64>,
}

/// Tells the bot with a service message in the group, and with another in the supergroup that it goes on as. The
/// messages stay in the group.
pub(super) async fn migrate(
    State(world): State<Arc<World>>,
    Body(wanted): Body<Migration>,
) -> Result<Json<Migrated>, SimError> {
    let bot = addressed_bot(&world, wanted.bot)?;
    let person = person_of(&world, wanted.person)?;
    let now = world.clock.unix();
    let mut state = bot.lock();
    let title = title_of(&state, wanted.chat)?;
    let supergroup = match wanted.to {
        Some(to) => free(&state, to)?,
        None => draw(&state),
    };
    state.chat_or_begin(supergroup, || ChatKind::Group { title });
    let told = [
        (wanted.chat, Content::MigratedTo(supergroup)),
        (supergroup, Content::MigratedFrom(wanted.chat)),
    ];
    let update_ids = told
        .into_iter()
        .filter_map(|(chat, content)| tell(&bot, &mut state, chat, &person, content, now))
        .collect();
    if let Some(group) = state.chats.get_mut(&wanted.chat) {
        group.migrated_to = Some(supergroup);
    }
    Ok(Json(Migrated {
        chat: supergroup,
        update_ids,
    }))
}

/// The title of a group that can become a supergroup.
fn title_of(state: &BotState, id: i64) -> Result<String, SimError> {
    let no_chat = || SimError::not_found(format!("there is no chat {id} with this bot"));
    let chat: &Chat = state.chats.get(&id).ok_or_else(no_chat)?;
    if let Some(supergroup) = chat.migrated_to {
        return Err(SimError::conflict(format!(
            "the group has become the supergroup {supergroup} before"
        )));
    }
    if chat.blocked {
        return Err(SimError::conflict("the bot was removed from this group"));
    }
    match &chat.kind {
        ChatKind::Group { title } if !chat.is_supergroup() => Ok(title.clone()),
        ChatKind::Group { .. } => Err(SimError::bad_request("the chat is a supergroup already")),
        ChatKind::Private(_) => Err(SimError::bad_request("the chat is no group")),
    }
}

/// The id that was asked for, when a supergroup can have it and no chat has it.
fn free(state: &BotState, id: i64) -> Result<i64, SimError> {
    if !is_supergroup_id(id) {
        return Err(SimError::bad_request(
            "to must be the id of a supergroup: -100 and ten digits",
        ));
    }
    if state.chats.contains_key(&id) {
        return Err(SimError::conflict(format!("there is a chat {id} already")));
    }
    Ok(id)
}

fn draw(state: &BotState) -> i64 {
    let mut rng = rand::rng();
    loop {
        let id = rng.random_range(DRAWN_IDS);
        if !state.chats.contains_key(&id) {
            return id;
        }
    }
}

/// Puts a service message into a chat, and queues the update.
fn tell(
    bot: &Bot,
    state: &mut BotState,
    chat: i64,
    person: &Arc<Person>,
    content: Content,
    now: i64,
) -> Option<i64> {
    let draft = Draft {
        author: Author::Person(Arc::clone(person)),
        content,
        markup: None,
        reply_to: None,
        album: None,
    };
    let posted = bot.post(state, chat, draft, now)?;
    let message = posted.update(bot);
    bot.queue_update(state, "message", &message, now)
}
