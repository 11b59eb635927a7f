//! What the shipping service refuses or fails at: the person is one step back, with the reason, and "try again" works.

use crate::order::{Order, PROMPTS};
use crate::town::Town;

/// The recipient's name, by its question.
const RECIPIENT: usize = 6;
const RECIPIENT_CITY: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn failed_prices_lead_back_to_the_summary_and_trying_again_helps() {
    let (town, bot) = Town::with_bot().await;
    for (id, name, reason) in [(1, "Server Error", "The shipping service doesn't work right now")] {
        let mut person = town.person(id).await;
        let order = Order::of(30).with(RECIPIENT, name);
        let summary = person.fills_in(&order).await;
        person
            .chooses(&summary, "Show prices", "Asking the carriers")
            .await;
        let failed = person.hears(reason).await;
        assert!(failed.text.starts_with("⚠️"), "{failed:#?}");
        assert!(failed.text.ends_with(&order.summary()), "{failed:#?}");
        person.chooses(&failed, "Try again", "Asking the carriers").await;
        let offers = person.hears("Tap the one you like").await;
        let confirmation = person.chooses(&offers, "UPS", "Shall I buy the label?").await;
        person.buys(&confirmation).await;
    }
    assert_eq!(town.labels().await.len(), 1);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_is_not_shown() {
    let (town, bot) = Town::with_bot().await;
    for (id, name) in [(1, "Rate Limited"), (2, "Slow Carrier"), (3, "Slow Label")] {
        let mut person = town.person(id).await;
        person.orders(&Order::of(31).with(RECIPIENT, name)).await;
    }
    assert_eq!(town.labels().await.len(), 3);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_knows_can_be_corrected() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(32);
    let summary = person
        .fills_in(&order.clone().with(RECIPIENT_CITY, "Nowhere"))
        .await;
    person
        .chooses(&summary, "Show prices", "Asking the carriers")
        .await;
    let failed = person.hears("The carrier can't find one of the addresses").await;
    let choice = person
        .chooses(&failed, "Edit", "Which answer shall we change?")
        .await;
    person.chooses(&choice, "To: city", PROMPTS[RECIPIENT_CITY]).await;
    let summary = person.asks("San Francisco", "Please check your order").await;
    assert_eq!(summary.text, order.summary());
    let confirmation = person.chooses_an_offer(&summary).await;
    person.buys(&confirmation).await;
    order.is_on(&town.labels().await[0]);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_nobody_takes_leads_back_to_the_summary() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    let order = Order::of(33).with(RECIPIENT, "No Rates");
    let summary = person.fills_in(&order).await;
    person
        .chooses(&summary, "Show prices", "Asking the carriers")
        .await;
    let failed = person.hears("No carrier offers to take this parcel").await;
    person
        .chooses(&failed, "Edit", "Which answer shall we change?")
        .await;
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_fails_leads_back_to_the_question_and_trying_again_buys_once() {
    let (town, bot) = Town::with_bot().await;
    for (id, name, reason) in [
        (1, "No Funds", "The shipping account is out of money"),
        (2, "Carrier Down", "The carrier"),
        (3, "Failed Label", "⚠️"),
    ] {
        let mut person = town.person(id).await;
        let order = Order::of(34).with(RECIPIENT, name);
        let summary = person.fills_in(&order).await;
        let confirmation = person.chooses_an_offer(&summary).await;
        person.taps(&confirmation, "Buy for").await;
        let failed = person.hears_at_last(reason).await;
        assert!(failed.text.starts_with("⚠️"), "{failed:#?}");
        assert!(failed.text.contains("Shall I buy the label?"), "{failed:#?}");
        person.taps(&failed, "Try again").await;
        person.gets_the_label().await;
        let labels = town.labels().await;
        let good = labels
            .iter()
            .filter(|label| label["ship_to"]["name"] == name && label["status"] == "completed");
        assert_eq!(good.count(), 1, "{labels:#?}");
    }
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_whose_answer_is_lost_is_looked_up_and_bought_once() {
    let (town, bot) = Town::with_bot().await;
    for (id, name) in [(1, "Lost Answer"), (2, "Lost Order")] {
        let mut person = town.person(id).await;
        let order = Order::of(35).with(RECIPIENT, name);
        let summary = person.fills_in(&order).await;
        let confirmation = person.chooses_an_offer(&summary).await;
        person.buys(&confirmation).await;
        let labels = town.labels().await;
        let theirs = labels.iter().filter(|label| label["ship_to"]["name"] == name);
        assert_eq!(theirs.count(), 1, "{labels:#?}");
    }
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_can_be_given_back_or_not() {
    let (town, bot) = Town::with_bot().await;
    for (id, name, answer) in [
        (1, "Ordinary Recipient", "The label is void."),
        (2, "Used Label", "This label has been used"),
    ] {
        let mut person = town.person(id).await;
        let order = Order::of(36).with(RECIPIENT, name);
        person.orders(&order).await;
        let done = person.heard.last().cloned().expect("a question");
        let question = person
            .chooses(&done, "Void the label", "Shall I void the label")
            .await;
        person.chooses(&question, "Yes", answer).await;
        person.hears("All done").await;
    }
    bot.has_not_panicked();
}

/// A parcel like somebody else's: its prices are known, and the label bears the right names all the same.
#[tokio::test(flavor = "multi_thread")]
async fn known_prices_are_shown_at_once_and_the_label_is_the_persons_own() {
    let (town, bot) = Town::with_bot().await;
    let mut other = town.person(1).await;
    other.orders(&Order::of(37).with(RECIPIENT, "Bob Ray")).await;
    let mut person = town.person(2).await;
    let order = Order::of(37).with(RECIPIENT, "Eve Poe");
    let summary = person.fills_in(&order).await;
    let offers = person
        .chooses(&summary, "Show prices", "Tap the one you like")
        .await;
    assert!(offers.text.contains("These prices hold until"), "{offers:#?}");
    let confirmation = person.chooses(&offers, "USPS", "Shall I buy the label?").await;
    person
        .chooses(
            &confirmation,
            "Buy for",
            "Asking the carrier to confirm the price",
        )
        .await;
    person.gets_the_label().await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 2, "each has a label of their own");
    let names: Vec<_> = labels.iter().map(|label| &label["ship_to"]["name"]).collect();
    assert!(names.iter().any(|name| **name == "Eve Poe"), "{names:?}");
    bot.has_not_panicked();
}
