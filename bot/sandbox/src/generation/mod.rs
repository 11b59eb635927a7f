//! A stand-in for the generation API: KIE's, as far as it is read so far.
//!
//! It answers in the shapes of the real thing: every answer is an envelope whose `code` counts, errors come with the HTTP
//! status 200, and each model has an OpenAPI document of its own, made from `catalogue.toml`. Its people's side is
//! `/sim/faults`, `/sim/limits` and `/sim/credits`.

mod answer;
mod catalogue;
mod fault;
mod handlers;
mod limit;
mod openapi;
mod ordered;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::state::Changes;

pub(crate) use self::world::{SavedWorld, World};

/// The generation API under `/api/v1`, and its people's side under `/sim`, with a state of its own.
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
        .route(
            "/sim/faults",
            post(handlers::add_fault).delete(handlers::clear_faults),
        )
        .route("/sim/limits", post(handlers::set_limits))
        .route("/sim/credits", post(handlers::set_credits))
        .route("/sim/reset", post(handlers::reset))
        .fallback(handlers::no_such_path)
        .with_state(world)
}
