//! Several processes of one bot behind one address, on one store.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::balancer::Balancer;
use crate::bot_process::{BotProcess, webhook_settings};
use crate::kills::{Done, Redelivery, every_order_was_made_once, order};
use crate::order::Order;
use crate::town::Town;
use crate::webhook::is_set;

/// Processes behind a balancer.
struct Replicas {
    town: Arc<Town>,
    bots: Vec<BotProcess>,
    _balancer: Balancer,
}

impl Replicas {
    async fn start(count: usize) -> Self {
        let town = Town::hasty().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let public = listener.local_addr().expect("an address").port();
        let sandbox = town.sandbox.url();
        let (settings, port) = webhook_settings(Some(public));
        let mut ports = vec![port];
        let mut bots = vec![BotProcess::start_with(&sandbox, settings).await];
        // All begin at once, and tell Telegram the same.
        for _ in 1..count {
            let (settings, port) = webhook_settings(Some(public));
            ports.push(port);
            bots.push(bots[0].start_another_with(&sandbox, settings));
        }
        let balancer = Balancer::start(listener, ports);
        is_set(&town, balancer.port()).await;
        Self {
            town,
            bots,
            _balancer: balancer,
        }
    }

    async fn orders(&self, numbers: std::ops::Range<usize>) -> JoinSet<Done> {
        let mut orders = JoinSet::new();
        for number in numbers {
            let person = self
                .town
                .person(10_000 + i64::try_from(number).expect("a small number"))
                .await;
            orders.spawn(order(person, Order::of(number), Redelivery::InLanes, None));
        }
        orders
    }

    /// Fails unless every process had its share.
    fn all_have_worked(&self) {
        for bot in &self.bots {
            assert!(bot.log().contains("answered"), "a process had nothing to do");
            bot.has_not_panicked();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_orders_and_either_may_die() {
    let mut replicas = Replicas::start(2).await;
    let mut orders = replicas.orders(0..40).await;
    let mut killed = Vec::new();
    let mut ticks = interval(Duration::from_millis(900));
    let mut done = Vec::new();
    while let Some(event) = tokio::select! {
        order = orders.join_next() => order.map(Some),
        _ = ticks.tick(), if killed.len() < 6 => Some(None),
    } {
        if let Some(order) = event {
            done.push(order.expect("an order to its end"));
        } else {
            let bot = &mut replicas.bots[killed.len() % 2];
            killed.push(Instant::now());
            bot.kill();
            bot.restart();
        }
    }
    assert!(!killed.is_empty(), "the load ended before the kills");
    every_order_was_made_once(&replicas.town, &done, &killed).await;
    replicas.town.is_quiet().await;
    replicas.all_have_worked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_loses_nothing_and_says_nothing_twice() {
    let mut replicas = Replicas::start(3).await;
    let mut orders = replicas.orders(0..120).await;
    let mut restarted = 0;
    // By the clock, however fast orders come to their end.
    let mut ticks = interval(Duration::from_millis(600));
    let mut done = Vec::new();
    while let Some(event) = tokio::select! {
        order = orders.join_next() => order.map(Some),
        _ = ticks.tick(), if restarted < 6 => Some(None),
    } {
        if let Some(order) = event {
            done.push(order.expect("an order to its end"));
        } else {
            let bot = &mut replicas.bots[restarted % 3];
            assert_eq!(bot.stop().await, Some(0));
            bot.restart();
            restarted += 1;
        }
    }
    assert!(restarted >= 3, "the load ended before the restarts");
    every_order_was_made_once(&replicas.town, &done, &[]).await;
    replicas.town.is_quiet().await;
    replicas.all_have_worked();
}
