//! The Telegram Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`.

mod error;
mod methods;
pub(crate) mod params;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde::Serialize;
use serde_json::value::RawValue;

use self::{error::ApiError, params::Params};
use crate::dropped::dropped;
use crate::telegram::{bot::Bot, calls::Answered, faults::Fault, world::World};

/// The routes. Tokens stand in the paths, so nothing here may log a URL.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/bot{token}/{method}", any(call))
        .route("/bot{token}", any(nothing_here))
        .route("/bot{token}/", any(nothing_here))
        .route("/file/bot{token}/{*path}", get(download))
        .layer(DefaultBodyLimit::disable())
        .with_state(world)
}

/// What a method answers with.
#[derive(Debug)]
pub(crate) struct Answer {
    result: Box<RawValue>,
    description: Option<&'static str>,
}

impl Answer {
    /// Any result.
    pub(crate) fn of(result: &impl Serialize) -> Self {
        let result = serde_json::value::to_raw_value(result).unwrap_or_default();
        Self {
            result,
            description: None,
        }
    }

    /// `true`, which most methods without a result of their own answer with.
    pub(crate) fn done() -> Self {
        Self::of(&true)
    }

    /// `true`, and what was done in words.
    pub(crate) fn described(description: &'static str) -> Self {
        Self {
            description: Some(description),
            ..Self::done()
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    ok: bool,
    result: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self { result, description } = self;
        Json(Envelope {
            ok: true,
            result: &result,
            description,
        })
        .into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The id of the bot that a token belongs to: the number before its colon.
///
/// # Errors
/// 404 for what is no token at all, 401 for one that cannot be right.
fn bot_id(token: &str) -> Result<i64, ApiError> {
    let (id, secret) = token.split_once(':').ok_or_else(ApiError::not_found)?;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::not_found());
    }
    let is_secret = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if secret.len() < 3 || !secret.bytes().all(is_secret) {
        return Err(ApiError::unauthorized());
    }
    id.parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(ApiError::unauthorized)
}

async fn nothing_here() -> ApiError {
    ApiError::not_found()
}

async fn call(
    State(world): State<Arc<World>>,
    Path((token, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    let bot = match bot_id(&token) {
        Ok(id) => world.bot(id),
        Err(refusal) => return refusal.into_response(),
    };
    let params = match Params::read(request).await {
        Ok(params) => params,
        Err(refusal) => return refusal.into_response(),
    };
    let logged = params.for_log();
    let chat = params.integer("chat_id");
    let reply = run(&world, &bot, &method, params, chat).await;
    let (status, description) = match &reply {
        Reply::Answer(Ok(_)) => (200, None),
        Reply::Answer(Err(refusal)) => (refusal.code, Some(refusal.description.as_str())),
        Reply::Dropped => (0, Some("the connection was dropped")),
    };
    let answered = Answered {
        bot: bot.id(),
        method: &method,
        params: &logged,
        chat,
        status,
        description,
    };
    tracing::debug!(bot = bot.id(), method, chat, status, description, "call");
    answered.log(&world);
    match reply {
        Reply::Answer(outcome) => outcome.into_response(),
        Reply::Dropped => dropped(),
    }
}

/// What becomes of a call.
enum Reply {
    Answer(Result<Answer, ApiError>),
    /// No answer reaches the bot.
    Dropped,
}

/// Runs a method, with the fault that somebody may have ordered for it.
async fn run(world: &Arc<World>, bot: &Arc<Bot>, method: &str, params: Params, chat: Option<i64>) -> Reply {
    let fault = world.faults.lock().take(bot.id(), method, chat);
    let Some(fault) = fault else {
        return Reply::Answer(methods::dispatch(world, bot, method, params).await);
    };
    world.changes.mark();
    let refusal = refusal_of(&fault);
    let outcome = if fault.after_effect {
        let outcome = methods::dispatch(world, bot, method, params).await;
        tokio::time::sleep(fault.delay()).await;
        refusal.map_or(outcome, Err)
    } else {
        tokio::time::sleep(fault.delay()).await;
        match refusal {
            Some(refusal) => Err(refusal),
            None if fault.drop_connection => return Reply::Dropped,
            None => methods::dispatch(world, bot, method, params).await,
        }
    };
    if fault.drop_connection {
        Reply::Dropped
    } else {
        Reply::Answer(outcome)
    }
}

fn refusal_of(fault: &Fault) -> Option<ApiError> {
    let status = fault.status?;
    let mut refusal = match status {
        429 => ApiError::too_many_requests(fault.retry_after.unwrap_or(1)),
        401 => ApiError::unauthorized(),
        403 => ApiError::forbidden("bot was blocked by the user"),
        500 => ApiError::new(500, "Internal Server Error"),
        502 => ApiError::new(502, "Bad Gateway"),
        other => ApiError::new(other, format!("Error {other} ordered from the sandbox")),
    };
    if let Some(description) = &fault.description {
        refusal.description.clone_from(description);
    }
    if let Some(seconds) = fault.retry_after {
        refusal.retry_after = Some(seconds);
    }
    Some(refusal)
}

async fn download(
    State(world): State<Arc<World>>,
    Path((token, path)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let bot = world.bot(bot_id(&token)?);
    let file = bot.files.by_path(&path).ok_or_else(ApiError::not_found)?;
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream")],
        file.bytes.clone(),
    )
        .into_response())
}
