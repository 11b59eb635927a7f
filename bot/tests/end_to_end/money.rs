//! What people pay: short of money, credited by an admin, charged when the label is there, given back when it is void.

use stepkeep::money::{Currency, Money};
use stepkeep_core::UserId;

use crate::local_bot::LocalBot;
use crate::order::Order;

const ADMIN: i64 = 9;

async fn bot_without_welcome() -> LocalBot {
    LocalBot::start_with(|settings| {
        settings.admins = [UserId(ADMIN)].into();
        let config = &mut settings.ledger.config;
        config.admins = [UserId(ADMIN)].into();
        config.welcome_credit = Money::zero(Currency::USD);
    })
    .await
}

/// The dollars behind a sign in a text, in cents.
fn dollars(text: &str, before: &str) -> i64 {
    let (_, rest) = text.split_once(before).expect("an amount");
    let rest = rest.trim_start_matches('$');
    let digits: String = rest
        .chars()
        .take_while(|character| character.is_ascii_digit() || matches!(character, '.' | ','))
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().expect("digits")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_short_is_told_what_is_missing_and_a_credit_helps() {
    let bot = bot_without_welcome().await;
    let (mut anna, mut admin) = (bot.town.person(1).await, bot.town.person(ADMIN).await);
    let summary = anna.fills_in(&Order::of(70)).await;
    let confirmation = anna.chooses_an_offer(&summary).await;
    let price = dollars(&confirmation.text, "Price: ");
    anna.taps(&confirmation, "Buy for").await;
    let short = anna.hears_at_last("Your balance is short of").await;
    assert_eq!(dollars(&short.text, "short of "), price, "{short:#?}");
    assert!(short.text.contains("Shall I buy the label?"), "{short:#?}");
    assert!(
        bot.town.labels().await.is_empty(),
        "nothing is bought without money"
    );

    admin
        .asks("/credit 1 100.00 bank transfer", "can spend $100.00 now")
        .await;
    admin.asks("/credit 1 a lot", "Usage: /credit").await;
    anna.taps(&short, "Try again").await;
    let label = anna.gets_the_label().await;
    assert_eq!(dollars(&label.text, "💳 $"), price, "{label:#?}");
    assert_eq!(dollars(&label.text, "You have $"), 10_000 - price, "{label:#?}");
    assert_eq!(bot.town.labels().await.len(), 1);

    let done = anna.heard.last().expect("what can be done now").clone();
    let question = anna.chooses(&done, "Void", "Shall I void the label").await;
    anna.taps(&question, "Yes").await;
    let void = anna.hears("is back on your balance").await;
    anna.hears("All done").await;
    assert_eq!(dollars(&void.text, "You have $"), 10_000, "{void:#?}");

    let balance = anna.asks("/balance", "You can spend $100.00").await;
    anna.taps(&balance, "History").await;
    let history = anna.sees_edited("newest first").await;
    for part in ["bank transfer", "given back", "−$"] {
        assert!(history.text.contains(part), "{history:#?}");
    }
    // What was there before goes on.
    anna.presses(history.message_id, history.button("Back")).await;
    anna.hears("All done").await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_admins_are_unknown_to_others() {
    let bot = bot_without_welcome().await;
    let (mut anna, mut admin) = (bot.town.person(1).await, bot.town.person(ADMIN).await);
    anna.asks("/credit 1 100.00", "I don't know the command /credit")
        .await;
    anna.asks("/user 1", "I don't know the command /user").await;
    anna.asks("/balance", "You can spend $0.00").await;
    admin.asks("/user 1", "Can spend: $0.00").await;
    admin
        .asks("/balance", "You are an admin, and can spend $100.00 more today")
        .await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_buys_and_charges_nothing_and_says_so() {
    let bot = LocalBot::start_with(|settings| settings.ledger.config.dry_run = true).await;
    let mut anna = bot.town.person(1).await;
    let summary = anna.fills_in(&Order::of(71)).await;
    let confirmation = anna.chooses_an_offer(&summary).await;
    anna.taps(&confirmation, "Buy for").await;
    let label = anna.gets_the_label().await;
    assert!(
        label.text.contains("This is a dry run: nothing was charged"),
        "{label:#?}"
    );
    anna.asks("/balance", "You can spend $1,000.00").await;
    bot.stop().await;
}
