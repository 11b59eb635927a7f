//! Server-sent events: what happens in a chat, or with a bot, as it happens.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    response::sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures::{Stream, StreamExt as _, stream};
use serde::Deserialize;

use super::{
    error::{Query, SimError},
    known_bot,
};
use crate::telegram::world::World;

#[derive(Debug, Deserialize)]
pub(super) struct EventsQuery {
    bot: i64,
    chat: Option<i64>,
}

/// The stream ends when the listener falls too far behind, and when the bot is forgotten: whoever listens connects
/// again, and reads the transcript for what was missed.
pub(super) async fn events(
    State(world): State<Arc<World>>,
    Query(query): Query<EventsQuery>,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>, SimError> {
    let bot = known_bot(&world, query.bot)?;
    let listener = bot.lock().listeners.subscribe(query.chat);
    let forgotten = bot.forgotten.clone().cancelled_owned();
    let events = stream::unfold(listener, |mut listener| async {
        let event = listener.recv().await.ok()?;
        Some((
            Ok(SseEvent::default().event(event.name).data(&*event.data)),
            listener,
        ))
    });
    Ok(Sse::new(events.take_until(forgotten)).keep_alive(KeepAlive::default()))
}
