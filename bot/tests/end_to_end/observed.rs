//! What a bot counts while people order.

use std::sync::Arc;

use stepkeep::run::run_observed;
use stepkeep::telemetry::Telemetry;
use stepkeep_core::{Layers, MemoryStorage, Slowness};
use tokio_util::sync::CancellationToken;

use crate::bot_here::settings;
use crate::order::Order;
use crate::town::{Town, patiently};

/// The sum of the series that begin so.
pub(crate) fn sum(text: &str, series: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(series));
    lines
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_counted_from_its_first_update_to_its_label() {
    let town = Town::new().await;
    let url = town.sandbox.url();
    let settings = settings(&url, &url);
    let telemetry = Telemetry::new(&settings);
    let store = Layers::new(MemoryStorage::new(), "memory")
        .with_observer(Slowness::default(), Arc::new(telemetry.observers.clone()))
        .into_shared();
    let stop = CancellationToken::new();
    let bot = tokio::spawn({
        let (telemetry, stop) = (telemetry.clone(), stop.clone());
        async move {
            run_observed(&settings, store, &telemetry, &stop)
                .await
                .expect("an orderly end");
        }
    });
    let mut person = town.person(1).await;
    person.orders(&Order::of(3)).await;
    town.is_quiet().await;
    // What comes back is counted a moment after it is said.
    patiently(async {
        while sum(
            &telemetry.metrics.render(),
            r#"stepkeep_turns_total{flow="shipping",step="done",outcome="applied"}"#,
        ) < 1.0
        {
            tokio::task::yield_now().await;
        }
    })
    .await;

    let text = telemetry.metrics.render();
    for (series, least) in [
        (
            r#"stepkeep_updates_received_total{origin="polling",kind="command"}"#,
            1.0,
        ),
        (
            r#"stepkeep_updates_received_total{origin="polling",kind="text"}"#,
            10.0,
        ),
        (
            r#"stepkeep_turns_total{flow="shipping",step="sender_city",outcome="applied"}"#,
            1.0,
        ),
        (r#"stepkeep_turn_duration_seconds_count{flow="shipping"}"#, 14.0),
        (r#"stepkeep_reply_latency_seconds_count{origin="polling"}"#, 15.0),
        (
            r#"stepkeep_store_operations_total{backend="memory",operation="update",outcome="ok"}"#,
            15.0,
        ),
        (
            r#"stepkeep_outside_calls_total{api="telegram",operation="sendMessage",outcome="ok"}"#,
            15.0,
        ),
        (
            r#"stepkeep_outside_calls_total{api="telegram",operation="sendDocument",outcome="ok"}"#,
            1.0,
        ),
        (
            r#"stepkeep_outside_calls_total{api="shipping",operation="rates",outcome="ok"}"#,
            1.0,
        ),
        (
            r#"stepkeep_outside_calls_total{api="shipping",operation="buy_label",outcome="ok"}"#,
            1.0,
        ),
        ("stepkeep_inputs_capacity", 1.0),
    ] {
        assert!(
            sum(&text, series) >= least,
            "{series} is {}\n{text}",
            sum(&text, series)
        );
    }
    let states = ["started", "finished"].map(|state| {
        let effects = text
            .lines()
            .filter(|line| line.starts_with("stepkeep_effects_total"));
        effects
            .filter(|line| line.contains(&format!("state=\"{state}\"")))
            .count()
    });
    assert_eq!(states, [2, 2], "the rates and the purchase came back\n{text}");
    assert!(
        !text.contains("Congress") && !text.contains("user_id"),
        "a label has what it must not"
    );
    stop.cancel();
    bot.await.expect("no panic");
}
