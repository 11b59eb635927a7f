//! The calls of the API, and of the people's side.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value, json};

use super::answer::{self, Failure};
use super::catalogue::{Model, catalogue};
use super::fault::{Fault, Operation, under};
use super::openapi;
use super::ordered::Ordered;
use super::world::World;

/// The key that is refused.
const INVALID_KEY: &str = "invalid";

/// The key of a caller, which is a good one.
pub(super) struct Caller(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let key = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
            .unwrap_or_default();
        if key.is_empty() || key == INVALID_KEY {
            return Err(Failure::no_access());
        }
        Ok(Self(key.to_owned()))
    }
}

type Known = State<Arc<World>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelQuery {
    task_type: Option<String>,
    provider: Option<String>,
    q: Option<String>,
}

impl ModelQuery {
    fn wants(&self, model: &Model) -> bool {
        // What is left empty is not asked for.
        let given = |value: &'_ Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        let (task, provider, words) = (given(&self.task_type), given(&self.provider), given(&self.q));
        model.is_wanted(task.as_deref(), provider.as_deref(), words.as_deref())
    }
}

/// Does `work` for a caller of the catalogue, as the limit and the faults let it.
async fn of_catalogue(
    world: &World,
    Caller(account): &Caller,
    operation: Operation,
    work: impl FnOnce() -> Response + Send,
) -> Response {
    if !world.lets_through(account) {
        return Failure::too_fast().into_response();
    }
    under(world.fault(operation), work).await
}

pub(super) async fn models(State(world): Known, caller: Caller, Query(query): Query<ModelQuery>) -> Response {
    of_catalogue(&world, &caller, Operation::Models, || {
        let models = catalogue().models.iter();
        let models: Vec<_> = models
            .filter(|model| query.wants(model))
            .map(Model::entry)
            .collect();
        answer::ok(&json!({ "total": models.len(), "models": models }))
    })
    .await
}

/// What is known of one model: its path is its id, which has slashes, and what is asked of it.
pub(super) async fn of_model(State(world): Known, caller: Caller, Path(path): Path<String>) -> Response {
    let Some((id, what)) = path.rsplit_once('/') else {
        return Failure::new(404, "There is no such path.").into_response();
    };
    let (operation, show): (_, fn(&Model) -> Response) = match what {
        "schema" => (Operation::Schema, schema),
        "price" => (Operation::Price, price),
        _ => return Failure::new(404, "There is no such path.").into_response(),
    };
    of_catalogue(&world, &caller, operation, || match catalogue().model(id) {
        Some(model) => show(model),
        None => Failure::no_such_model(id).into_response(),
    })
    .await
}

fn schema(model: &Model) -> Response {
    let document = openapi::document(catalogue(), model).unwrap_or(Ordered::Plain(Value::Null));
    answer::ok(&Ordered::object([
        ("model", model.id.as_str().into()),
        ("openapi", document),
    ]))
}

fn price(model: &Model) -> Response {
    answer::ok(&json!({ "model": model.id, "pricingDesc": model.price }))
}

pub(super) async fn credits(State(world): Known, _: Caller) -> Response {
    under(world.fault(Operation::Credits), || answer::ok(&world.credits())).await
}

pub(super) async fn no_such_path(uri: Uri) -> Response {
    let mut failure = Failure::new(404, format!("There is no path {}.", uri.path()));
    failure.status = StatusCode::NOT_FOUND;
    failure.into_response()
}

pub(super) async fn add_fault(State(world): Known, body: Bytes) -> Response {
    told(&body, |fault: Fault| {
        if fault.times == 0 {
            return Err("times must be at least 1");
        }
        world.add_fault(fault);
        Ok(())
    })
}

pub(super) async fn clear_faults(State(world): Known) -> Response {
    world.clear_faults();
    answer::plain(StatusCode::OK, &json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCredits {
    credits: Number,
}

pub(super) async fn set_credits(State(world): Known, body: Bytes) -> Response {
    told(&body, |new: NewCredits| {
        world.set_credits(new.credits);
        Ok(())
    })
}

pub(super) async fn reset(State(world): Known) -> Response {
    world.reset();
    answer::plain(StatusCode::OK, &json!({}))
}

/// Does what the people's side says.
pub(super) fn told<T: DeserializeOwned>(
    body: &[u8],
    act: impl FnOnce(T) -> Result<(), &'static str>,
) -> Response {
    let done = serde_json::from_slice(body)
        .map_err(|error| error.to_string())
        .and_then(|told| act(told).map_err(ToOwned::to_owned));
    match done {
        Ok(()) => answer::plain(StatusCode::OK, &json!({})),
        Err(message) => answer::plain(StatusCode::BAD_REQUEST, &json!({ "error": message })),
    }
}
