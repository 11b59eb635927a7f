//! Long polling.

use std::time::Duration;

use serde_json::value::RawValue;

use super::{Call, Outcome};
use crate::{
    bot_api::Answer,
    telegram::{
        poll::{Poll, poll},
        updates::AllowedUpdates,
    },
};

const MAX_LIMIT: i64 = 100;
/// The server waits no longer, whatever the bot asks for, in seconds.
const MAX_TIMEOUT: i64 = 50;

pub(super) async fn get_updates(call: &Call<'_>) -> Outcome {
    if let Some(kinds) = call.params.shaped("allowed_updates")? {
        call.bot.lock().allowed = AllowedUpdates::from_list(kinds);
    }
    let limit = call
        .params
        .integer("limit")
        .unwrap_or(MAX_LIMIT)
        .clamp(1, MAX_LIMIT);
    let timeout = call.params.integer("timeout").unwrap_or(0).clamp(0, MAX_TIMEOUT);
    let wanted = Poll {
        offset: call.params.integer("offset").unwrap_or(0),
        limit: usize::try_from(limit).unwrap_or(1),
        timeout: Duration::from_secs(timeout.unsigned_abs()),
    };
    let updates = poll(call.bot, &call.world.clock, wanted).await?;
    let bodies: Vec<&RawValue> = updates.iter().map(|update| &*update.body).collect();
    Ok(Answer::of(&bodies))
}
