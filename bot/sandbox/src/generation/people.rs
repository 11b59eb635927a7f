//! The people's side of tasks: looking at them, and saying how they go by.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};

use super::answer;
use super::base::Base;
use super::handlers::told;
use super::world::World;

/// The longest times that are taken: a minute becomes an hour and more.
const LARGEST_SCALE: f64 = 100.0;

pub(super) async fn tasks(State(world): State<Arc<World>>, base: Base) -> Response {
    answer::plain(StatusCode::OK, &world.tasks().seen(&base.files()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Speed {
    /// By what the times of new tasks are multiplied; 0 ends them at once.
    scale: f64,
}

pub(super) async fn set_speed(State(world): State<Arc<World>>, body: Bytes) -> Response {
    told(&body, |Speed { scale }| {
        if !(0.0..=LARGEST_SCALE).contains(&scale) {
            return Err("scale is from 0 to 100");
        }
        world.tasks().scale = scale;
        Ok(())
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Callbacks {
    /// What callbacks are signed with; `null` leaves them unsigned.
    key: Option<String>,
}

pub(super) async fn set_callbacks(State(world): State<Arc<World>>, body: Bytes) -> Response {
    told(&body, |Callbacks { key }| {
        world.tasks().webhook_key = key.filter(|key| !key.is_empty());
        Ok(())
    })
}

/// How often may be called what.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) catalogue_per_second: NewLimit,
    pub(super) creates_per_ten_seconds: NewLimit,
    pub(super) tasks_per_second: NewLimit,
}

/// What becomes of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NewLimit {
    /// It is left out.
    #[default]
    Unchanged,
    /// `null` is the usual one, 0 none.
    Is(Option<u32>),
}

impl<'de> Deserialize<'de> for NewLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Is)
    }
}

pub(super) async fn set_limits(State(world): State<Arc<World>>, body: Bytes) -> Response {
    told(&body, |limits: Limits| {
        world.set_limits(&limits);
        Ok(())
    })
}
