//! A bot that is asked to stop loses nothing.

use tokio::task::JoinSet;

use crate::order::Order;
use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_under_load_ends_with_0_and_the_next_start_goes_on() {
    let (town, mut bot) = Town::with_bot().await;
    let mut orders = JoinSet::new();
    for number in 0..30_i64 {
        let mut person = town.person(100 + number).await;
        orders.spawn(async move {
            let order = Order::of(usize::try_from(number).expect("a small number"));
            // No message comes twice here: a graceful stop confirms what it has answered.
            person.orders(&order).await;
            person.hears_nothing_more().await;
            order
        });
    }
    let mut stops = 0;
    let mut done = Vec::new();
    while let Some(order) = tokio::select! {
        order = orders.join_next() => order.map(Some),
        () = tokio::time::sleep(std::time::Duration::from_millis(700)), if stops < 4 => Some(None),
    } {
        if let Some(order) = order {
            done.push(order.expect("an order to its end"));
        } else {
            assert_eq!(bot.stop().await, Some(0));
            bot.restart();
            stops += 1;
        }
    }
    println!("{} orders through {stops} stops", done.len());
    let labels = town.labels().await;
    assert_eq!(labels.len(), 30);
    for order in done {
        let label = labels
            .iter()
            .find(|label| label["ship_to"]["name"] == order.recipient());
        order.is_on(label.expect("a label"));
    }
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_bot_stops_at_once() {
    let (town, mut bot) = Town::with_bot().await;
    let mut person = town.person(1).await;
    person.asks("/help", "I take shipping orders").await;
    assert_eq!(bot.stop().await, Some(0));
}
