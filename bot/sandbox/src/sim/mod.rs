//! The people's side over HTTP: what the web chat, tests and crowds of simulated people use. Its contract stands in the
//! crate's README.

mod conduct;
mod error;
mod events;
mod look;
mod migrate;
mod pay;
mod people;
mod speak;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use self::error::SimError;
use crate::telegram::{bot::Bot, world::World};

/// The largest body of a call, in bytes: as much as a bot may send, and the rest of the form.
const MAX_BODY: usize = 51 * 1024 * 1024;

pub(crate) fn router(world: Arc<World>) -> Router {
    let sim = Router::new()
        .route("/bots", get(look::bots))
        .route("/people", get(people::list).post(people::put))
        .route("/messages", post(speak::message))
        .route("/uploads", post(speak::upload))
        .route("/taps", post(speak::tap))
        .route("/pay", post(pay::pay))
        .route("/payments/{id}", get(pay::payment))
        .route("/block", post(speak::block))
        .route("/migrate", post(migrate::migrate))
        .route("/updates", post(conduct::raw_update))
        .route("/redeliver", post(conduct::redeliver))
        .route(
            "/faults",
            get(conduct::faults)
                .post(conduct::order_fault)
                .delete(conduct::end_faults),
        )
        .route("/clock", get(conduct::clock).post(conduct::advance_clock))
        .route("/reset", post(conduct::reset))
        .route("/chats/{chat}/messages", get(look::transcript))
        .route("/callbacks/{id}", get(look::callback))
        .route("/calls", get(look::calls))
        .route("/pending", get(look::pending))
        .route("/files/{bot}/{*path}", get(look::file))
        .route("/events", get(events::events))
        .fallback(error::no_such_call)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(world);
    Router::new().nest("/sim", sim)
}

/// The bot of that id; a person may write to one that has not come up yet.
fn addressed_bot(world: &World, id: i64) -> Result<Arc<Bot>, SimError> {
    if id > 0 {
        Ok(world.bot(id))
    } else {
        Err(SimError::bad_request("bot must be above 0"))
    }
}

/// The bot of that id, which somebody must have heard of.
fn known_bot(world: &World, id: i64) -> Result<Arc<Bot>, SimError> {
    world
        .known_bot(id)
        .ok_or_else(|| SimError::not_found(format!("there is no bot {id}")))
}
