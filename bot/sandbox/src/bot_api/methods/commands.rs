//! The command menu.

use serde_json::json;

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError},
    telegram::commands::{BotCommand, Scope},
};

const MAX_COMMANDS: usize = 100;
const MAX_NAME: usize = 32;
const MAX_DESCRIPTION: usize = 256;

pub(super) fn set_my_commands(call: &Call<'_>) -> Outcome {
    let commands: Vec<BotCommand> = call
        .params
        .shaped("commands")?
        .ok_or_else(|| ApiError::bad_request("parameter \"commands\" is required"))?;
    if commands.len() > MAX_COMMANDS {
        return Err(ApiError::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    let commands = commands.into_iter().map(checked).collect::<Result<_, _>>()?;
    put(call, commands)
}

pub(super) fn delete_my_commands(call: &Call<'_>) -> Outcome {
    put(call, Vec::new())
}

pub(super) fn get_my_commands(call: &Call<'_>) -> Outcome {
    let (scope, language) = place_of(call)?;
    Ok(Answer::of(&call.bot.lock().menus.get(scope, &language)))
}

fn put(call: &Call<'_>, commands: Vec<BotCommand>) -> Outcome {
    let (scope, language) = place_of(call)?;
    let mut state = call.bot.lock();
    state.menus.set(scope, language, commands);
    state
        .listeners
        .publish_everywhere("commands", || json!({ "bot": call.bot.id() }));
    Ok(Answer::done())
}

fn place_of(call: &Call<'_>) -> Result<(Scope, String), ApiError> {
    let scope = call.params.shaped("scope")?.unwrap_or_default();
    let language = call.params.text("language_code").unwrap_or_default();
    let is_code = language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_lowercase());
    if !language.is_empty() && !is_code {
        return Err(ApiError::bad_request("invalid language code specified"));
    }
    Ok((scope, language))
}

fn checked(mut command: BotCommand) -> Result<BotCommand, ApiError> {
    if let Some(name) = command.command.strip_prefix('/') {
        command.command = name.to_owned();
    }
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=MAX_NAME).contains(&command.command.len()) || !command.command.bytes().all(is_name) {
        return Err(ApiError::bad_request("BOT_COMMAND_INVALID"));
    }
    if !(1..=MAX_DESCRIPTION).contains(&command.description.chars().count()) {
        return Err(ApiError::bad_request("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(command)
}
