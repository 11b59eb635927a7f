//! Who there is.

use std::sync::Arc;

use axum::{Json, extract::State};

use super::error::{Body, SimError};
use crate::telegram::{
    people::{NewPerson, Person},
    world::World,
};

pub(super) async fn list(State(world): State<Arc<World>>) -> Json<Vec<Person>> {
    Json(
        world
            .people
            .all()
            .iter()
            .map(|person| Person::clone(person))
            .collect(),
    )
}

pub(super) async fn put(
    State(world): State<Arc<World>>,
    Body(new): Body<NewPerson>,
) -> Result<Json<Person>, SimError> {
    let person = world.people.put(new).map_err(SimError::bad_request)?;
    world.changes.mark();
    Ok(Json(Person::clone(&person)))
}
