//! A person pays a bill.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    addressed_bot,
    error::{Body, Path, SimError},
    speak::person_of,
};
use crate::telegram::{
    message::Content,
    object::Object,
    payments::{Attempt, AttemptState, STARS},
    updates::{Lane, UpdateContent},
    world::World,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payment {
    bot: i64,
    person: i64,
    /// Where the bill is, if not in the person's own chat: a group, or somebody else's chat, from which it was forwarded.
    chat: Option<i64>,
    message_id: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Begun {
    update_id: Option<i64>,
    pre_checkout_query_id: String,
}

/// Asks the bot whether the payment may go through; its answer makes it so.
pub(super) async fn pay(
    State(world): State<Arc<World>>,
    Body(payment): Body<Payment>,
) -> Result<Json<Begun>, SimError> {
    let bot = addressed_bot(&world, payment.bot)?;
    let person = person_of(&world, payment.person)?;
    let now = world.clock.unix();
    let mut state = bot.lock();
    let place = payment.chat.unwrap_or(person.id);
    let message = state
        .chats
        .get(&place)
        .and_then(|chat| chat.messages.get(&payment.message_id));
    let bill = match message.map(|message| &message.content) {
        Some(Content::Invoice(bill)) => bill.clone(),
        Some(_) => return Err(SimError::bad_request("the message is no invoice")),
        None => return Err(SimError::not_found("there is no such message in this chat")),
    };
    let chat = if place < 0 {
        place
    } else {
        state.private_chat(&person).id
    };
    let id = world.draw_callback_id();
    let query = Object::new()
        .with("id", &*id)
        .with("from", person.user())
        .with("currency", STARS)
        .with("total_amount", i64::from(bill.amount))
        .with("invoice_payload", &*bill.payload);
    let query = UpdateContent::new(Lane::User(person.id), &query);
    world.attempts.lock().add(
        id.clone(),
        Attempt {
            bot: bot.id(),
            person: person.id,
            chat,
            payload: bill.payload,
            amount: bill.amount,
            at: now,
            state: AttemptState::Waiting,
        },
    );
    let update_id = bot.queue_update(&mut state, "pre_checkout_query", &query, now);
    Ok(Json(Begun {
        update_id,
        pre_checkout_query_id: id,
    }))
}

/// How far a payment is.
pub(super) async fn payment(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, SimError> {
    let attempts = world.attempts.lock();
    let attempt = attempts
        .get(&id)
        .ok_or_else(|| SimError::not_found(format!("there is no payment {id}")))?;
    Ok(Json(json!(attempt.state_at(world.clock.unix()))))
}
