//! Orders go on, whenever the process is killed.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bot_process::BotProcess;
use crate::order::{Order, PROMPTS, QUESTIONS};
use crate::person::{Heard, Person};
use crate::town::Town;

const ORDERS: usize = 200;
/// How many of them begin at once; the others join while the process is being killed.
const AT_ONCE: usize = 100;
/// How many kills there are, unless `STEPKEEP_TEST_KILLS` says otherwise.
const KILLS: usize = 24;
/// How many more there are at most, each right after somebody's tap on Buy.
const AIMED: usize = 6;
/// Every so many-th person has the process killed right after their tap on Buy.
const AIMED_EVERY: usize = 8;
/// Between sending and hearing lies a stream of events, so what a process said just before its end is heard after it.
const HEARING: Duration = Duration::from_secs(2);

const SUMMARY: usize = QUESTIONS + 1;
const ASKING: usize = SUMMARY + 1;
const OFFERS: usize = ASKING + 1;
const CONFIRM: usize = OFFERS + 1;
const LABEL: usize = CONFIRM + 1;
const DONE: usize = LABEL + 1;

/// Where in the order a message of the bot belongs: 0 is the main menu, then come the questions and what follows.
fn stage(message: &Heard) -> usize {
    let text = &message.text;
    let later = [
        ("I help you send a parcel", 0),
        ("Please check your order", SUMMARY),
        ("Asking the carriers", ASKING),
        ("Tap the one you like", OFFERS),
        ("Shall I buy the label?", CONFIRM),
        ("Your label is ready", LABEL),
        ("All done", DONE),
    ];
    let question = PROMPTS.iter().position(|prompt| text.contains(prompt));
    let found = question.map(|number| number + 1).or_else(|| {
        let found = later.iter().find(|(part, _)| text.contains(part));
        found.map(|&(_, stage)| stage)
    });
    found.unwrap_or_else(|| panic!("the bot said what belongs to no order: {message:#?}"))
}

/// A message that came twice: when, and when again.
struct Repeat {
    first: Instant,
    again: Instant,
}

pub(crate) struct Done {
    pub(crate) order: Order,
    answers: usize,
    repeats: Vec<Repeat>,
}

/// Makes an order, and answers every message once, as soon as it comes. A message may come again only as it was, and
/// only while nothing followed it.
pub(crate) async fn order(
    mut person: Person,
    order: Order,
    bought: Option<mpsc::UnboundedSender<()>>,
) -> Done {
    let mut answers = 1;
    let mut repeats = Vec::new();
    let mut stages: BTreeMap<usize, Heard> = BTreeMap::new();
    person.says("/start").await;
    loop {
        let heard = person.next().await;
        let stage = stage(&heard);
        if let Some(first) = stages.get(&stage) {
            let last = *stages.keys().next_back().expect("a stage");
            // The label and what follows it are one turn's replies, which are repeated together.
            let is_last = stage == last || (stage, last) == (LABEL, DONE);
            assert!(
                is_last,
                "person {} was asked again: {heard:#?} after {:#?}",
                person.id,
                stages.get(&last)
            );
            assert_eq!(first.text, heard.text, "a repeat says the same");
            assert_eq!(first.buttons, heard.buttons, "a repeat offers the same");
            repeats.push(Repeat {
                first: first.at,
                again: heard.at,
            });
            continue;
        }
        assert_eq!(
            stage,
            stages.len(),
            "person {} missed a step before {heard:#?}",
            person.id
        );
        stages.insert(stage, heard.clone());
        match stage {
            0 => drop(person.taps(&heard, "New order").await),
            1..=QUESTIONS => match &order.answers[stage - 1] {
                Some(text) => drop(person.says(text).await),
                None => drop(person.taps(&heard, "Skip").await),
            },
            SUMMARY => {
                assert_eq!(heard.text, order.summary(), "person {}", person.id);
                drop(person.taps(&heard, "Show prices").await);
            }
            OFFERS => drop(person.taps(&heard, "USPS").await),
            CONFIRM => {
                drop(person.taps(&heard, "Buy for").await);
                if let Some(bought) = &bought {
                    // Nobody listens any more once there were enough kills.
                    let _ = bought.send(());
                }
            }
            LABEL => person.has_file(&heard).await,
            DONE => break,
            _ => continue,
        }
        answers += usize::from(stage < LABEL);
    }
    Done {
        order,
        answers,
        repeats,
    }
}

/// Kills the bot at random moments and restarts it at once; answers when it was killed.
async fn kill_at_random(
    bot: &mut BotProcess,
    mut rng: StdRng,
    kills: usize,
    mut purchases: mpsc::UnboundedReceiver<()>,
    progress: watch::Sender<usize>,
) -> (Vec<Instant>, usize) {
    let mut killed = Vec::new();
    let mut aimed = 0;
    loop {
        let life = Duration::from_millis(rng.random_range(0..1_700));
        // A tap before the last kill is no target any more.
        while purchases.try_recv().is_ok() {}
        let is_aimed = tokio::select! {
            () = sleep(life), if killed.len() - aimed < kills => false,
            tapped = purchases.recv(), if aimed < AIMED => match tapped {
                Some(()) => {
                    sleep(Duration::from_millis(rng.random_range(0..60))).await;
                    true
                }
                // Everybody has bought.
                None => break,
            },
            else => break,
        };
        aimed += usize::from(is_aimed);
        assert!(bot.is_alive(), "the bot ended by itself");
        killed.push(Instant::now());
        bot.kill();
        bot.restart();
        progress.send_replace(killed.len());
        // Long enough to start.
        sleep(Duration::from_millis(300)).await;
    }
    (killed, aimed)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_orders_survive_kills_at_random_moments() {
    let setting = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = setting("STEPKEEP_TEST_SEED").unwrap_or_else(rand::random);
    let kills =
        setting("STEPKEEP_TEST_KILLS").map_or(KILLS, |kills| usize::try_from(kills).expect("a number"));
    println!("STEPKEEP_TEST_SEED={seed} STEPKEEP_TEST_KILLS={kills}");

    let (town, mut bot) = Town::with_bot().await;
    let (bought, purchases) = mpsc::unbounded_channel();
    let (progress, _) = watch::channel(0);
    let began = Instant::now();
    let mut orders = JoinSet::new();
    for number in 0..ORDERS {
        let person = town
            .person(10_000 + i64::try_from(number).expect("a small number"))
            .await;
        // Those who join later keep every kill from meeting a bot with nothing to do.
        let after = match number.checked_sub(AT_ONCE) {
            Some(late) => late * kills.saturating_sub(1) / (ORDERS - AT_ONCE) + 1,
            None => 0,
        };
        let mut kills_so_far = progress.subscribe();
        let bought = number.is_multiple_of(AIMED_EVERY).then(|| bought.clone());
        orders.spawn(async move {
            let enough = kills_so_far.wait_for(|&kills| kills >= after).await;
            enough.expect("a killer");
            order(person, Order::of(number), bought).await
        });
    }
    drop(bought);

    let rng = StdRng::seed_from_u64(seed);
    let killing = kill_at_random(&mut bot, rng, kills, purchases, progress.clone());
    let (killed, aimed) = killing.await;
    let mut done = Vec::new();
    while let Some(order) = orders.join_next().await {
        done.push(order.expect("an order to its end"));
    }
    let took = began.elapsed();

    let answers: usize = done.iter().map(|done| done.answers).sum();
    let repeats: Vec<&Repeat> = done.iter().flat_map(|done| &done.repeats).collect();
    println!(
        "{ORDERS} orders, {} kills ({aimed} of them right after a tap on Buy), {} repeated messages, {answers} answers in {:.1} s: {:.0} per second",
        killed.len(),
        repeats.len(),
        took.as_secs_f64(),
        f64::from(u32::try_from(answers).expect("a small number")) / took.as_secs_f64(),
    );
    for repeat in repeats {
        let excuse = killed
            .iter()
            .any(|&kill| repeat.first <= kill + HEARING && kill <= repeat.again);
        assert!(excuse, "a message came twice without a kill in between");
    }

    let labels = town.labels().await;
    for Done { order, .. } in &done {
        let theirs: Vec<_> = labels
            .iter()
            .filter(|label| label["ship_to"]["name"] == order.recipient())
            .collect();
        assert_eq!(theirs.len(), 1, "one label is bought for {}", order.recipient());
        order.is_on(theirs[0]);
    }
    assert_eq!(labels.len(), ORDERS);
    town.is_quiet().await;
    assert!(bot.is_alive());
    bot.has_not_panicked();
}
