//! Bills, answers before a payment, and what became of Stars.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError},
    telegram::{
        bot::BotState,
        markup::Markup,
        message::{Author, Content, Draft},
        object::Object,
        payments::{Attempt, AttemptState, Bill, Receipt, STARS, Transaction, balance},
        people::Person,
        text::utf16_len,
    },
};

const MAX_TITLE: usize = 32;
const MAX_DESCRIPTION: usize = 255;
const MAX_PAYLOAD_BYTES: usize = 128;
/// The most transactions of one page.
const MAX_PAGE: i64 = 100;

pub(super) fn send_invoice(call: &Call<'_>) -> Outcome {
    let bill = bill(call)?;
    let markup = match call.markup()? {
        None => pay_button(&bill),
        Some(markup) if begins_with_pay(&markup) => markup,
        Some(_) => return Err(ApiError::bad_request("BUTTON_POS_INVALID")),
    };
    let chat_id = call.chat_id()?;
    let mut state = call.bot.lock();
    let chat = call.writable(&mut state, chat_id)?;
    let reply_to = call.reply_to(chat)?;
    let draft = Draft {
        author: Author::Bot,
        content: Content::Invoice(bill),
        markup: Some(markup),
        reply_to,
        album: None,
    };
    let posted = call
        .bot
        .post(&mut state, chat_id, draft, call.world.clock.unix())
        .ok_or_else(super::chat_not_found)?;
    Ok(Answer::of(
        &posted.chat.message(&call.bot.identity, posted.message),
    ))
}

fn bill(call: &Call<'_>) -> Result<Bill, ApiError> {
    let text = |name: &str| call.params.text(name).unwrap_or_default();
    let between = |text: String, most: usize, refusal: &str| {
        let length = utf16_len(&text);
        (1..=most)
            .contains(&length)
            .then_some(text)
            .ok_or_else(|| ApiError::bad_request(refusal))
    };
    if text("currency") != STARS || !text("provider_token").is_empty() {
        return Err(ApiError::bad_request(
            "PAYMENT_PROVIDER_INVALID: the sandbox takes Stars only, currency XTR",
        ));
    }
    let payload = text("payload");
    if !(1..=MAX_PAYLOAD_BYTES).contains(&payload.len()) {
        return Err(ApiError::bad_request("INVOICE_PAYLOAD_INVALID"));
    }
    let prices: Vec<Value> = call.params.shaped("prices")?.unwrap_or_default();
    let amount = match &prices[..] {
        [price] if price["label"].as_str().is_some_and(|label| !label.is_empty()) => price["amount"]
            .as_u64()
            .and_then(|amount| u32::try_from(amount).ok()),
        _ => None,
    };
    let amount = amount
        .filter(|amount| *amount > 0)
        .ok_or_else(|| ApiError::bad_request("STARS_INVOICE_INVALID"))?;
    Ok(Bill {
        title: between(text("title"), MAX_TITLE, "INVOICE_TITLE_INVALID")?,
        description: between(
            text("description"),
            MAX_DESCRIPTION,
            "INVOICE_DESCRIPTION_INVALID",
        )?,
        payload,
        amount,
    })
}

fn pay_button(bill: &Bill) -> Markup {
    let button = json!({"text": format!("Pay ⭐️{}", bill.amount), "pay": true});
    Markup::Inline(vec![json!([button])])
}

fn begins_with_pay(markup: &Markup) -> bool {
    let rows = markup.inline_rows().unwrap_or_default();
    rows.first().is_some_and(|row| row[0]["pay"] == true)
}

pub(super) fn answer_pre_checkout_query(call: &Call<'_>) -> Outcome {
    let id = call.params.text("pre_checkout_query_id").unwrap_or_default();
    let is_ok = call.params.boolean("ok");
    let error_message = call.params.text("error_message").unwrap_or_default();
    if !is_ok && error_message.is_empty() {
        return Err(ApiError::bad_request("error message must be non-empty"));
    }
    let now = call.world.clock.unix();
    let mut state = call.bot.lock();
    let mut attempts = call.world.attempts.lock();
    let attempt = attempts.waiting(call.bot.id(), &id, now).ok_or_else(|| {
        ApiError::bad_request("query is too old and response timeout expired or query ID is invalid")
    })?;
    attempt.state = if is_ok {
        pay(call, &mut state, attempt, now)?
    } else {
        AttemptState::Refused { error_message }
    };
    let mut shown = json!(attempt.state);
    shown["chat"] = attempt.chat.into();
    shown["pre_checkout_query_id"] = id.into();
    state.listeners.publish(attempt.chat, "payment", || shown);
    Ok(Answer::done())
}

/// The Stars change hands, and the bot is told.
fn pay(call: &Call<'_>, state: &mut BotState, attempt: &Attempt, now: i64) -> Result<AttemptState, ApiError> {
    let charge = format!("stx{}", call.world.draw_callback_id());
    let person = person(call, attempt.person)?;
    let (payload, amount) = (attempt.payload.clone(), attempt.amount);
    state.transactions.push(Transaction {
        charge: charge.clone(),
        person: attempt.person,
        payload: payload.clone(),
        amount,
        date: now,
        is_return: false,
    });
    let receipt = Receipt {
        payload,
        amount,
        charge: charge.clone(),
    };
    let (update_id, message_id) = tell(call, state, attempt.chat, person, Content::Paid(receipt))?;
    Ok(AttemptState::Paid {
        telegram_payment_charge_id: charge,
        update_id,
        message_id,
    })
}

/// Puts the service message into the chat, and queues the update; answers its id and the message's.
fn tell(
    call: &Call<'_>,
    state: &mut BotState,
    chat: i64,
    person: Arc<Person>,
    content: Content,
) -> Result<(Option<i64>, i64), ApiError> {
    let now = call.world.clock.unix();
    let draft = Draft {
        author: Author::Person(person),
        content,
        markup: None,
        reply_to: None,
        album: None,
    };
    let posted = call.bot.post(state, chat, draft, now);
    let posted = posted.ok_or_else(super::chat_not_found)?;
    let message_id = posted.message.id;
    let message = posted.update(call.bot);
    Ok((call.bot.queue_update(state, "message", &message, now), message_id))
}

fn person(call: &Call<'_>, id: i64) -> Result<Arc<Person>, ApiError> {
    let person = call.world.people.get(id);
    person.ok_or_else(|| ApiError::bad_request("USER_ID_INVALID"))
}

pub(super) fn refund_star_payment(call: &Call<'_>) -> Outcome {
    let person = person(call, call.params.integer("user_id").unwrap_or_default())?;
    let charge = call.params.text("telegram_payment_charge_id").unwrap_or_default();
    let now = call.world.clock.unix();
    let mut state = call.bot.lock();
    let of_charge = |transaction: &&Transaction| transaction.charge == charge;
    if state
        .transactions
        .iter()
        .filter(of_charge)
        .any(|one| one.is_return)
    {
        return Err(ApiError::bad_request("CHARGE_ALREADY_REFUNDED"));
    }
    let paid = state.transactions.iter().find(of_charge);
    let paid = paid
        .filter(|paid| paid.person == person.id)
        .cloned()
        .ok_or_else(|| ApiError::bad_request("CHARGE_NOT_FOUND"))?;
    let receipt = Receipt {
        payload: paid.payload.clone(),
        amount: paid.amount,
        charge,
    };
    state.transactions.push(Transaction {
        date: now,
        is_return: true,
        ..paid
    });
    let chat = state.private_chat(&person).id;
    tell(call, &mut state, chat, person, Content::Refunded(receipt))?;
    Ok(Answer::done())
}

pub(super) fn get_star_transactions(call: &Call<'_>) -> Outcome {
    let offset = call.params.integer("offset").unwrap_or_default().max(0);
    let limit = call.params.integer("limit").unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::bad_request("LIMIT_INVALID"));
    }
    let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
    let state = call.bot.lock();
    let page = state.transactions.iter().skip(number(offset)).take(number(limit));
    let shown: Vec<_> = page
        .map(|transaction| {
            let person = call.world.people.get(transaction.person);
            let user = person.as_ref().map_or_else(
                || {
                    Object::new()
                        .with("id", transaction.person)
                        .with("is_bot", false)
                        .with("first_name", "Somebody")
                },
                |person| person.user(),
            );
            transaction.shown(&user)
        })
        .collect();
    Ok(Answer::of(&json!({ "transactions": shown })))
}

pub(super) fn get_my_star_balance(call: &Call<'_>) -> Answer {
    Answer::of(&json!({ "amount": balance(&call.bot.lock().transactions) }))
}
