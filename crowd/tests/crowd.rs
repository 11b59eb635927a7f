//! A small crowd against the real bot.
#![expect(clippy::expect_used, reason = "a test ends where something fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use stepkeep_crowd::report::Report;
use stepkeep_crowd::soak::{Delivery, Settings, run};
use stepkeep_crowd::store::StoreChoice;

/// The bot's program: cargo puts it into the folder above this test's. It is built when it isn't there.
fn bot() -> PathBuf {
    static BOT: OnceLock<PathBuf> = OnceLock::new();
    BOT.get_or_init(|| {
        let own = std::env::current_exe().expect("this program");
        let folder = own.parent().and_then(Path::parent).expect("cargo's folder");
        let program = folder.join("stepkeep");
        if !program.is_file() {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["build", "-p", "stepkeep", "--all-features"]);
            if folder.ends_with("release") {
                command.arg("--release");
            }
            let status = command.status().expect("a cargo");
            assert!(status.success(), "the bot can't be built");
        }
        program
    })
    .clone()
}

fn settings(faults: &str) -> Settings {
    let seed = std::env::var("STEPKEEP_TEST_SEED").ok();
    let seed: u32 = seed.map_or(7, |seed| seed.parse().expect("a number"));
    Settings {
        people: 20,
        conversations: 30,
        time_limit: Duration::from_mins(5),
        store: StoreChoice::Sqlite,
        processes: 1,
        delivery: Delivery::Polling,
        faults: faults.parse().expect("faults"),
        fault_every: Duration::from_secs(3),
        seed: u64::from(seed),
        think: Duration::from_millis(20),
        patience: Duration::from_secs(90),
        slow_person: false,
        bot: Some(bot()),
        logs: None,
    }
}

fn keeps_every_promise(report: &Report) {
    println!("{}", report.for_people());
    assert!(report.is_clean(), "{:#?}", report.violations);
    assert_eq!(report.conversations, 30);
    assert_eq!(report.labels, report.purchases);
    // Who had an order to its end answered more than its 14 questions.
    assert!(report.purchases > 15 && report.answers > 20 * report.purchases);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_press_twice_and_write_too_fast_are_served_while_apis_fail() {
    let faults = "redelivery,double-taps,bursts,api-errors";
    let report = run(settings(faults), |_| {}).await.expect("a soak");
    keeps_every_promise(&report);
    assert!(report.faults["double taps"] > 0 && report.faults["updates delivered again"] > 0);
}

/// Which of the faults come depends on how long the orders take, but not whether any does.
fn something_went_wrong(report: &Report) {
    let happened = |fault: &str| report.faults.get(fault).is_some_and(|times| *times > 0);
    assert!(
        ["kills", "restarts", "freezes"]
            .iter()
            .any(|fault| happened(fault))
    );
    assert!(happened("presses of old or forged buttons"));
}

/// Everything that can go wrong at once: slowly enough that there is something to be killed, and often enough that it
/// happens.
fn everything(delivery: Delivery) -> Settings {
    Settings {
        think: Duration::from_millis(150),
        fault_every: Duration::from_secs(1),
        delivery,
        ..settings("all")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_served_by_polling_whatever_goes_wrong() {
    let report = run(everything(Delivery::Polling), |_| {}).await.expect("a soak");
    keeps_every_promise(&report);
    something_went_wrong(&report);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_served_by_webhook_whatever_goes_wrong() {
    let report = run(everything(Delivery::Webhook), |_| {}).await.expect("a soak");
    keeps_every_promise(&report);
    something_went_wrong(&report);
}
