//! The ways through an order: back, skip, edit, cancel, begin again, change the language, in a group, and away.

use serde_json::json;

use crate::order::{OPTIONAL, Order, PROMPTS, QUESTIONS};
use crate::town::{BOT, Town};

#[tokio::test(flavor = "multi_thread")]
async fn back_works_in_every_step_and_the_answer_can_be_given_anew() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(11);
    let other = Order::of(12);
    let mut prompt = person.begins().await;
    for (question, asked) in PROMPTS.into_iter().enumerate() {
        // Another person's answer first; then back, and the right one.
        let next = person.answers(&other, question, &prompt).await;
        let again = person.chooses(&next, "Back", asked).await;
        prompt = person.answers(&order, question, &again).await;
    }
    assert_eq!(prompt.text, order.summary());

    // Back from the prices, and from the question whether to buy.
    person
        .chooses(&prompt, "Show prices", "Asking the carriers")
        .await;
    let offers = person.hears("Tap the one you like").await;
    let summary = person.chooses(&offers, "Back", "Please check your order").await;
    assert_eq!(summary.text, order.summary());
    let confirmation = person.chooses_an_offer(&summary).await;
    let offers = person
        .chooses(&confirmation, "Back", "Tap the one you like")
        .await;
    let confirmation = person.chooses(&offers, "FedEx", "Shall I buy the label?").await;
    let offers = person
        .chooses(&confirmation, "Other offers", "Tap the one you like")
        .await;
    let confirmation = person.chooses(&offers, "UPS", "You chose UPS").await;
    person.buys(&confirmation).await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["carrier_code"], "ups");
    order.is_on(&labels[0]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn back_all_the_way_from_the_summary_ends_in_the_main_menu() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let mut prompt = person.fills_in(&Order::of(13)).await;
    for question in (0..QUESTIONS).rev() {
        prompt = person.chooses(&prompt, "Back", PROMPTS[question]).await;
    }
    person.chooses(&prompt, "Back", "I help you send a parcel").await;
    person.hears_nothing_more().await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_skipped_can_be_and_an_earlier_answer_goes() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let mut order = Order::of(14)
        .with(5, "5125550114")
        .with(11, "4155550114")
        .with(13, "9 x 6 x 4 in");
    let mut prompt = person.begins().await;
    for (question, asked) in PROMPTS.into_iter().enumerate() {
        let next = person.answers(&order, question, &prompt).await;
        prompt = if OPTIONAL.contains(&question) {
            let again = person.chooses(&next, "Back", asked).await;
            order.answers[question] = None;
            person.answers(&order, question, &again).await
        } else {
            next
        };
    }
    assert_eq!(prompt.text, order.summary());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_can_be_edited_from_the_summary() {
    const BUTTONS: [&str; QUESTIONS] = [
        "From: name",
        "From: address",
        "From: city",
        "From: state",
        "From: ZIP",
        "From: phone",
        "To: name",
        "To: address",
        "To: city",
        "To: state",
        "To: ZIP",
        "To: phone",
        "Weight",
        "Size",
    ];
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let mut order = Order::of(15);
    let other = Order::of(17);
    let mut summary = person.fills_in(&order).await;
    for (question, (asked, button)) in PROMPTS.into_iter().zip(BUTTONS).enumerate() {
        let choice = person
            .chooses(&summary, "Edit", "Which answer shall we change?")
            .await;
        // Back from a question that is only edited leads to the summary, with the answer as it was.
        let prompt = person.chooses(&choice, button, asked).await;
        let unchanged = person.chooses(&prompt, "Back", "Please check your order").await;
        assert_eq!(unchanged.text, order.summary());
        let choice = person
            .chooses(&unchanged, "Edit", "Which answer shall we change?")
            .await;
        let prompt = person.chooses(&choice, button, asked).await;
        order.answers[question].clone_from(&other.answers[question]);
        match &order.answers[question] {
            Some(text) => drop(person.says(text).await),
            None => drop(person.taps(&prompt, "Skip").await),
        }
        summary = person.hears("Please check your order").await;
        assert_eq!(summary.text, order.summary());
    }
    let choice = person
        .chooses(&summary, "Edit", "Which answer shall we change?")
        .await;
    let summary = person.chooses(&choice, "Back", "Please check your order").await;
    let confirmation = person.chooses_an_offer(&summary).await;
    person.buys(&confirmation).await;
    other.is_on(&town.labels().await[0]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_and_start_work_in_every_step() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(16);
    person.asks("/cancel", "There is nothing to cancel").await;
    let steps = QUESTIONS + 3;
    for last in 0..steps {
        let mut prompt = person.begins().await;
        for question in 0..last.min(QUESTIONS) {
            prompt = person.answers(&order, question, &prompt).await;
        }
        if last > QUESTIONS {
            prompt = person.sees_prices(&prompt).await;
        }
        if last > QUESTIONS + 1 {
            prompt = person.chooses(&prompt, "USPS", "Shall I buy the label?").await;
        }
        match last % 3 {
            0 => drop(person.asks("/cancel", "Cancelled").await),
            1 => drop(person.chooses(&prompt, "Cancel", "Cancelled").await),
            // What is begun anew begins with nothing.
            _ => continue,
        }
        person.hears("I help you send a parcel").await;
    }
    person.orders(&order).await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 1);
    order.is_on(&labels[0]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_changes_in_the_middle_of_a_step_and_the_step_is_asked_in_it() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(18);
    let mut prompt = person.begins().await;
    for (question, asked) in PROMPTS.into_iter().enumerate() {
        let choice = person.asks("/language", "Which language shall I speak?").await;
        let russian = person.chooses(&choice, "Русский", "").await;
        assert!(
            russian.text.chars().any(|letter| ('а'..='я').contains(&letter)),
            "{russian:#?}"
        );
        assert!(
            russian.text.contains(&format!("{} ", question + 1)),
            "{russian:#?}"
        );
        let choice = person.asks("/language", "").await;
        prompt = person.chooses(&choice, "English", asked).await;
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_spoken_to_in_the_language_of_their_telegram() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person_who_speaks(1, "ru").await;
    let menu = person.asks("/start", "").await;
    let prompt = person.chooses(&menu, "заказ", "").await;
    assert!(
        prompt.text.chars().any(|letter| ('а'..='я').contains(&letter)),
        "{prompt:#?}"
    );
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_made_in_a_group_while_others_talk() {
    let (town, bot) = Town::with_bot().await;
    let group = -700;
    let stranger = town.person_in_group(2, group).await;
    let mut person = town.person_in_group(1, group).await;
    let order = Order::of(19);
    stranger.says("what a lovely day").await;
    let mut prompt = person.begins().await;
    for question in 0..QUESTIONS {
        stranger.says("is anybody there?").await;
        prompt = person.answers(&order, question, &prompt).await;
    }
    assert_eq!(prompt.text, order.summary());
    let confirmation = person.chooses_an_offer(&prompt).await;
    person.buys(&confirmation).await;
    person.hears_nothing_more().await;
    order.is_on(&town.labels().await[0]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_blocks_the_bot_is_left_alone_and_can_come_back() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let first = person.begins().await;
    person.answers(&Order::of(20), 0, &first).await;
    let block = |blocked: bool| json!({"bot": BOT, "person": 1, "blocked": blocked});
    // The answer to this is refused, whether it is sent before or after the block is known.
    person.says("1 Main St").await;
    town.post("/sim/block", block(true)).await;
    town.is_quiet().await;
    town.post("/sim/block", block(false)).await;
    town.is_quiet().await;
    let order = Order::of(21);
    person.says("/start").await;
    // An answer that was faster than the block is heard first.
    while !person.next().await.text.contains("I help you send a parcel") {}
    person.hears_nothing_more().await;
    person.orders(&order).await;
    order.is_on(&town.labels().await[0]);
    assert!(bot.is_alive());
    bot.has_not_panicked();
}
