//! A bot that Telegram calls.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bot_process::{BotProcess, webhook_settings};
use crate::kills::{Redelivery, every_order_was_made_once, order};
use crate::order::Order;
use crate::town::{TOKEN, Town, patiently};

const ORDERS: usize = 60;
const KILLS: usize = 12;

/// What Telegram knows of the webhook.
pub(crate) async fn webhook_info(town: &Town) -> Value {
    town.get(&format!("/bot{TOKEN}/getWebhookInfo")).await["result"].clone()
}

/// Waits until Telegram has been told where to call.
pub(crate) async fn is_set(town: &Town, port: u16) {
    let url = format!("http://127.0.0.1:{port}/hook");
    patiently(async {
        while webhook_info(town).await["url"] != url {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

async fn town_with_webhook() -> (Arc<Town>, BotProcess, u16) {
    let town = Town::hasty().await;
    let (settings, port) = webhook_settings(None);
    let bot = BotProcess::start_with(&town.sandbox.url(), settings).await;
    is_set(&town, port).await;
    (town, bot, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_order_by_webhook() {
    let town = Town::hasty().await;
    let mut person = town.person(1).await;
    // Somebody wrote before there was a webhook.
    person.says("hello").await;
    let (settings, port) = webhook_settings(None);
    let mut bot = BotProcess::start_with(&town.sandbox.url(), settings).await;
    is_set(&town, port).await;
    person.hears("").await;

    let order = Order::of(7);
    person.orders(&order).await;
    person.hears_nothing_more().await;
    let labels = town.labels().await;
    assert_eq!(labels.len(), 1);
    order.is_on(&labels[0]);

    let info = webhook_info(&town).await;
    assert_eq!(info["max_connections"], 40);
    assert_eq!(
        info["allowed_updates"],
        json!([
            "message",
            "edited_message",
            "callback_query",
            "pre_checkout_query",
            "my_chat_member"
        ])
    );
    assert_eq!(
        town.get("/sim/calls?method=getUpdates").await,
        json!([]),
        "nobody polls"
    );
    assert_eq!(bot.stop().await, Some(0));
    assert_eq!(
        webhook_info(&town).await["url"],
        info["url"],
        "stopping leaves the webhook"
    );
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_by_webhook_survive_kills_at_random_moments() {
    let setting = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = setting("STEPKEEP_TEST_SEED").unwrap_or_else(rand::random);
    let kills =
        setting("STEPKEEP_TEST_KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("a number"));
    println!("STEPKEEP_TEST_SEED={seed} STEPKEEP_TEST_KILLS={kills}");
    let mut rng = StdRng::seed_from_u64(seed);

    let (town, mut bot, _) = town_with_webhook().await;
    let began = Instant::now();
    let mut orders = JoinSet::new();
    for number in 0..ORDERS {
        let person = town
            .person(10_000 + i64::try_from(number).expect("a small number"))
            .await;
        orders.spawn(order(person, Order::of(number), Redelivery::InLanes, None));
    }
    let mut killed = Vec::new();
    let mut done = Vec::new();
    while let Some(event) = tokio::select! {
        order = orders.join_next() => order.map(Some),
        () = sleep(Duration::from_millis(rng.random_range(300..1_500))), if killed.len() < kills => Some(None),
    } {
        if let Some(order) = event {
            done.push(order.expect("an order to its end"));
        } else {
            assert!(bot.is_alive(), "the bot ended by itself");
            killed.push(Instant::now());
            bot.kill();
            bot.restart();
        }
    }
    println!(
        "{} orders, {} kills in {:.1} s",
        done.len(),
        killed.len(),
        began.elapsed().as_secs_f64()
    );
    every_order_was_made_once(&town, &done, &killed).await;
    town.is_quiet().await;
    assert!(bot.is_alive());
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_under_load_loses_nothing_and_says_nothing_twice() {
    let (town, mut bot, _) = town_with_webhook().await;
    let mut orders = JoinSet::new();
    for number in 0..20_usize {
        let mut person = town
            .person(100 + i64::try_from(number).expect("a small number"))
            .await;
        orders.spawn(async move {
            let order = Order::of(number);
            person.orders(&order).await;
            person.hears_nothing_more().await;
        });
    }
    let mut stops = 0;
    while let Some(event) = tokio::select! {
        order = orders.join_next() => order.map(Some),
        () = sleep(Duration::from_millis(700)), if stops < 4 => Some(None),
    } {
        if let Some(order) = event {
            order.expect("an order to its end");
        } else {
            assert_eq!(bot.stop().await, Some(0));
            bot.restart();
            stops += 1;
        }
    }
    assert_eq!(town.labels().await.len(), 20);
    assert!(stops > 0);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_ends_the_bot_and_leaves_the_webhook() {
    let (town, bot, port) = town_with_webhook().await;
    let (mut settings, _) = webhook_settings(None);
    settings.retain(|(name, _)| *name != "STEPKEEP_WEBHOOK_LISTEN");
    settings.push(("STEPKEEP_WEBHOOK_LISTEN", format!("127.0.0.1:{port}")));
    let mut other = bot.start_another_with(&town.sandbox.url(), settings);
    patiently(async {
        while other.is_alive() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(other.log().contains("can't listen at"), "{}", other.log());
    is_set(&town, port).await;
    let mut person = town.person(1).await;
    person.asks("/help", "I take shipping orders").await;
}
