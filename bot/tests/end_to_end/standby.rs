//! Two processes of one bot on one store, and one Telegram: one polls, the other stands by.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bot_process::BotProcess;
use crate::kills::{Done, Redelivery, order};
use crate::order::Order;
use crate::town::{BOT, Town, patiently};

/// How many orders are under way while the processes change.
const ORDERS: usize = 30;

/// Longer than a lease that is not renewed.
const FROZEN: Duration = Duration::from_secs(12);

/// A leader, another process that stands by, and where they get their updates.
struct Two {
    town: Arc<Town>,
    leader: BotProcess,
    standby: BotProcess,
}

impl Two {
    async fn start() -> Self {
        let (town, leader) = Town::with_bot().await;
        polls(&leader, 1).await;
        let standby = leader.start_another(&town.sandbox.url());
        says(&standby, "this one stands by").await;
        Self {
            town,
            leader,
            standby,
        }
    }

    /// The people of a test begin their orders.
    async fn begin_orders(&self, first: usize) -> JoinSet<Done> {
        let mut orders = JoinSet::new();
        for number in first..first + ORDERS {
            let id = 10_000 + i64::try_from(number).expect("a small number");
            let person = self.town.person(id).await;
            orders.spawn(order(person, Order::of(number), Redelivery::InOrder, None));
        }
        orders
    }

    /// Waits until so many labels are bought: until the orders are under way.
    async fn labels_reach(&self, count: usize) {
        patiently(async { while self.town.labels().await.len() < count {} }).await;
    }

    /// Lets the leader stand still, and waits until the other one has taken over.
    async fn leader_freezes_until_the_other_polls(&self) {
        patiently(async {
            loop {
                self.leader.freeze();
                if timeout(FROZEN, polls(&self.standby, 2)).await.is_ok() {
                    break;
                }
                // It stands in the middle of a write, and so an embedded store is locked for all.
                self.leader.wake_up();
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// How the polls that were answered so far ended, by status.
    async fn polls_with(&self, status: u16) -> usize {
        let calls = self
            .town
            .get(&format!("/sim/calls?bot={BOT}&method=getUpdates"))
            .await;
        let calls: &Vec<Value> = calls.as_array().expect("a list");
        calls.iter().filter(|call| call["status"] == status).count()
    }

    /// All orders end, with one label each.
    async fn all_end(&self, mut orders: JoinSet<Done>) {
        while let Some(done) = orders.join_next().await {
            let Done { order, .. } = done.expect("an order to its end");
            let labels = self.town.labels().await;
            let theirs: Vec<_> = labels
                .iter()
                .filter(|label| label["ship_to"]["name"] == order.recipient())
                .collect();
            assert_eq!(theirs.len(), 1, "one label is bought for {}", order.recipient());
            order.is_on(theirs[0]);
        }
        self.town.is_quiet().await;
        self.leader.has_not_panicked();
        self.standby.has_not_panicked();
    }
}

/// Waits until a process has logged this.
async fn says(bot: &BotProcess, part: &str) {
    patiently(async {
        while !bot.log().contains(part) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until a process leads, as the one with this number in the row.
async fn polls(bot: &BotProcess, epoch: u32) {
    says(bot, &format!("this process polls from now on epoch={epoch}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_one_polls_and_the_other_goes_on_when_it_is_killed() {
    let mut two = Two::start().await;
    let orders = two.begin_orders(0).await;
    two.labels_reach(1).await;
    assert!(!two.standby.log().contains("this process polls"));
    two.leader.kill();
    polls(&two.standby, 2).await;
    two.all_end(orders).await;
    assert_eq!(two.polls_with(409).await, 0, "two processes polled at once");

    // The one that died comes back, and stands by.
    two.leader.restart();
    says(&two.leader, "this one stands by").await;
    let more = two.begin_orders(ORDERS).await;
    two.all_end(more).await;
    assert_eq!(two.polls_with(409).await, 0, "two processes polled at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_hands_over_and_repeats_nothing() {
    let mut two = Two::start().await;
    let mut orders = JoinSet::new();
    for number in 0..ORDERS {
        let id = 10_000 + i64::try_from(number).expect("a small number");
        let mut person = two.town.person(id).await;
        orders.spawn(async move {
            let order = Order::of(number);
            person.orders(&order).await;
            person.hears_nothing_more().await;
        });
    }
    two.labels_reach(1).await;
    assert_eq!(two.leader.stop().await, Some(0));
    polls(&two.standby, 2).await;
    two.leader.restart();
    says(&two.leader, "this one stands by").await;
    assert_eq!(two.standby.stop().await, Some(0));
    polls(&two.leader, 3).await;
    while let Some(done) = orders.join_next().await {
        done.expect("an order to its end");
    }
    assert_eq!(two.town.labels().await.len(), ORDERS);
    assert_eq!(two.polls_with(409).await, 0, "two processes polled at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_stands_still_and_goes_on_does_no_harm() {
    let two = Two::start().await;
    two.leader_freezes_until_the_other_polls().await;
    let orders = two.begin_orders(0).await;
    two.labels_reach(ORDERS / 3).await;
    two.leader.wake_up();
    says(&two.leader, "this process polls no more").await;
    two.all_end(orders).await;
    let more = two.begin_orders(ORDERS).await;
    two.all_end(more).await;

    let disturbed = two.standby.log().contains("no updates could be fetched");
    assert!(!disturbed, "the one that leads was disturbed");
    let conflicts = two.polls_with(409).await;
    assert!(conflicts <= 1, "{conflicts} polls met another");
}
