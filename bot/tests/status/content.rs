//! What is told, and what never is.

use serde_json::Value;
use stepkeep_core::{Fault, StoreErrorKind, StoreOperation};

use crate::support::{API_KEY, BOT, BOT_TOKEN, Bot, TOKEN, eventually};

const PERSON: i64 = 77_123_456;

fn step<'a>(dashboard: &'a Value, name: &str) -> &'a Value {
    let flows = dashboard["people"]["flows"].as_array().unwrap();
    let steps = flows.iter().flat_map(|flow| flow["steps"].as_array().unwrap());
    steps.into_iter().find(|step| step["step"] == name).unwrap()
}

#[tokio::test]
async fn the_status_says_how_updates_come() {
    let bot = Bot::start().await;
    let before = bot.told("/api/telegram/status").await;
    assert_eq!(before["bot"]["id"], BOT);
    assert_eq!(
        (&before["mode"], &before["version"]),
        (&"polling".into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert_eq!(before["last_update"], Value::Null);
    assert_eq!(before["webhook"]["is_set"], false);
    assert_eq!(before["backlog"]["pending_at_telegram"], 0);
    assert_eq!(before["store"]["backend"], "memory");
    assert_eq!(before["store"]["ok"], true);
    eventually(async || bot.told("/api/telegram/status").await["role"] == "leader").await;

    bot.hears(PERSON, "/start").await;
    eventually(async || bot.told("/api/telegram/status").await["outcomes"]["answered"] == 1).await;
    let after = bot.told("/api/telegram/status").await;
    assert!(
        after["last_update"]["id"].is_i64() && after["updates"] == 1,
        "{after}"
    );
    assert_eq!(after["backlog"]["updates"], 0);
    bot.end().await;
}

#[tokio::test]
async fn the_dashboard_says_where_people_are_and_nothing_of_who_they_are() {
    let bot = Bot::start().await;
    bot.begins_an_order(PERSON).await;
    for words in ["Wilhelmina O'Hara-Quux", "42 Secret Street"] {
        bot.hears(PERSON, words).await;
    }
    eventually(async || bot.told("/api/dashboard").await["status"]["outcomes"]["answered"] == 4).await;
    // Somebody whose session can't be written, with an error that says more than it should.
    bot.faults
        .inject(Fault::error(StoreOperation::Create, StoreErrorKind::TooLarge).times(1));
    bot.hears(PERSON + 1, "/start").await;
    eventually(async || {
        let dashboard = bot.told("/api/dashboard").await;
        !dashboard["activity"]["errors"].as_array().unwrap().is_empty()
            && dashboard["people"]["in_dialogue"] == 1
    })
    .await;
    let dashboard = bot.told("/api/dashboard").await;
    assert_eq!(step(&dashboard, "sender_city")["people"], 1);
    assert_eq!(step(&dashboard, "sender_address")["arrivals"], 1);
    assert_eq!(dashboard["people"]["is_whole"], true);
    let stuck = &dashboard["people"]["stuck"][0];
    assert_eq!(stuck["place"]["step"], "sender_city");
    assert_eq!(stuck["name"].as_str().unwrap().len(), 8);
    let turns = dashboard["activity"]["turns_together"]["count"].as_u64().unwrap();
    assert!(turns >= 4, "{turns}");
    let operations = dashboard["activity"]["store_operations"].as_array().unwrap();
    assert!(
        operations
            .iter()
            .any(|call| call["operation"] == "get" && call["count"].as_u64() > Some(3))
    );

    let status = bot.told("/api/telegram/status").await;
    let (_, readiness) = bot.readiness().await;
    let everything = format!("{dashboard}{status}{readiness}");
    let person = PERSON.to_string();
    let token = BOT_TOKEN.split(':').nth(1).unwrap();
    for secret in [
        token,
        TOKEN,
        API_KEY,
        "Wilhelmina",
        "Quux",
        "Secret Street",
        &person,
    ] {
        assert!(!everything.contains(secret), "{secret} shows: {everything}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_store_that_fails_is_seen_on_the_dashboard() {
    let bot = Bot::start().await;
    bot.faults.inject(Fault::unavailable(StoreOperation::Get));
    bot.faults.inject(Fault::unavailable(StoreOperation::Scan));
    bot.hears(PERSON, "/start").await;
    eventually(async || {
        let dashboard = bot.told("/api/dashboard").await;
        let operations = dashboard["activity"]["store_operations"]
            .as_array()
            .unwrap()
            .clone();
        operations
            .iter()
            .any(|call| call["operation"] == "get" && call["errors"].as_u64() > Some(0))
            && dashboard["people"]["error"] == "unavailable"
            && dashboard["status"]["readiness"]["ready"] == false
            && dashboard["status"]["store"]["reason"] == "unavailable"
    })
    .await;
    bot.faults.heal();
    eventually(async || bot.told("/api/dashboard").await["status"]["outcomes"]["answered"] == 1).await;
    bot.end().await;
}
