use stepkeep_core::{
    FlowName, ManualClock, MemoryStorage, NewSession, Position, SessionChange, SessionKey, StepName, UserId,
};

use super::*;
use crate::ledger::{ChargeKind, LedgerConfig, NewCharge, Purse};
use crate::money::{Currency, Money};

const BOT: BotId = BotId(7);

fn overviews(store: &MemoryStorage, clock: &Arc<ManualClock>, config: OverviewConfig) -> Overviews {
    let store: Arc<dyn SessionStore> = Arc::new(store.clone());
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let ledger = LedgerConfig::new(Currency::USD);
    Overviews::new(OverviewParts {
        ledger: Ledger::new(Arc::clone(&store), Arc::clone(&clock), BOT, ledger),
        store,
        administration: None,
        clock,
        bot: BOT,
        flows: crate::flows::flow_maps(),
        config,
    })
}

async fn put(store: &MemoryStorage, user: i64, place: Option<(&str, &str)>) {
    let mut change = SessionChange::new(Timestamp::EPOCH);
    if let Some((flow, step)) = place {
        change = change.go_to(Position {
            flow: FlowName::new(flow).unwrap(),
            version: 1,
            step: StepName::new(step).unwrap(),
        });
    }
    let key = SessionKey::private(BOT, UserId(user));
    store.create(NewSession::new(key, change)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn people_are_counted_by_where_they_are_and_when_they_were_seen() {
    let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
    let overviews = overviews(&store, &clock, OverviewConfig::default());
    let people = People::new(Arc::new(store.clone()), Arc::<ManualClock>::clone(&clock), BOT);
    for (user, pause) in [(1, 60), (2, 100), (3, 10), (4, 5)] {
        people.note(UserId(user)).await.unwrap();
        clock.advance(Duration::from_hours(pause));
    }
    put(&store, 1, Some(("shipping", "summary"))).await;
    put(&store, 2, Some(("shipping", "sender_name"))).await;
    put(&store, 3, Some(("shipping", "done"))).await;
    put(&store, 4, None).await;
    let ledger = &overviews.parts.ledger;
    let money = |minor| Money::from_minor(minor, Currency::USD);
    ledger
        .credit(UserId(1), "c", money(500), Purse::General, "")
        .await
        .unwrap();
    let charge = NewCharge {
        id: "l".to_owned(),
        kind: ChargeKind::Label,
        amount: money(200),
        subject: "USPS".to_owned(),
        fingerprint: None,
    };
    ledger.reserve(UserId(1), charge).await.unwrap();

    let overview = overviews.latest().await.unwrap();
    assert!(overview.is_whole);
    assert_eq!(
        (overview.people, overview.seen_in_a_week, overview.seen_in_a_day),
        (4, 3, 2)
    );
    assert_eq!(overview.in_dialogue, 2);
    let steps = ["sender_name", "summary", "done"].map(|step| (step.to_owned(), 1));
    assert_eq!(
        overview.flows,
        [FlowOverview {
            flow: "shipping".to_owned(),
            people: 3,
            steps: steps.to_vec(),
        }]
    );
    let totals = overview.ledger.unwrap();
    assert_eq!(
        (totals.balances, totals.open_labels, totals.open_generations),
        (money(500), 1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_within_a_minute_cost_one_walk() {
    let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
    let overviews = overviews(&store, &clock, OverviewConfig::default());
    assert_eq!(overviews.latest().await.unwrap().in_dialogue, 0);
    put(&store, 1, Some(("shipping", "summary"))).await;
    assert_eq!(overviews.latest().await.unwrap().in_dialogue, 0);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(overviews.latest().await.unwrap().in_dialogue, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_too_large_for_the_time_is_counted_in_part_and_that_is_said() {
    let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
    for user in 1..=100 {
        put(&store, user, Some(("shipping", "summary"))).await;
    }
    let config = OverviewConfig {
        page: 10,
        pause: Duration::from_secs(1),
        limit: Duration::from_secs(3),
        ..OverviewConfig::default()
    };
    let overview = overviews(&store, &clock, config).latest().await.unwrap();
    assert!(!overview.is_whole);
    assert!(
        (30..=50).contains(&overview.in_dialogue),
        "{}",
        overview.in_dialogue
    );
}
