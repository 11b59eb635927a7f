//! What comes twice, late or from nowhere changes nothing.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::order::{Order, PROMPTS, QUESTIONS};
use crate::town::{BOT, Town, patiently};

const FOREIGN: &str = "These buttons are for somebody else. Send /start for your own.";
const OUTDATED: &str = "This menu is out of date. Please use the buttons of my latest message.";

impl Town {
    /// Delivers an update once more, and waits until the bot has dealt with it.
    async fn redeliver(&self, update_id: i64) {
        self.is_quiet().await;
        self.post("/sim/redeliver", json!({"bot": BOT, "update_id": update_id}))
            .await;
        self.is_quiet().await;
    }

    /// The calls that were to take the buttons of a message away.
    async fn removals(&self, message_id: i64) -> Vec<Value> {
        let path = format!("/sim/calls?bot={BOT}&method=editMessageReplyMarkup");
        let Value::Array(mut calls) = self.get(&path).await else {
            panic!("a list of calls")
        };
        calls.retain(|call| call["params"]["message_id"] == message_id);
        calls
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_which_every_update_comes_twice_is_made_once() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(1);
    let mut updates = Vec::new();

    updates.push(person.says("/start").await.0);
    let menu = person.hears("I help you send a parcel").await;
    town.redeliver(updates[0]).await;
    updates.push(person.taps(&menu, "New order").await.0);
    let mut prompt = person.hears(PROMPTS[0]).await;
    town.redeliver(updates[1]).await;
    for question in 0..QUESTIONS {
        let update = match &order.answers[question] {
            Some(text) => person.says(text).await.0,
            None => person.taps(&prompt, "Skip").await.0,
        };
        let next = PROMPTS.get(question + 1);
        prompt = person.hears(next.unwrap_or(&"Please check your order")).await;
        town.redeliver(update).await;
        updates.push(update);
    }
    assert_eq!(prompt.text, order.summary());
    for (button, answers) in [
        (
            "Show prices",
            ["Asking the carriers", "Tap the one you like"].as_slice(),
        ),
        ("USPS", &["Shall I buy the label?"]),
        ("Buy for", &["Your label is ready", "All done"]),
    ] {
        let update = person.taps(&prompt, button).await.0;
        for answer in answers {
            prompt = person.hears(answer).await;
        }
        town.redeliver(update).await;
        updates.push(update);
    }
    // All of them once more, in the wrong order.
    for update in updates.into_iter().rev() {
        town.redeliver(update).await;
    }
    person.hears_nothing_more().await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 1);
    order.is_on(&labels[0]);
    assert!(bot.is_alive());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tap_on_the_same_button_changes_nothing() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(2);
    let summary = person.fills_in(&order).await;
    let buy = person.chooses_an_offer(&summary).await;
    // A nervous finger: three updates, each with an id of its own.
    let mut queries = Vec::new();
    for _ in 0..3 {
        queries.push(person.taps(&buy, "Buy for").await.1);
    }
    person.gets_the_label().await;
    for query in queries {
        person.answer_of(&query).await;
    }
    person.hears_nothing_more().await;
    assert_eq!(town.labels().await.len(), 1);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_answers_at_once_answer_two_questions() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(3);
    person.begins().await;
    for text in order.answers[..2].iter().flatten() {
        person.says(text).await;
    }
    person.hears(PROMPTS[1]).await;
    let mut prompt = person.hears(PROMPTS[2]).await;
    for question in 2..QUESTIONS {
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    person.hears_nothing_more().await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_an_old_keyboard_is_answered_and_the_keyboard_goes() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(4);
    let first = person.begins().await;
    let second = person.answers(&order, 0, &first).await;
    // The process forgets which message has the buttons, so that those of the first stay until they are pressed.
    town.is_quiet().await;
    bot.kill();
    bot.restart();
    let (_, query) = person.taps(&first, "Back").await;
    assert_eq!(person.answer_of(&query).await["text"], OUTDATED);
    person.sees_buttons_go(first.message_id).await;
    person.hears_nothing_more().await;

    let mut prompt = second;
    for question in 1..QUESTIONS {
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_of_an_answered_question_goes() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let first = person.begins().await;
    person.answers(&Order::of(5), 0, &first).await;
    person.sees_buttons_go(first.message_id).await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_taps_are_answered_as_out_of_date() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let mut other = town.person(2).await;
    let order = Order::of(6);
    let first = person.begins().await;
    let token_of_other = other.begins().await.button("Cancel").to_owned();
    let token = first
        .button("Cancel")
        .split_once(':')
        .expect("a token")
        .0
        .to_owned();
    let longest = "я".repeat(32);
    for data in [
        "",
        "buy",
        "cancel",
        &longest,
        &"x".repeat(64),
        &token_of_other,
        &format!("{token}:99"),
        &format!("{token}:-1"),
        &format!("{token}:18446744073709551616"),
        &format!("{token}:"),
        &token,
    ] {
        let (_, query) = person.presses(first.message_id, data).await;
        assert_eq!(person.answer_of(&query).await["text"], OUTDATED, "{data:?}");
    }
    // A message that never was.
    let (_, query) = person.presses(999_999_999, "x:0").await;
    assert_eq!(person.answer_of(&query).await["text"], OUTDATED);
    person.hears_nothing_more().await;

    let mut prompt = first;
    for question in 0..QUESTIONS {
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    assert!(bot.is_alive());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_group_nobody_presses_the_buttons_of_another() {
    let (town, bot) = Town::with_bot().await;
    let group = -500;
    let stranger = town.person_in_group(2, group).await;
    let mut person = town.person_in_group(1, group).await;
    let first = person.begins().await;
    let (_, query) = stranger.taps(&first, "Cancel").await;
    assert_eq!(stranger.answer_of(&query).await["text"], FOREIGN);
    person.hears_nothing_more().await;
    let transcript = town.transcript(group).await;
    let message = transcript
        .iter()
        .find(|message| message["message_id"] == first.message_id);
    assert!(
        message.unwrap()["inline_keyboard"].is_array(),
        "they stay for whom they are"
    );
    // The owner's buttons still do what they say.
    person.chooses(&first, "Cancel", "Cancelled").await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_buttons_are_taken_away_once_however_often_they_are_pressed() {
    let (town, _bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let first = person.begins().await;
    person.chooses(&first, "Cancel", "Cancelled").await;
    person.sees_buttons_go(first.message_id).await;
    for number in 0..5 {
        let (_, query) = person
            .presses(first.message_id, &format!("{number}-of-nowhere:0"))
            .await;
        assert_eq!(person.answer_of(&query).await["text"], OUTDATED);
    }
    town.is_quiet().await;
    let removals = town.removals(first.message_id).await;
    assert_eq!(removals.len(), 1, "{removals:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_that_could_not_be_taken_away_go_when_somebody_presses_them() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let first = person.begins().await;
    let failure = json!({"bot": BOT, "method": "editMessageReplyMarkup", "status": 502, "times": 1_000});
    town.post("/sim/faults", failure).await;
    person.answers(&Order::of(5), 0, &first).await;
    let failed = patiently(async {
        loop {
            let removals = town.removals(first.message_id).await;
            if !removals.is_empty() {
                return removals;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    let failed = failed.await;
    assert!(failed.iter().all(|call| call["status"] == 502), "{failed:?}");
    town.call(Method::DELETE, "/sim/faults", None).await;

    // Until the bot has heard of its failure, it takes the buttons for gone.
    let pressed = patiently(async {
        while town.removals(first.message_id).await.len() == failed.len() {
            let (_, query) = person.taps(&first, "Cancel").await;
            assert_eq!(person.answer_of(&query).await["text"], OUTDATED);
        }
    });
    pressed.await;
    person.sees_buttons_go(first.message_id).await;
    bot.has_not_panicked();
}
