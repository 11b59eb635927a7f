//! What admins send to everybody: once, whenever the process is killed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::bot_process::BotProcess;
use crate::person::{Heard, Person};
use crate::town::{BOT, Town, patiently};

const ADMIN: i64 = 9;
const PEOPLE: i64 = 60;
/// Those with these numbers have blocked the bot.
const BLOCKED_EVERY: i64 = 10;
const TEXT: &str = "The office is closed on Monday.\nHappy holidays! <b>*not markup*</b>";
/// So many a crash may cost, as the book says.
const COST_OF_A_CRASH: usize = 5;

async fn town_with_an_admin() -> (std::sync::Arc<Town>, BotProcess, Person) {
    let town = Town::new().await;
    let settings = vec![("STEPKEEP_ADMINS", ADMIN.to_string())];
    let bot = BotProcess::start_with(&town.sandbox.url(), settings).await;
    let mut admin = town.person(ADMIN).await;
    admin.asks("/start", "I help you send a parcel").await;
    (town, bot, admin)
}

fn first() -> i64 {
    30_001
}

/// Everybody has begun a dialogue, and some have blocked the bot since.
async fn people_come(town: &std::sync::Arc<Town>) {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(town.person(first() + number).await);
    }
    for person in &people {
        person.says("/start").await;
    }
    for person in &mut people {
        person.hears("I help you send a parcel").await;
    }
    for number in (0..PEOPLE).step_by(usize::try_from(BLOCKED_EVERY).expect("a small number")) {
        let block = json!({"bot": BOT, "person": first() + number, "blocked": true});
        town.post("/sim/block", block).await;
    }
    town.is_quiet().await;
}

/// Asks until the bot knows so many people: they are noted beside their turns.
async fn ordered(admin: &mut Person, people: i64) -> Heard {
    let wanted = format!("{people} in all");
    loop {
        admin.asks(&format!("/broadcast {TEXT}"), TEXT).await;
        let question = admin.hears("exactly as it stands above").await;
        if question.text.contains(&wanted) {
            return question;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// How often each chat got the text, and when.
async fn deliveries(town: &Town) -> BTreeMap<i64, usize> {
    let calls = town
        .get(&format!("/sim/calls?bot={BOT}&method=sendMessage"))
        .await;
    let mut got = BTreeMap::new();
    for call in calls.as_array().expect("calls") {
        let is_broadcast = call["params"]["text"] == TEXT && call["status"] == 200;
        let chat = chat(call);
        if is_broadcast && chat != ADMIN {
            *got.entry(chat).or_default() += 1;
        }
    }
    got
}

fn chat(call: &Value) -> i64 {
    let chat = &call["params"]["chat_id"];
    let chat = chat.as_i64().or_else(|| chat.as_str()?.parse().ok());
    chat.expect("a chat")
}

/// The number on the line with this word; 0 without one.
fn count(text: &str, word: &str) -> usize {
    let line = text.lines().find(|line| line.contains(word));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

async fn summary(admin: &mut Person) -> Heard {
    loop {
        let heard = admin.next().await;
        if heard.text.contains("The broadcast is over") || heard.text.contains("was stopped") {
            return heard;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_goes_on_after_kills_and_nobody_gets_it_twice() {
    const KILLS: usize = 2;
    let (town, mut bot, mut admin) = town_with_an_admin().await;
    people_come(&town).await;
    let question = ordered(&mut admin, PEOPLE + 1).await;
    admin.taps(&question, "Send").await;
    for kill in 1..=KILLS {
        let enough = 15 * kill;
        patiently(async {
            while deliveries(&town).await.len() < enough {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert!(bot.is_alive(), "the bot ended by itself");
        bot.kill();
        bot.restart();
    }
    let summary = summary(&mut admin).await;
    let got = deliveries(&town).await;
    println!("{}", summary.text);

    assert!(got.values().all(|times| *times == 1), "twice: {got:?}");
    let blocked = usize::try_from(PEOPLE / BLOCKED_EVERY).expect("a small number");
    let [sent, refused, failed, unclear] =
        ["Sent", "blocked me", "Refused", "Unclear"].map(|word| count(&summary.text, word));
    let all = usize::try_from(PEOPLE + 1).expect("a small number");
    assert_eq!(sent + refused + failed + unclear, all, "{}", summary.text);
    assert_eq!(failed, 0, "{}", summary.text);
    assert!(unclear <= KILLS * COST_OF_A_CRASH, "{}", summary.text);
    // Who is counted as sent got it, and of the unclear ones some did. Whether the admin did is not looked at: the text was also
    // shown there before.
    assert!(got.len() + 1 >= sent && got.len() <= sent + unclear, "{got:?}");
    let missed = all - blocked - got.len() - 1;
    assert!(missed <= unclear, "{missed} missed: {}", summary.text);
    assert!(refused <= blocked);
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_can_be_followed_and_stopped_and_stays_within_its_pace() {
    let (town, bot, mut admin) = town_with_an_admin().await;
    people_come(&town).await;
    let question = ordered(&mut admin, PEOPLE + 1).await;
    admin.taps(&question, "Send").await;
    let progress = admin.sees_edited("Sending: ").await;
    assert_eq!(progress.message_id, question.message_id);
    // Somebody who only wants to know begins no second one.
    let busy = admin
        .asks("/broadcast Something else", "Another broadcast goes on")
        .await;
    busy.button("Refresh");
    admin.taps(&busy, "Stop").await;
    let summary = summary(&mut admin).await;
    assert!(summary.text.contains("was stopped"), "{}", summary.text);
    let got = deliveries(&town).await;
    let all = usize::try_from(PEOPLE).expect("a small number");
    assert!(got.len() < all, "{}", got.len());
    assert!(got.values().all(|times| *times == 1), "twice: {got:?}");
    let left = count(&summary.text, "Left");
    let done = ["Sent", "blocked me"].map(|word| count(&summary.text, word));
    assert_eq!(left + done[0] + done[1], all + 1, "{}", summary.text);
    admin.asks("/broadcast", "Usage: /broadcast").await;

    // By the sandbox's own clock: 20 a second, and the answers' ways there may differ a little.
    let calls = town
        .get(&format!("/sim/calls?bot={BOT}&method=sendMessage"))
        .await;
    let calls = calls.as_array().expect("calls").iter();
    let times: Vec<String> = calls
        .filter(|call| call["params"]["text"] == TEXT && chat(call) != ADMIN)
        .map(|call| call["at"].as_str().expect("a time").to_owned())
        .collect();
    let mut by_second = BTreeMap::<&str, usize>::new();
    for time in &times {
        *by_second
            .entry(time.split(['.', 'Z']).next().expect("a second"))
            .or_default() += 1;
    }
    assert!(
        by_second.values().all(|messages| *messages <= 30),
        "{by_second:?}"
    );
    bot.has_not_panicked();
}

#[tokio::test(flavor = "multi_thread")]
async fn admins_see_figures_and_to_others_the_commands_are_unknown() {
    let (town, bot, mut admin) = town_with_an_admin().await;
    let mut anna = town.person(1).await;
    for command in ["/stats", "/broadcast hello"] {
        anna.asks(command, "I don't know the command").await;
    }
    anna.begins().await;
    let figures = admin.asks("/stats", "People I know").await;
    for part in [
        "shipping: 1 (sender_name 1)",
        "dead letters: 0",
        "This process: up for",
    ] {
        assert!(figures.text.contains(part), "{}", figures.text);
    }
    admin.taps(&figures, "Refresh").await;
    admin.sees_edited("People I know").await;

    let too_long = "x".repeat(4_097);
    admin
        .asks(&format!("/broadcast {too_long}"), "4097 characters")
        .await;
    let text = "Hello";
    admin.asks(&format!("/broadcast {text}"), text).await;
    let question = admin.hears("exactly as it stands above").await;
    admin.taps(&question, "Cancel").await;
    admin.hears("I help you send a parcel").await;
    anna.hears_nothing_more().await;
    bot.has_not_panicked();
}
