//! AI generations through the whole bot: made, sent, charged once, whenever the process is killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bot_process::BotProcess;
use crate::person::{Heard, Person};
use crate::town::{PATIENCE, Town};

/// How many generations there are, and how many kills, unless `STEPKEEP_TEST_GENERATIONS` and `STEPKEEP_TEST_KILLS` say
/// otherwise.
const GENERATIONS: usize = 24;
const KILLS: usize = 6;
/// What everybody begins with, in cents, and what one generation costs.
const WELCOME: i64 = 100;
const PRICE: i64 = 1;

/// What a person does next who has heard this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Menu,
    Categories,
    Found,
    Card,
    Prompt,
    Shape,
    Checker,
    Summary,
    Waiting,
}

/// Where in the dialogue a message belongs; `None` for one that only tells how far something is.
fn stage(message: &Heard) -> Option<Stage> {
    let parts = [
        ("I help you send a parcel", Stage::Menu),
        ("What shall I make?", Stage::Categories),
        ("I found 1 model", Stage::Found),
        ("From $0.01", Stage::Card),
        ("❓ Prompt", Stage::Prompt),
        ("❓ Aspect ratio", Stage::Shape),
        ("❓ Nsfw checker", Stage::Checker),
        ("Price: $0.01", Stage::Summary),
        ("I'll send you the result", Stage::Waiting),
    ];
    let found = parts.iter().find(|(part, _)| message.text.contains(part));
    found.map(|&(_, stage)| stage)
}

/// How a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a picture, which was charged.
    Charged,
    /// Without one, and without a charge.
    Free,
}

fn end(message: &Heard) -> Option<End> {
    let is_free = ["The price is yours again", "othing was charged", "not charged"];
    if message.text.contains("$0.01 charged") {
        Some(End::Charged)
    } else if is_free.iter().any(|part| message.text.contains(part)) {
        Some(End::Free)
    } else {
        None
    }
}

fn prompt(number: usize) -> String {
    format!("A red fox in the snow, the {number}th")
}

/// Has a picture made, answering every message once.
async fn generates(mut person: Person, number: usize, patience: Duration) -> (Person, End) {
    let mut answered = BTreeSet::new();
    person.says("/start").await;
    loop {
        let heard = person.next_within(patience).await;
        if let Some(end) = end(&heard) {
            return (person, end);
        }
        let Some(stage) = stage(&heard) else {
            continue;
        };
        if !answered.insert(stage) {
            // A process died between sending it and noting that.
            continue;
        }
        match stage {
            Stage::Menu => drop(person.taps(&heard, "Create with AI").await),
            Stage::Categories => drop(person.says("z-image").await),
            Stage::Found => drop(person.taps(&heard, "Z-Image").await),
            Stage::Card => drop(person.taps(&heard, "Start").await),
            Stage::Prompt => drop(person.says(&prompt(number)).await),
            Stage::Shape => drop(person.taps(&heard, "As usual").await),
            Stage::Checker => drop(person.taps(&heard, "Skip").await),
            Stage::Summary => drop(person.taps(&heard, "Create for").await),
            Stage::Waiting => {}
        }
    }
}

/// What a person can spend, as the bot tells it, in cents; and whether something is reserved.
pub(crate) async fn balance(person: &mut Person) -> (i64, bool) {
    person.says("/balance").await;
    loop {
        let heard = person.next().await;
        let Some((_, rest)) = heard.text.split_once("You can spend $") else {
            continue;
        };
        let amount: String = rest
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
            .filter(char::is_ascii_digit)
            .collect();
        return (
            amount.parse().expect("an amount"),
            heard.text.contains("is reserved"),
        );
    }
}

/// The settings of a bot that has pictures made by the town's stand-in.
pub(crate) fn settings(town: &Town) -> Vec<(&'static str, String)> {
    let generation = format!("{}/generation", town.sandbox.url());
    vec![
        ("STEPKEEP_KIE_API_URL", generation.clone()),
        ("STEPKEEP_KIE_UPLOAD_URL", generation),
        ("STEPKEEP_KIE_API_KEY", "the-secret-generation-key".to_owned()),
        ("STEPKEEP_WELCOME_CREDIT", "1.00".to_owned()),
        ("STEPKEEP_RESERVATION_HOLD", "90s".to_owned()),
    ]
}

/// A town whose stand-in of the API limits nobody.
pub(crate) async fn town_of_pictures() -> Arc<Town> {
    let town = Town::new().await;
    let sim = async |what: &str, body: Value| {
        town.post(&format!("/generation/sim/{what}"), body).await;
    };
    sim(
        "limits",
        json!({"catalogue_per_second": 0, "creates_per_ten_seconds": 0, "tasks_per_second": 0}),
    )
    .await;
    sim("credits", json!({"credits": 1_000_000})).await;
    town
}

async fn town_with_pictures() -> (Arc<Town>, BotProcess) {
    let town = town_of_pictures().await;
    let bot = BotProcess::start_with(&town.sandbox.url(), settings(&town)).await;
    (town, bot)
}

/// The tasks that the API was asked for with this prompt.
fn tasks_of(tasks: &Value, number: usize) -> Vec<&Value> {
    let tasks = tasks["tasks"].as_array().expect("tasks");
    let wanted = prompt(number);
    tasks
        .iter()
        .filter(|task| task["input"]["prompt"] == wanted.as_str())
        .collect()
}

/// Has the background of a photo removed; answers the message with the result.
async fn removes_the_background(town: &Town, ann: &mut Person) -> Value {
    let menu = ann.asks("/start", "I help you").await;
    let mut heard = ann.chooses(&menu, "Create with AI", "").await;
    while !heard.text.contains("What shall I make?") {
        heard = ann.next().await;
    }
    let found = ann.asks("remove-background", "I found 1 model").await;
    let card = ann.chooses(&found, "Recraft", "From $0.01").await;
    let mut heard = ann.chooses(&card, "Start", "").await;
    while !heard.text.contains("Please send an image") {
        heard = ann.next().await;
    }
    town.upload(1, "photo", "fox.png", png()).await;
    let summary = ann.hears("📎 file").await;
    ann.chooses(&summary, "Create for", "I'll send you the result")
        .await;
    let result = loop {
        let heard = ann.next().await;
        if heard.text.contains("charged") {
            break heard;
        }
    };
    ann.hears("What next?").await;
    let transcript = town.transcript(1).await;
    let shown = transcript
        .into_iter()
        .find(|entry| entry["message_id"] == result.message_id);
    shown.expect("the result")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_made_from_a_photo_and_sent_as_one() {
    let (town, _bot) = town_with_pictures().await;
    let mut ann = town.person(1).await;
    let shown = removes_the_background(&town, &mut ann).await;
    assert_eq!(shown["photo"]["mime_type"], "image/png", "{shown:#}");
    assert_eq!(balance(&mut ann).await, (WELCOME - PRICE, false));
    let tasks = town.get("/generation/sim/tasks").await;
    let address = tasks["tasks"][0]["input"]["image"].as_str().expect("an address");
    assert!(!address.contains("bot7000001"), "no token in it: {address}");

    // What Telegram doesn't show as a picture comes as a file.
    let refusal = json!({"method": "sendPhoto", "status": 400, "description": "PHOTO_INVALID_DIMENSIONS"});
    town.post("/sim/faults", refusal).await;
    let shown = removes_the_background(&town, &mut ann).await;
    assert_eq!(shown["document"]["mime_type"], "image/png", "{shown:#}");
}

/// The smallest picture.
fn png() -> Vec<u8> {
    use base64::Engine as _;
    let text =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    base64::prelude::BASE64_STANDARD.decode(text).expect("a picture")
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_survive_kills_at_random_moments_and_are_paid_once() {
    let setting = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let number_of = |name: &str, usual: usize| {
        setting(name).map_or(usual, |number| usize::try_from(number).expect("a number"))
    };
    let seed = setting("STEPKEEP_TEST_SEED").unwrap_or_else(rand::random);
    let (generations, kills) = (
        number_of("STEPKEEP_TEST_GENERATIONS", GENERATIONS),
        number_of("STEPKEEP_TEST_KILLS", KILLS),
    );
    println!("STEPKEEP_TEST_SEED={seed} STEPKEEP_TEST_GENERATIONS={generations} STEPKEEP_TEST_KILLS={kills}");

    let (town, mut bot) = town_with_pictures().await;
    let began = Instant::now();
    let mut people = JoinSet::new();
    // The bot hands in twenty in ten seconds at most, so the last of many waits for long.
    let patience = PATIENCE + Duration::from_secs(1) * u32::try_from(generations).expect("a small number");
    for number in 0..generations {
        let person = town
            .person(20_000 + i64::try_from(number).expect("a small number"))
            .await;
        people.spawn(async move { (number, generates(person, number, patience).await) });
    }
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..kills {
        sleep(Duration::from_millis(rng.random_range(300..3_000))).await;
        assert!(bot.is_alive(), "the bot ended by itself");
        bot.kill();
        bot.restart();
    }
    let mut ended = Vec::new();
    while let Some(person) = people.join_next().await {
        ended.push(person.expect("a generation to its end"));
    }
    let took = began.elapsed();

    let tasks = town.get("/generation/sim/tasks").await;
    let mut charged = 0;
    for (number, (person, end)) in &mut ended {
        let asked_for = tasks_of(&tasks, *number).len();
        assert!(asked_for <= 1, "the {number}th was asked for {asked_for} times");
        let paid = if *end == End::Charged { PRICE } else { 0 };
        charged += usize::from(*end == End::Charged);
        assert!(asked_for == 1 || *end == End::Free, "the {number}th: {end:?}");
        assert_eq!(
            balance(person).await,
            (WELCOME - paid, false),
            "the {number}th: {end:?}"
        );
    }
    println!(
        "{generations} generations, {kills} kills, {charged} charged, {} calls of createTask, {:.1} s",
        tasks["create_calls"],
        took.as_secs_f64()
    );
    assert!(bot.is_alive());
    bot.has_not_panicked();
}
