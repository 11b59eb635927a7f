//! A stand-in for the shipping API: ShipStation's, version 2.
//!
//! It answers in the shapes of the real thing, with prices by distance and weight, and with labels that are real PDF
//! files. What it knows lives in the router and goes with it, unless the sandbox keeps a state file. Its people's side is `/sim/labels` and `/sim/faults`; names
//! and cities that provoke errors are listed in the README.

mod answer;
mod carriers;
mod fault;
mod handlers;
mod label;
mod pricing;
mod provoke;
mod request;
mod shown;
mod tracking;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use crate::state::Changes;

pub(crate) use self::world::{SavedWorld, World};

/// The shipping API under `/v2`, and its people's side under `/sim`, with a state of its own.
pub fn router() -> Router {
    router_of(Arc::new(World::new(Changes::default())))
}

/// The same with a state that somebody else holds too.
pub(crate) fn router_of(world: Arc<World>) -> Router {
    Router::new()
        .route("/v2/carriers", get(handlers::carriers))
        .route("/v2/carriers/{carrier_id}", get(handlers::carrier))
        .route(
            "/v2/carriers/{carrier_id}/services",
            get(handlers::carrier_services),
        )
        .route(
            "/v2/carriers/{carrier_id}/packages",
            get(handlers::carrier_packages),
        )
        .route("/v2/rates", post(handlers::rates))
        .route("/v2/rates/{rate_id}", get(handlers::rate))
        .route("/v2/labels", get(handlers::labels))
        .route("/v2/labels/rates/{rate_id}", post(handlers::buy))
        .route("/v2/labels/{label_id}", get(handlers::label))
        .route("/v2/labels/{label_id}/void", put(handlers::void))
        .route("/v2/downloads/{dir}/{subdir}/{filename}", get(handlers::download))
        .route("/sim/labels", get(handlers::sim_labels))
        .route(
            "/sim/faults",
            post(handlers::add_fault).delete(handlers::clear_faults),
        )
        .route("/sim/reset", post(handlers::reset))
        .fallback(handlers::no_such_path)
        .with_state(world)
}
