//! The calls that ask for tasks, and for how they stand.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::{self, Failure};
use super::base::Base;
use super::callback;
use super::catalogue::{DocumentForm, Model, catalogue};
use super::fault::{Fault, Operation, under};
use super::handlers::Caller;
use super::provoke;
use super::task::{self, Life, NewTask, Task};
use super::validate;
use super::world::World;

/// What is sent to create a task. Everything is optional here, so that what is missing is told by the stand-in.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateRequest {
    model: Option<String>,
    input: Option<Map<String, Value>>,
    call_back_url: Option<String>,
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    Caller(account): Caller,
    base: Base,
    body: Bytes,
) -> Response {
    world.tasks().count_call();
    if !world.may_create(&account) {
        return Failure::too_fast().into_response();
    }
    let request: Result<CreateRequest, _> = serde_json::from_slice(&body);
    let input = request.as_ref().ok().and_then(|request| request.input.as_ref());
    let provoked = input.and_then(|input| provoke::fault(Operation::Create, input));
    let fault = world.fault(Operation::Create).or(provoked);
    let work = || {
        let taken = request
            .map_err(|error| Failure::new(422, format!("The body is not understood: {error}.")))
            .and_then(|request| take(&world, request, &base));
        match taken {
            Ok(id) => answer::ok(&json!({ "taskId": id, "recordId": id })),
            Err(failure) => failure.into_response(),
        }
    };
    under(fault, work).await
}

/// Takes a task, if everything is right with it, and answers with its id.
fn take(world: &Arc<World>, request: CreateRequest, base: &Base) -> Result<String, Failure> {
    let CreateRequest {
        model,
        input,
        call_back_url,
    } = request;
    let refused = |message: &str| Failure::new(422, message);
    let id = model.ok_or_else(|| refused("model is required."))?;
    let input = input.ok_or_else(|| refused("input is required."))?;
    let model = catalogue()
        .model(&id)
        .ok_or_else(|| refused("The model is not supported."))?;
    if let Some(url) = &call_back_url
        && !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    {
        return Err(refused("callBackUrl is not an address."));
    }
    if model.document == DocumentForm::Usual {
        validate::check(catalogue(), model, &input).map_err(|message| refused(&message))?;
    }
    let task = planned(world, model, input, call_back_url);
    if !world.pay(model.credits.of(model, &task.input), task.credits) {
        return Err(Failure::new(
            402,
            "Credits insufficient. Please top up to continue.",
        ));
    }
    let id = task.id.clone();
    let is_awaited = task.call_back.is_some();
    world.tasks().add(task);
    if is_awaited {
        tokio::spawn(callback::tell(Arc::clone(world), id.clone(), base.files()));
    }
    Ok(id)
}

/// The task, with its fate.
fn planned(
    world: &World,
    model: &'static Model,
    input: Map<String, Value>,
    call_back: Option<String>,
) -> Task {
    let fault = world
        .fault(Operation::Generate)
        .or_else(|| provoke::fault(Operation::Generate, &input));
    let longer = fault.as_ref().map_or(0, |fault| fault.delay_ms);
    let life = Life::of(model, world.tasks().scale, Duration::from_millis(longer));
    Task::new(NewTask {
        credits: model.credits.of(model, &input),
        model,
        input,
        call_back,
        failure: fault.as_ref().and_then(failure),
        life,
    })
}

/// How a task fails under `fault`; a mere delay is no failure.
fn failure(fault: &Fault) -> Option<task::Failure> {
    if fault.code.is_none() && fault.delay_ms > 0 {
        return None;
    }
    Some(task::Failure {
        code: fault.code.unwrap_or(500).to_string(),
        message: fault.words().to_owned(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordQuery {
    task_id: Option<String>,
}

pub(super) async fn record(
    State(world): State<Arc<World>>,
    Caller(account): Caller,
    Query(query): Query<RecordQuery>,
    base: Base,
) -> Response {
    if !world.may_ask(&account) {
        return Failure::too_fast().into_response();
    }
    let work = || {
        let Some(id) = query.task_id else {
            return Failure::new(422, "taskId is required.").into_response();
        };
        match world.tasks().task(&id) {
            Some(task) => answer::ok(&task.record(&base.files())),
            None => Failure::new(422, "recordInfo is null").into_response(),
        }
    };
    under(world.fault(Operation::Task), work).await
}
