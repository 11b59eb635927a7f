//! One update that a webhook brings to several processes, each at its own pace: one of them answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stepkeep::runner::Runner;
use stepkeep::telegram::{Delivery, Origin, RawUpdate, Receipt, Settled};
use stepkeep_core::{Fault, Faults, MemoryStorage, StoreOperation, WithFaults};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::chance::Chance;
use crate::process::{PausedClock, client, runner};
use crate::shipping::Shipping;
use crate::telegram::Telegram;
use crate::trace::Trace;
use crate::weather::{Life, Weather};
use crate::world::in_virtual_time;

const PERSON: i64 = 100;

/// Longer than the right to send lasts.
const LATE: Duration = Duration::from_secs(4);

/// What the processes share.
struct Around {
    weather: Weather,
    store: MemoryStorage,
    telegram: Telegram,
    clock: PausedClock,
}

/// A process, with a way to the store of its own.
struct Replica {
    runner: Runner,
    store: Faults,
    /// Ends what it has to do with Telegram.
    life: Life,
}

impl Around {
    fn new() -> Self {
        let weather = Weather::new(0, Chance::of(1), Trace::new());
        Self {
            store: MemoryStorage::new(),
            telegram: Telegram::new(weather.clone(), true),
            clock: PausedClock {
                start: Instant::now(),
            },
            weather,
        }
    }

    fn replica(&self, name: usize) -> Replica {
        let (life, faults) = (Life::new(name), Faults::default());
        let store = Arc::new(WithFaults::new(self.store.clone(), &faults));
        let client = client(self.telegram.clone(), &life);
        let shipping = Shipping::new(self.weather.clone());
        Replica {
            // What it does apart from Telegram goes on.
            runner: runner(store, client, shipping, self.clock, Life::new(name)),
            store: faults,
            life,
        }
    }

    /// How often the person was greeted.
    fn greetings(&self) -> usize {
        let state = self.telegram.state();
        let told = state.chats.get(&PERSON).into_iter().flat_map(|chat| &chat.told);
        told.filter(|text| text.contains("I help you send a parcel"))
            .count()
    }
}

impl Replica {
    fn reads_slowly(&self) {
        self.store
            .inject(Fault::delay(StoreOperation::Get, LATE).times(1));
    }

    /// Brings it a `/start`, always the same one, and waits for what becomes of that.
    async fn starts(&self) -> Settled {
        let update = json!({"update_id": 5, "message": {"message_id": 5, "date": 0, "text": "/start",
            "chat": {"id": PERSON, "type": "private", "first_name": "Ann"},
            "from": {"id": PERSON, "is_bot": false, "first_name": "Ann", "language_code": "en"}}});
        let raw = serde_json::value::to_raw_value(&update).expect("JSON");
        let update = RawUpdate::new(raw).expect("an update");
        let (settle, settled) = oneshot::channel();
        let receipt = Receipt::new(update.id, Origin::Webhook, move |how| {
            let _ = settle.send(how);
        });
        let attempt = 1;
        self.runner
            .take(Delivery {
                update,
                attempt,
                receipt,
            })
            .await;
        settled.await.expect("a settled update")
    }
}

#[test]
fn who_reads_late_what_came_at_once_leaves_the_answer_to_the_other() {
    in_virtual_time(async {
        let around = Around::new();
        let (quick, slow) = (around.replica(0), around.replica(1));
        slow.reads_slowly();
        let settled = tokio::join!(quick.starts(), slow.starts());
        assert_eq!(settled, (Settled::Acknowledged, Settled::GivenBack));
        assert_eq!(around.greetings(), 1);
    });
}

#[test]
fn who_gets_it_after_the_first_one_died_answers_it_once() {
    in_virtual_time(async {
        let around = Around::new();
        let replicas = [0, 1, 2].map(|name| around.replica(name));
        let [dead, one, other] = &replicas;
        dead.life.end();
        tokio::select! {
            _ = dead.starts() => panic!("the dead answered"),
            () = sleep(Duration::from_secs(1)) => {}
        }
        assert_eq!(
            one.starts().await,
            Settled::GivenBack,
            "the first one may be sending"
        );
        assert_eq!(around.greetings(), 0);
        sleep(LATE).await;
        let settled = tokio::join!(one.starts(), other.starts());
        assert_eq!(settled, (Settled::Acknowledged, Settled::GivenBack));
        assert_eq!(around.greetings(), 1, "one of two that get it again answers");
    });
}

#[test]
fn a_slow_turn_of_the_first_one_and_a_second_delivery_make_one_answer() {
    in_virtual_time(async {
        let around = Around::new();
        let (slow, other) = (around.replica(0), around.replica(1));
        slow.store
            .inject(Fault::delayed_answer(StoreOperation::Create, LATE).times(1));
        let again = async {
            sleep(Duration::from_millis(3_900)).await;
            other.starts().await
        };
        let settled = tokio::join!(slow.starts(), again);
        assert_eq!(
            settled,
            (Settled::GivenBack, Settled::Acknowledged),
            "the other one took the right"
        );
        assert_eq!(around.greetings(), 1);
    });
}
