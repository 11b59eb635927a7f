//! What goes wrong costs nobody an answer: a store that is down, updates that can't be handled, floods.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stepkeep::dead_letters::{DeadLetters, LetterId, Reason};
use stepkeep_core::{
    BotId, Clock, Fault, SessionKey, SessionStore as _, StoreErrorKind, StoreOperation, SystemClock, UserId,
};

use crate::local_bot::LocalBot;
use crate::order::{Order, PROMPTS};
use crate::town::{BOT, patiently};

const TROUBLE: &str = "I'm having trouble with my notes";
const PUT_ASIDE: &str = "I could not handle your last message";
const TOO_FAST: &str = "That was faster than I can read";

fn letters_of(bot: &LocalBot) -> DeadLetters {
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    DeadLetters::new(Arc::new(bot.memory.clone()), clock, BotId(BOT))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_costs_no_answer_and_each_person_hears_so_once() {
    let bot = LocalBot::start().await;
    let order = Order::of(1);
    let mut people = Vec::new();
    for id in 1..=3 {
        let mut person = bot.town.person(id).await;
        let first = person.begins().await;
        people.push((person, first));
    }
    for operation in [StoreOperation::Get, StoreOperation::Update] {
        bot.faults.inject(Fault::unavailable(operation));
    }
    for (person, _) in &people {
        // Answers to one question after the other, sent without waiting for the next question.
        for answer in order.answers[..3].iter().flatten() {
            person.says(answer).await;
        }
    }
    for (person, _) in &mut people {
        person.hears(TROUBLE).await;
    }
    bot.faults.heal();
    for (person, _) in &mut people {
        for prompt in &PROMPTS[1..4] {
            person.hears(prompt).await;
        }
        person.hears_nothing_more().await;
    }
    for (person, _) in &people {
        let key = SessionKey::private(BotId(BOT), UserId(person.id));
        let session = bot.memory.get(&key).await.unwrap().unwrap();
        let city: String = session.field("sender_city").unwrap().get().unwrap();
        assert_eq!(Some(city.as_str()), order.answers[2].as_deref());
    }
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_always_fails_is_put_aside_and_can_be_replayed() {
    let bot = LocalBot::start().await;
    let mut person = bot.town.person(1).await;
    let mut other = bot.town.person(2).await;
    let first = person.begins().await;
    bot.faults
        .inject(Fault::error(StoreOperation::Update, StoreErrorKind::TooLarge).times(5));
    let order = Order::of(1);
    let (update, _) = person.says(order.answers[0].as_deref().unwrap()).await;
    // What follows waits for it, and is the answer to the same question.
    person.hears(PUT_ASIDE).await;
    other.asks("hello", "").await;

    let letters = letters_of(&bot);
    let listed = letters.list().await.unwrap().letters;
    let [letter] = &listed[..] else {
        panic!("one letter: {listed:?}");
    };
    assert_eq!((letter.id, letter.reason), (LetterId(update), Reason::Store));
    assert_eq!(letter.attempts, 5);
    assert_eq!(letter.key, Some(SessionKey::private(BotId(BOT), UserId(1))));
    person.hears_nothing_more().await;

    assert!(letters.request_replay(letter.id).await.unwrap());
    let second = person.hears(PROMPTS[1]).await;
    patiently(async {
        while letters.get(letter.id).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    person.chooses(&second, "Back", PROMPTS[0]).await;
    drop(first);
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_its_own_update_only() {
    let bot = LocalBot::start().await;
    let mut person = bot.town.person(1).await;
    let mut other = bot.town.person(2).await;
    person.begins().await;
    bot.panics_at_updates(2);
    let order = Order::of(1);
    // The third attempt goes through.
    person
        .asks(order.answers[0].as_deref().unwrap(), PROMPTS[1])
        .await;
    other.asks("/start", "I help you send a parcel").await;

    bot.panics_at_updates(5);
    person.says("1 Main St").await;
    person.hears(PUT_ASIDE).await;
    let listed = letters_of(&bot).list().await.unwrap().letters;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].reason, Reason::Panicked);
    assert!(listed[0].error.contains("on purpose"));
    person
        .asks(order.answers[1].as_deref().unwrap(), PROMPTS[2])
        .await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_can_not_be_read_is_put_aside_with_its_text() {
    let bot = LocalBot::start().await;
    let mut person = bot.town.person(1).await;
    person.asks("hello", "").await;
    let update = json!({"message": {"message_id": "not a number", "text": "who am I?"}});
    let id = bot.town.raw_update(update).await;
    bot.town.is_quiet().await;
    let letter = letters_of(&bot).get(LetterId(id)).await.unwrap().unwrap();
    assert_eq!(letter.reason, Reason::Unreadable);
    assert!(letter.raw.contains("who am I?"));
    person.asks("/help", "").await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_flood_is_cut_off_and_others_are_answered() {
    let bot = LocalBot::start().await;
    let mut flooder = bot.town.person(1).await;
    let mut other = bot.town.person(2).await;
    flooder.begins().await;
    // Their chat is slow, so that what they write piles up.
    let slow = json!({"bot": BOT, "chat": 1, "method": "sendMessage", "delay_ms": 50, "times": 10_000});
    bot.town.post("/sim/faults", slow).await;
    for _ in 0..200 {
        flooder.says("x").await;
    }
    let order = Order::of(2);
    other.orders(&order).await;

    bot.town.is_quiet().await;
    let told = bot.town.transcript(1).await;
    let told: Vec<_> = told
        .iter()
        .filter(|message| {
            message["text"]
                .as_str()
                .is_some_and(|text| text.contains(TOO_FAST))
        })
        .collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_answering_is_reminded_once_and_then_the_order_is_closed() {
    let bot = LocalBot::start_with(|settings| {
        settings.idle.shipping_reminder = Some(Duration::from_secs(2));
        settings.idle.shipping_timeout = Some(Duration::from_secs(5));
    })
    .await;
    let mut person = bot.town.person(1).await;
    let first = person.begins().await;
    person.hears("Your order is waiting for you").await;
    let again = person.hears(PROMPTS[0]).await;
    assert_eq!(again.text, first.text);
    person.sees_buttons_go(first.message_id).await;
    person.hears("I have closed your order").await;
    let menu = person.hears("I help you send a parcel").await;
    // It is over: nothing more is said, and a new order can be begun.
    person.hears_nothing_more().await;
    person.chooses(&menu, "New order", PROMPTS[0]).await;
    bot.stop().await;
}
