//! The log says where everybody is, and nothing about who they are.

use std::time::Duration;

use crate::bot_process::BotProcess;
use crate::order::Order;
use crate::town::{API_KEY, TOKEN, Town, patiently};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_ids_and_durations_but_neither_secrets_nor_answers() {
    let (town, bot) = Town::with_bot().await;
    let mut person = town.person(4_711).await;
    let order = Order::of(7).with(5, "5125550107").with(11, "4155550107");
    person.orders(&order).await;
    // A wrong answer, and an error of the carrier, are logged too.
    let mut other = town.person(4_712).await;
    let fails = Order::of(8).with(8, "Nowhere");
    let summary = other.fills_in(&fails).await;
    other
        .chooses(&summary, "Show prices", "Asking the carriers")
        .await;
    other.hears("⚠️").await;
    town.is_quiet().await;

    let log = bot.log();
    for part in [
        "chat_id=4711",
        "user_id=4711",
        "update_id=",
        "flow=\"shipping\"",
        "step=\"sender_city\"",
        "step=\"done\"",
        "duration_ms=",
    ] {
        assert!(log.contains(part), "the log has no {part}");
    }
    let line = log
        .lines()
        .find(|line| line.contains("answered") && line.contains("step=\"sender_city\""))
        .expect("the line of a turn");
    for field in ["chat_id=", "user_id=", "flow=", "update_id=", "duration_ms="] {
        assert!(line.contains(field), "no {field} in {line}");
    }

    let secret_of = |token: &str| token.split_once(':').expect("a colon").1.to_owned();
    let mut private = vec![API_KEY.to_owned(), secret_of(TOKEN)];
    for order in [&order, &fails] {
        let longer_than_a_number = |answer: &&String| answer.len() > 6;
        private.extend(
            order
                .answers
                .iter()
                .flatten()
                .filter(longer_than_a_number)
                .cloned(),
        );
    }
    private.extend(
        [
            "555-01",
            "O'Neil",
            "Lopez",
            "Congress",
            "Market St",
            "San Francisco",
            "Nowhere",
        ]
        .map(str::to_owned),
    );
    for secret in private {
        assert!(!log.contains(&secret), "the log has {secret:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_turn_is_told_with_its_ids_by_the_default_log() {
    let town = Town::new().await;
    let settings = [("STEPKEEP_LOG", "info"), ("STEPKEEP_SLOW_INFO", "1ms")];
    let settings = settings.map(|(name, value)| (name, value.to_owned()));
    let bot = BotProcess::start_with(&town.sandbox.url(), settings.into()).await;
    let mut person = town.person(4_713).await;
    person.says("/start").await;
    person.next().await;
    patiently(async {
        while !bot.log().contains(": answered") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;

    let log = bot.log();
    let line = log.lines().find(|line| line.contains(": answered")).unwrap();
    assert!(
        line.contains(" INFO turn{chat_id=4713 user_id=4713 update_id="),
        "{line}"
    );
    assert!(!log.contains("DEBUG"), "{log}");
}
