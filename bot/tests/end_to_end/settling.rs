//! Charges that only an admin can settle: told at once, listed, and ended by a command.

use crate::bot_process::BotProcess;
use crate::generations::{balance, settings, town_of_pictures};
use crate::person::Person;

const ADMIN: i64 = 9;

/// Has a picture made up to where it is handed in.
async fn orders(ann: &mut Person, prompt: &str) {
    let menu = ann.asks("/start", "I help you").await;
    let mut heard = ann.chooses(&menu, "Create with AI", "").await;
    while !heard.text.contains("What shall I make?") {
        heard = ann.next().await;
    }
    let found = ann.asks("z-image", "I found 1 model").await;
    let card = ann.chooses(&found, "Z-Image", "From $0.01").await;
    let mut heard = ann.chooses(&card, "Start", "").await;
    while !heard.text.contains("❓ Prompt") {
        heard = ann.next().await;
    }
    let shape = ann.asks(prompt, "❓ Aspect ratio").await;
    let checker = ann.chooses(&shape, "As usual", "❓ Nsfw checker").await;
    let summary = ann.chooses(&checker, "Skip", "Price: $0.01").await;
    ann.chooses(&summary, "Create for", "I'll send you the result")
        .await;
}

/// The id of the charge in the command of a notice.
fn charge_in(notice: &str) -> String {
    let (_, rest) = notice.split_once("/settle 1 ").expect("a command");
    rest.split_whitespace().next().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_told_of_an_unclear_generation_and_settles_it() {
    let town = town_of_pictures().await;
    let mut settings = settings(&town);
    settings.push(("STEPKEEP_ADMINS", ADMIN.to_string()));
    let bot = BotProcess::start_with(&town.sandbox.url(), settings).await;
    let (mut ann, mut admin) = (town.person(1).await, town.person(ADMIN).await);
    ann.asks("/settle 1 x free", "I don't know the command /settle")
        .await;
    ann.asks("/unclear", "I don't know the command /unclear").await;
    admin.asks("/unclear", "Every charge is clear").await;
    admin.asks("/settle 1 x", "Usage: /settle").await;
    admin.asks("/settle 1 x free", "has no charge x").await;

    // The task is there, and its id was lost on the way.
    orders(&mut ann, "A fox with a lost answer").await;
    ann.hears("the connection broke").await;
    let notice = admin
        .hears("Nobody knows whether this generation was begun")
        .await;
    let charge = charge_in(&notice.text);
    admin.asks("/unclear", &charge).await;
    assert_eq!(balance(&mut ann).await, (99, true));
    let tasks = town.get("/generation/sim/tasks").await;
    let task = tasks["tasks"][0]["task_id"].as_str().expect("a task");
    admin
        .asks(
            &format!("/settle 1 {charge} taken"),
            "a generation is free or has a task",
        )
        .await;
    admin
        .asks(
            &format!("/settle 1 {charge} task {task}"),
            "I go on with that task",
        )
        .await;
    ann.hears_at_last("$0.01 charged").await;
    assert_eq!(balance(&mut ann).await, (99, false));
    admin
        .asks(&format!("/settle 1 {charge} free"), "was settled before")
        .await;

    // There is no task.
    orders(&mut ann, "A fox with a lost task").await;
    ann.hears_at_last("the connection broke").await;
    let notice = admin
        .hears("Nobody knows whether this generation was begun")
        .await;
    let charge = charge_in(&notice.text);
    admin
        .asks(&format!("/settle 1 {charge} free"), "the money is free again")
        .await;
    ann.hears_at_last("The price is yours again").await;
    assert_eq!(balance(&mut ann).await, (99, false));
    admin.asks("/unclear", "Every charge is clear").await;
    assert_eq!(
        town.get("/generation/sim/tasks").await["create_calls"],
        2,
        "neither was handed in again"
    );
    bot.has_not_panicked();
}
