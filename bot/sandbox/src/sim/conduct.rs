//! What a test orders: raw and repeated updates, faults, time, a fresh start.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    addressed_bot,
    error::{Body, SimError},
    known_bot,
};
use crate::telegram::{faults::Fault, world::World};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUpdate {
    bot: i64,
    update: Map<String, Value>,
}

/// Queues the update as it is, whether the bot wants its kind or not.
pub(super) async fn raw_update(
    State(world): State<Arc<World>>,
    Body(raw): Body<RawUpdate>,
) -> Result<Json<Value>, SimError> {
    let bot = addressed_bot(&world, raw.bot)?;
    let mut update = raw.update;
    let id = match update.remove("update_id") {
        None => None,
        Some(id) => Some(
            id.as_i64()
                .ok_or_else(|| SimError::bad_request("update_id must be an integer"))?,
        ),
    };
    let id = bot.lock().queue.push_fields(update, id, world.clock.unix());
    bot.ring();
    Ok(Json(json!({ "update_id": id })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redelivery {
    bot: i64,
    update_id: i64,
}

pub(super) async fn redeliver(
    State(world): State<Arc<World>>,
    Body(wanted): Body<Redelivery>,
) -> Result<Json<Value>, SimError> {
    let bot = known_bot(&world, wanted.bot)?;
    if !bot.lock().queue.redeliver(wanted.update_id, world.clock.unix()) {
        let reason = format!("no update {} was delivered to this bot", wanted.update_id);
        return Err(SimError::not_found(reason));
    }
    bot.ring();
    Ok(Json(json!({ "update_id": wanted.update_id })))
}

pub(super) async fn faults(State(world): State<Arc<World>>) -> Json<Vec<Fault>> {
    Json(world.faults.lock().all().to_vec())
}

pub(super) async fn order_fault(
    State(world): State<Arc<World>>,
    Body(fault): Body<Fault>,
) -> Result<Json<Fault>, SimError> {
    if fault.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err(SimError::bad_request(
            "status must be from 400 to 599, or left out for a delay alone",
        ));
    }
    world.faults.lock().order(fault.clone());
    world.changes.mark();
    Ok(Json(fault))
}

pub(super) async fn end_faults(State(world): State<Arc<World>>) -> StatusCode {
    world.faults.lock().clear();
    world.changes.mark();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    advance_seconds: u32,
}

pub(super) async fn clock(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({ "now": world.clock.now() }))
}

pub(super) async fn advance_clock(
    State(world): State<Arc<World>>,
    Body(wanted): Body<Advance>,
) -> Json<Value> {
    world.clock.advance(wanted.advance_seconds);
    world.changes.mark();
    Json(json!({ "now": world.clock.now() }))
}

pub(super) async fn reset(State(world): State<Arc<World>>) -> StatusCode {
    world.reset();
    StatusCode::NO_CONTENT
}
