//! The dashboard in a real browser.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepkeep::config::{Delivery, StatusListen, StatusSettings};
use stepkeep::flows::flow_maps;
use stepkeep::observation::{self, Api, OperationName};
use stepkeep::status::{Activity, CacheFigures, Place, Status, StatusParts, StatusServer, TurnOutcome};
use stepkeep::telegram::BotToken;
use stepkeep_core::{
    BotId, Clock as _, Fault, FlowName, ManualClock, MemoryStorage, NewSession, Position, SessionChange,
    SessionKey, SessionStore, StepName, StoreErrorKind, StoreOperation, SystemClock, Timestamp, UserId,
};
use stepkeep_sandbox::browser::Browser;
use tokio_util::sync::CancellationToken;

use crate::support::{BOT, BOT_TOKEN, Bot, TOKEN, eventually};

/// Name, width, dark.
const LOOKS: [(&str, u32, bool); 4] = [
    ("light", 1280, false),
    ("dark", 1280, true),
    ("phone-light", 360, false),
    ("phone-dark", 360, true),
];

/// What sticks out of the page, or out of its own cell, button or card.
const STICKS_OUT: &str = "
    const page = document.documentElement;
    const wide = page.scrollWidth > page.clientWidth ? ['the page'] : [];
    const parts = [...document.querySelectorAll('.tile, .tile *, .panel, .chip, .head h1, th, td, dt, dd, h2, .card')];
    const cut = parts.filter((part) => part.offsetParent && !part.matches('.visually-hidden')
      && part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== 'inline');
    return [...wide, ...cut.map((part) => `${part.tagName} ${part.className} ${part.textContent.slice(0, 40)}`)];";

/// Texts that don't stand out enough from what is behind them, by the measure of WCAG 2.
const TOO_FAINT: &str = "
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
      const [r, g, b] = parts(color).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let one = element; one; one = one.parentElement) {
        const color = getComputedStyle(one).backgroundColor;
        if ((parts(color)[3] ?? 1) > 0) return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (!texts.currentNode.textContent.trim() || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const own = light(element.closest('svg') ? style.fill : style.color);
      const ground = light(behind(element));
      const ratio = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
      if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${texts.currentNode.textContent.trim().slice(0, 40)}`);
    }
    return faint;";

/// Nobody is lost who hears the page, or has no mouse.
const UNCLEAR: &str = "
    const unclear = [];
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption?.textContent.trim()) unclear.push('a table without a caption');
      if (table.querySelector('th:not([scope])')) unclear.push(`a head without a scope in ${table.caption.textContent}`);
    }
    for (const picture of document.querySelectorAll('svg')) {
      if (!picture.getAttribute('aria-label')) unclear.push('a picture without a text');
    }
    for (const one of document.querySelectorAll('button, input, a')) {
      if (one.tabIndex < 0 || !(one.textContent.trim() || one.labels?.length)) unclear.push(one.outerHTML);
    }
    return unclear;";

async fn script(browser: &Browser, script: &str) -> Value {
    browser.client().execute(script, Vec::new()).await.unwrap()
}

/// Takes pictures of the page in all its looks, and finds nothing amiss in any.
async fn looks_well(browser: &Browser, name: &str) {
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    for (look, width, dark) in LOOKS {
        browser.resize(width, 900).await.unwrap();
        browser.prefer_dark(dark).await.unwrap();
        // The chart is drawn anew for its width, and bars move.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let height = script(browser, "return document.documentElement.scrollHeight").await;
        let height = u32::try_from(height.as_u64().unwrap()).unwrap();
        browser.resize(width, height).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let file = pictures.join(format!("dashboard-{name}-{look}.png"));
        browser.screenshot(&file).await.unwrap();
        for (what, look_for) in [
            ("sticks out", STICKS_OUT),
            ("is too faint", TOO_FAINT),
            ("is unclear", UNCLEAR),
        ] {
            assert_eq!(
                script(browser, look_for).await,
                json!([]),
                "{what} in {name}, {look}"
            );
        }
    }
    browser.resize(1280, 900).await.unwrap();
    browser.prefer_dark(false).await.unwrap();
}

/// How many people are in a step, as the page shows it.
async fn people_in(browser: &Browser, step: &str) -> String {
    let script_of_row = format!(
        "const rows = [...document.querySelectorAll('.funnel tbody tr')];
         const row = rows.find((row) => row.cells[0].textContent === {});
         return row ? row.cells[2].textContent : '';",
        json!(step)
    );
    script(browser, &script_of_row).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_seen_moving_while_they_answer_and_errors_as_they_come() {
    let bot = Bot::start().await;
    let browser = Browser::start().await.unwrap();
    browser.open(&bot.address("/")).await.unwrap();
    looks_well(&browser, "sign-in").await;
    browser
        .type_into("token", "a-wrong-token-of-some-length")
        .await
        .unwrap();
    browser.click("sign-in").await.unwrap();
    browser.wait_for("wrong").await.unwrap();
    looks_well(&browser, "wrong-token").await;
    browser.type_into("token", TOKEN).await.unwrap();
    browser.click("sign-in").await.unwrap();
    browser.wait_for_text("connection", "Live").await.unwrap();
    browser.wait_for_text("readiness", "Ready").await.unwrap();
    looks_well(&browser, "nobody-yet").await;

    bot.begins_an_order(1_001).await;
    bot.hears(1_001, "Anna Miller").await;
    eventually(async || people_in(&browser, "sender address").await == "1").await;
    let heads = "return [...document.querySelectorAll('.funnel')].map((table) =>
         [...table.querySelectorAll('thead th')].map((head) => head.textContent).join(' | '));";
    let heads = script(&browser, heads).await;
    let heads = heads.as_array().unwrap();
    assert!(heads.len() > 1, "a table for each flow: {heads:?}");
    assert!(
        heads
            .iter()
            .all(|of_a_table| of_a_table == "Step | Share | Here | 30 min | Longest"),
        "{heads:?}"
    );
    // Somebody whose session is too large to be kept.
    let too_large = Fault::error(StoreOperation::Create, StoreErrorKind::TooLarge).times(1);
    bot.faults.inject(too_large);
    bot.hears(1_002, "/start").await;
    for words in ["500 W 2nd St", "Austin"] {
        bot.hears(1_001, words).await;
    }
    browser.wait_for_text("feed", "store").await.unwrap();
    eventually(async || people_in(&browser, "sender state").await == "1").await;
    assert_eq!(people_in(&browser, "sender address").await, "0");
    browser.wait_for_text("stuck", "sender state").await.unwrap();
    browser.wait_for("chart").await.unwrap();
    looks_well(&browser, "an-order").await;

    browser.click("sign-out").await.unwrap();
    browser.wait_for("token").await.unwrap();
    browser.stop().await.unwrap();
    bot.end().await;
}

/// A bot that many people use, as far as the status can tell.
async fn busy(clock: &Arc<ManualClock>) -> StatusParts {
    let now = SystemClock.now();
    let activity = Arc::new(Activity::new(Arc::<ManualClock>::clone(clock)));
    let store = MemoryStorage::new();
    let steps: Vec<_> = flow_maps().into_iter().flat_map(|flow| flow.steps).collect();
    let place = |step: &str| Place {
        flow: "shipping".to_owned(),
        step: step.to_owned(),
    };
    let seen =
        |step: &str| observation::Place::Step(FlowName::constant("shipping"), StepName::new(step).unwrap());
    let mut user = 0;
    for (index, step) in steps.iter().enumerate() {
        let people = [
            41, 12, 9, 17, 14, 6, 11, 8, 5, 9, 6, 3, 12, 4, 7, 2, 11, 5, 1, 88, 0,
        ][index % 21];
        for nth in 0..people {
            user += 1;
            let age = Duration::from_secs(40 + 97 * nth * (1 + u64::try_from(index).unwrap() % 3));
            put(&store, user, "shipping", step, now - age).await;
        }
    }
    for user in 1_000..1_060 {
        put(&store, user, "home", "start", now).await;
    }
    for slot in 0..178_u64 {
        clock.set(now - Duration::from_secs(10 * (178 - slot)));
        if (60..72).contains(&slot) {
            continue;
        }
        for turn in 0..(6 + slot % 7) {
            let wave = 3 + (slot / 6 * 7 + turn * 5) % 11;
            let slow = u64::from(slot > 120 && turn == 5) * 700;
            let step = steps[usize::try_from(slot * 5 + turn * turn).unwrap() % 20];
            let took = Duration::from_millis(wave + slow);
            activity.answered(TurnOutcome::Answered, took);
            activity.arrived(&seen(step));
        }
    }
    clock.set(now);
    for (operation, micros, count) in [
        (StoreOperation::Get, 210, 900),
        (StoreOperation::Update, 1_900, 840),
        (StoreOperation::Create, 2_100, 60),
        (StoreOperation::Scan, 9_000, 40),
    ] {
        for nth in 0..count {
            let took = Duration::from_micros(micros + nth * 3);
            activity.store_operation(operation, took, nth == 7 && operation == StoreOperation::Update);
        }
    }
    for (operation, millis) in [("fetch_rates", 480), ("buy_label", 1_350)] {
        for nth in 0..40 {
            activity.outside_call(
                Api::Shipping,
                OperationName::new(operation),
                Duration::from_millis(millis + nth * 11),
                nth % 13 == 0,
            );
        }
    }
    clock.set(now - Duration::from_mins(7));
    activity.failed(
        "store",
        "update: the session is larger than the store takes",
        None,
    );
    clock.set(now - Duration::from_mins(3));
    for _ in 0..12 {
        let message =
            "the shipping API answered 503 Service Unavailable and did not say when it will be back";
        activity.failed("carrier_unavailable", message, Some(&place("fetching_rates")));
    }
    clock.set(now);
    activity.failed("unsent", "an update comes again", None);
    activity.update(42);
    StatusParts {
        bot: BotToken::parse(BOT_TOKEN).unwrap(),
        delivery: Delivery::Polling,
        store: Arc::new(store.clone()),
        administration: Some(Arc::new(store)),
        backend: "memory".to_owned(),
        flows: flow_maps(),
        activity,
        batched: None,
        metrics: None,
        clock: Arc::new(SystemClock),
        stopping: CancellationToken::new(),
    }
}

fn caches() -> Vec<CacheFigures> {
    let cache = |name: &str, hits, misses| CacheFigures {
        name: name.to_owned(),
        hits,
        misses,
        entries: misses,
        ..CacheFigures::default()
    };
    vec![
        cache("models", 930, 12),
        cache("rates", 218, 140),
        cache("personas", 0, 0),
    ]
}

async fn put(store: &MemoryStorage, user: i64, flow: &str, step: &str, at: Timestamp) {
    let change = SessionChange::new(at).go_to(Position {
        flow: FlowName::new(flow).unwrap(),
        version: 1,
        step: StepName::new(step).unwrap(),
    });
    let key = SessionKey::private(BotId(BOT), UserId(user));
    store.create(NewSession::new(key, change)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_dashboard_looks_well_and_outlives_a_restart_of_the_bot() {
    let clock = Arc::new(ManualClock::default());
    let status = Status::new(busy(&clock).await);
    status.is_known_as("ParcelKeeperBot", "Parcel Keeper");
    status.has_caches(caches);
    let settings = StatusSettings {
        listen: StatusListen::At("127.0.0.1:0".parse().unwrap()),
        token: None,
    };
    let server = StatusServer::start(&settings, &status).await.unwrap().unwrap();
    let browser = Browser::start().await.unwrap();
    browser.open(&server.link().unwrap()).await.unwrap();
    browser.wait_for_text("connection", "Live").await.unwrap();
    let shown = browser.client().current_url().await.unwrap();
    assert!(!shown.as_str().contains("token"), "{shown}");
    eventually(async || people_in(&browser, "sender name").await == "41").await;
    browser
        .wait_for_text("feed", "503 Service Unavailable")
        .await
        .unwrap();
    browser.wait_for_text("caches", "99 %").await.unwrap();
    looks_well(&browser, "busy").await;

    let address = server.address();
    server.stop().await;
    browser.wait_for_text("connection", "Disconnected").await.unwrap();
    browser
        .wait_for_text("banner", "What you see is old")
        .await
        .unwrap();
    looks_well(&browser, "disconnected").await;
    // The next process has other links, and the same key for cookies.
    let again = StatusSettings {
        listen: StatusListen::At(address),
        ..settings
    };
    let next = StatusServer::start(&again, &status).await.unwrap().unwrap();
    browser.wait_for_text("connection", "Live").await.unwrap();
    browser.wait_until_gone("banner").await.unwrap();
    browser.stop().await.unwrap();
    next.stop().await;
}
