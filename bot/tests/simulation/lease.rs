//! One schedule by hand: a purchase whose turn had to wait until its lease was nearly over.

use std::time::Duration;

use stepkeep_core::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use crate::chance::Chance;
use crate::chat::Message;
use crate::person::Person;
use crate::process::{PausedClock, Process, Surroundings};
use crate::shipping::Shipping;
use crate::store::Store;
use crate::telegram::Telegram;
use crate::trace::Trace;
use crate::weather::Weather;
use crate::world::{in_virtual_time, near_the_end};
use crate::{invariants, world};

/// How long the store is down: three inputs wait for it, twenty seconds each at most, and the third is the purchase.
const OUTAGE: Duration = Duration::from_secs(52);

/// Longer than a lease and a long poll.
const A_WHILE: Duration = Duration::from_mins(2);

/// The message that has a button that begins so, once it is there.
async fn sees(person: &Person, button: &str) -> Message {
    let looking = async {
        loop {
            sleep(Duration::from_millis(100)).await;
            let state = person.telegram.state();
            let messages = state
                .chats
                .get(&person.id)
                .map(|chat| &chat.messages[..])
                .unwrap_or_default();
            let has_it = |message: &&Message| message.buttons.iter().any(|(label, _)| label.contains(button));
            if let Some(message) = messages.iter().rev().find(has_it) {
                return message.clone();
            }
        }
    };
    timeout(Duration::from_mins(5), looking).await.expect("a button")
}

/// Both processes have the purchase, and the store is back shortly before its lease ends. The one that commits the turn
/// must not make the call for as long as if the lease had just begun: the other one would look, find nothing, and buy.
#[test]
fn a_purchase_whose_turn_waited_for_the_store_is_made_once() {
    fastrand::seed(1);
    in_virtual_time(async {
        let (chance, trace) = (Chance::of(1), Trace::new());
        let weather = Weather::new(0, chance.clone(), trace.clone());
        let around = Surroundings {
            store: Store::new(weather.clone()),
            telegram: Telegram::new(weather.clone(), true),
            shipping: Shipping::new(weather.clone()).slow_before_purchases(Duration::from_secs(10)),
            clock: PausedClock {
                start: Instant::now(),
            },
            has_shelf: true,
        };
        let person = Person {
            id: 100,
            deeds: 0,
            is_known: true,
            chance,
            telegram: around.telegram.clone(),
        };
        near_the_end(person.id, &around).await;
        let processes = [Process::start(0, &around), Process::start(1, &around)];
        person.says("10 x 6 x 4 in");
        person.presses(&sees(&person, "Show prices").await, 0);
        person.presses(&sees(&person, "USPS").await, 0);
        let confirmation = sees(&person, "Buy for").await;

        weather.set_store_down(true);
        person.says("one");
        person.says("two");
        person.presses(&confirmation, 0);
        sleep(OUTAGE).await;
        weather.set_store_down(false);

        let give_up_at = Instant::now() + world::LONGEST_CALM;
        while !invariants::is_done(&around) && Instant::now() < give_up_at {
            sleep(Duration::from_secs(1)).await;
        }
        // Another call may be about to buy while all looks done, and the shelf is cleared between two long polls.
        sleep(A_WHILE).await;
        // Shown when the test fails.
        for line in trace.lines() {
            println!("{line}");
        }
        assert!(
            left_of_the_lease(&around) < Duration::from_secs(20),
            "its turn did not wait"
        );
        assert_eq!(invariants::problems(&around).await, [] as [String; 0]);
        assert_eq!(around.shipping.sales().labels.len(), 1, "one rate was bought");
        processes.into_iter().for_each(Process::crash);
    });
}

/// How much of the purchase's first lease was left when its turn was committed.
fn left_of_the_lease(around: &Surroundings) -> Duration {
    let history = around.store.history();
    let commit = history
        .commits
        .values()
        .flatten()
        .find(|commit| {
            commit
                .session
                .turn()
                .effects
                .iter()
                .any(|call| call.name == "buy_label")
        })
        .expect("a purchase");
    let committed_at: Timestamp = around.clock.at(commit.at);
    let ends_at = commit.session.turn().effects[0].recover_at;
    ends_at.since(committed_at)
}
