//! A stand-in for the generation API: KIE's.
//!
//! It answers in the shapes of the real thing: every answer is an envelope whose `code` counts, errors come with the HTTP
//! status 200, and each model has an OpenAPI document of its own, made from `catalogue.toml`. Tasks are checked against
//! that, take their time, cost credits, and make small files of the real formats. Its people's side is under `/sim`; words that
//! provoke errors are listed in the README.

mod answer;
mod base;
mod callback;
mod catalogue;
mod cost;
mod fault;
mod handlers;
mod jobs;
mod limit;
mod made;
mod openapi;
mod ordered;
mod people;
mod provoke;
mod task;
mod tasks;
mod transfer;
mod validate;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::state::Changes;

pub(crate) use self::world::{SavedWorld, World};

/// The generation API under `/api`, its files under `/files`, and its people's side under `/sim`, with a state of its own.
pub fn router() -> Router {
    router_of(Arc::new(World::new(Changes::default())))
}

/// The same with a state that somebody else holds too.
pub(crate) fn router_of(world: Arc<World>) -> Router {
    Router::new()
        .route("/api/v1/models", get(handlers::models))
        // The ids of models have slashes in them.
        .route("/api/v1/models/{*path}", get(handlers::of_model))
        .route("/api/v1/chat/credit", get(handlers::credits))
        .route("/api/v1/jobs/createTask", post(jobs::create))
        .route("/api/v1/jobs/recordInfo", get(jobs::record))
        .route("/api/v1/common/download-url", post(transfer::link))
        .merge(uploads())
        .route("/files/uploads/{*path}", get(transfer::uploaded))
        .route("/files/tasks/{task}/{name}", get(transfer::made))
        .route("/sim/tasks", get(people::tasks))
        .route("/sim/speed", post(people::set_speed))
        .route("/sim/callbacks", post(people::set_callbacks))
        .route(
            "/sim/faults",
            post(handlers::add_fault).delete(handlers::clear_faults),
        )
        .route("/sim/limits", post(people::set_limits))
        .route("/sim/credits", post(handlers::set_credits))
        .route("/sim/reset", post(handlers::reset))
        .fallback(handlers::no_such_path)
        .with_state(world)
}

/// What takes large bodies. The real thing has another host for it.
fn uploads() -> Router<Arc<World>> {
    Router::new()
        .route("/api/file-stream-upload", post(transfer::upload_stream))
        .route("/api/file-base64-upload", post(transfer::upload_base64))
        .layer(DefaultBodyLimit::max(transfer::LARGEST_BODY))
}
