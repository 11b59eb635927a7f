//! A group that becomes a supergroup has another id, and everybody in it goes on where they were.

use std::sync::Arc;

use serde_json::json;

use crate::order::{Order, PROMPTS, QUESTIONS};
use crate::person::{Heard, Person};
use crate::town::{BOT, Town};

const GROUP: i64 = -900;

/// Lets the group become a supergroup; answers its new id.
async fn migrate(town: &Town) -> i64 {
    let begun = json!({"bot": BOT, "person": 1, "chat": GROUP});
    let answer = town.post("/sim/migrate", begun).await;
    answer["chat"].as_i64().expect("an id")
}

/// The same person, in the supergroup.
async fn there(town: &Arc<Town>, person: &Person, supergroup: i64) -> Person {
    town.person_in_group(person.id, supergroup).await
}

async fn finishes(person: &mut Person, order: &Order, from: usize, mut prompt: Heard) {
    for question in from..QUESTIONS {
        prompt = person.answers(order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    let confirmation = person.chooses_an_offer(&prompt).await;
    person.buys(&confirmation).await;
    person.hears_nothing_more().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_on_in_the_supergroup() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person_in_group(1, GROUP).await;
    let (order, others) = (Order::of(21), Order::of(22));
    let first = person.begins().await;
    person.answers(&order, 0, &first).await;
    drop(person);
    // One ear per chat: the second person listens when the first has left off.
    let mut other = town.person_in_group(2, GROUP).await;
    other.begins().await;

    let supergroup = migrate(&town).await;
    let mut person = town.person_in_group(1, supergroup).await;
    let prompt = person
        .asks(order.answers[1].as_deref().expect("an address"), PROMPTS[2])
        .await;
    finishes(&mut person, &order, 2, prompt).await;
    drop(person);

    let mut other = there(&town, &other, supergroup).await;
    let prompt = other
        .asks(others.answers[0].as_deref().expect("a name"), PROMPTS[1])
        .await;
    finishes(&mut other, &others, 1, prompt).await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 2);
    order.is_on(&labels[0]);
    others.is_on(&labels[1]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_over_the_move_leaves_it_to_the_next() {
    for _ in 0..4 {
        let (town, mut bot) = Town::with_bot().await;
        let mut person = town.person_in_group(1, GROUP).await;
        let order = Order::of(23);
        person.begins().await;
        let supergroup = migrate(&town).await;
        let mut person = there(&town, &person, supergroup).await;
        person.says(order.answers[0].as_deref().expect("a name")).await;
        bot.kill();
        bot.restart();
        // What was said when the group moved may be said again here, and the answer may be sent twice, when the process
        // died before it could acknowledge it.
        let mut prompt = person.next().await;
        while prompt.text.contains(PROMPTS[0]) {
            prompt = person.next().await;
        }
        assert!(prompt.text.contains(PROMPTS[1]), "{prompt:#?}");
        let said = order.answers[1].as_deref().expect("an address");
        person.says(said).await;
        let mut next = person.next().await;
        while next.text == prompt.text || next.text.contains(PROMPTS[0]) {
            next = person.next().await;
        }
        assert!(next.text.contains(PROMPTS[2]), "{next:#?}");
        bot.has_not_panicked();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_is_bought_meanwhile_comes_to_the_supergroup() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person_in_group(1, GROUP).await;
    let order = Order::of(24);
    let summary = person.fills_in(&order).await;
    let confirmation = person.chooses_an_offer(&summary).await;
    let slow = json!({"operation": "buy", "delay_ms": 2_000, "times": 1});
    town.post("/shipping/sim/faults", slow).await;
    person.taps(&confirmation, "Buy for").await;
    let supergroup = migrate(&town).await;
    let mut person = there(&town, &person, supergroup).await;
    let mut label = person.next().await;
    while !label.text.contains("Your label is ready") {
        // What was said when the group moved may be said again here.
        assert!(label.text.contains("Buying"), "{label:#?}");
        label = person.next().await;
    }
    assert!(label.document.is_some());
    assert_eq!(town.labels().await.len(), 1);
    bot.has_not_panicked();
}
