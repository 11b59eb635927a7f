use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::value::RawValue;
use stepkeep_core::{
    BotId, Fault, Faults, MemoryStorage, SessionStore, StoreOperation, SystemClock, WithFaults,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::*;
use crate::telegram::{Method, SessionShelf};

const BOT: BotId = BotId(7);

fn update(id: i64) -> RawUpdate {
    RawUpdate::new(RawValue::from_string(format!(r#"{{"update_id":{id}}}"#)).unwrap()).unwrap()
}

/// Telegram: a newer poll ends the one that is open.
#[derive(Debug, Default)]
struct Telegram {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: BTreeMap<i64, RawUpdate>,
    /// Who polled, in order.
    polls: Vec<&'static str>,
    /// Whose poll was ended by another one.
    conflicts: Vec<&'static str>,
}

/// One process's way to it.
#[derive(Debug)]
struct Connection {
    who: &'static str,
    telegram: Arc<Telegram>,
}

impl Telegram {
    fn send(&self, ids: impl IntoIterator<Item = i64>) {
        let updates = ids.into_iter().map(|id| (id, update(id)));
        self.state.lock().queue.extend(updates);
        self.news.notify_waiters();
    }

    fn unconfirmed(&self) -> Vec<i64> {
        self.state.lock().queue.keys().copied().collect()
    }

    fn conflicts(&self) -> Vec<&'static str> {
        self.state.lock().conflicts.clone()
    }

    fn polled_by(&self, who: &str) -> bool {
        self.state.lock().polls.contains(&who)
    }
}

#[async_trait]
impl UpdateSource for Connection {
    async fn fetch(&self, request: &UpdateRequest) -> Result<Vec<RawUpdate>, TelegramError> {
        let number = {
            let mut state = self.telegram.state.lock();
            state.polls.push(self.who);
            state.polls.len()
        };
        self.telegram.news.notify_waiters();
        let end = Instant::now() + request.timeout;
        loop {
            let news = self.telegram.news.notified();
            let page: Vec<_> = {
                let mut state = self.telegram.state.lock();
                if state.polls.len() > number {
                    state.conflicts.push(self.who);
                    let kind = TelegramErrorKind::Conflict(ConflictCause::OtherPoller);
                    return Err(TelegramError::new(Method::new("getUpdates"), kind));
                }
                state.queue.retain(|id, _| *id >= request.offset);
                state.queue.values().take(request.limit.into()).cloned().collect()
            };
            if !page.is_empty() || timeout_at(end, news).await.is_err() {
                return Ok(page);
            }
        }
    }
}

/// What several processes share.
#[derive(Default)]
struct World {
    telegram: Arc<Telegram>,
    memory: MemoryStorage,
}

/// A process that polls or stands by.
struct Process {
    faults: Faults,
    stop: CancellationToken,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    task: JoinHandle<LedPolling>,
    let_go: Arc<Mutex<u32>>,
}

impl World {
    fn start(&self, who: &'static str) -> Process {
        let faults = Faults::with_seed(1);
        let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(self.memory.clone(), &faults));
        let source = Connection {
            who,
            telegram: Arc::clone(&self.telegram),
        };
        let mut polling = LedPolling::new(
            Leadership::new(Arc::clone(&store), Arc::new(SystemClock), BOT),
            Arc::new(source),
            Arc::new(SessionShelf::new(store, Arc::new(SystemClock), BOT)),
            PollingConfig::default(),
        );
        let stop = CancellationToken::new();
        let let_go = Arc::new(Mutex::new(0));
        let (sender, deliveries) = mpsc::unbounded_channel();
        let task = tokio::spawn({
            let (stop, let_go) = (stop.clone(), Arc::clone(&let_go));
            async move {
                let hand_out = |delivery| {
                    let sender = sender.clone();
                    async move { drop(sender.send(delivery)) }
                };
                polling
                    .run(hand_out, || *let_go.lock() += 1, &stop)
                    .await
                    .unwrap();
                polling
            }
        });
        Process {
            faults,
            stop,
            deliveries,
            task,
            let_go,
        }
    }
}

impl Process {
    async fn next(&mut self) -> Delivery {
        let next = timeout(Duration::from_mins(10), self.deliveries.recv()).await;
        next.expect("an update is handed out").expect("it runs")
    }

    async fn take(&mut self, ids: &[i64]) -> Vec<Delivery> {
        let mut taken = Vec::new();
        for id in ids {
            let delivery = self.next().await;
            assert_eq!(delivery.update.id, *id);
            taken.push(delivery);
        }
        taken
    }

    async fn gets_nothing(&mut self) {
        let next = timeout(Duration::from_secs(30), self.deliveries.recv()).await;
        assert!(next.is_err(), "unexpected: {next:?}");
    }

    fn loses_the_store(&self) {
        for operation in [
            StoreOperation::Get,
            StoreOperation::Create,
            StoreOperation::Update,
            StoreOperation::Scan,
        ] {
            self.faults.inject(Fault::unavailable(operation));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_processes_one_polls() {
    let world = World::default();
    let mut one = world.start("one");
    let first = {
        world.telegram.send([1]);
        one.next().await
    };
    let mut other = world.start("other");
    first.receipt.acknowledge();
    world.telegram.send(2..=4);
    for delivery in one.take(&[2, 3, 4]).await {
        delivery.receipt.acknowledge();
    }
    other.gets_nothing().await;
    assert!(!world.telegram.polled_by("other"));
    assert_eq!(world.telegram.conflicts(), [""; 0]);
    assert_eq!(world.telegram.unconfirmed(), [0_i64; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_confirms_what_was_handled_and_the_next_process_gets_the_rest() {
    let world = World::default();
    let mut one = world.start("one");
    world.telegram.send(1..=3);
    let mut taken = one.take(&[1, 2, 3]).await;
    let mut other = world.start("other");
    taken.remove(0).receipt.acknowledge();

    one.stop.cancel();
    let polling = one.task.await.unwrap();
    // What is under way takes a while, in which nobody else polls.
    other.gets_nothing().await;
    taken.remove(0).receipt.acknowledge();
    polling.finish().await;

    other.take(&[3]).await;
    assert_eq!(world.telegram.conflicts(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_leader_that_ended_did_not_acknowledge_is_the_next_ones_also_from_the_shelf() {
    let world = World::default();
    let mut one = world.start("one");
    world.telegram.send([1, 2]);
    let taken = one.take(&[1, 2]).await;
    // By now they lie on the shelf, and Telegram has forgotten them.
    one.gets_nothing().await;
    assert_eq!(world.telegram.unconfirmed(), [0_i64; 0]);
    world.telegram.send([3]);
    one.take(&[3]).await;

    one.task.abort();
    let mut other = world.start("other");
    other.take(&[1, 2, 3]).await;
    drop(taken);
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_the_store_polls_on_until_another_one_does_and_then_stands_by() {
    let world = World::default();
    let mut one = world.start("one");
    world.telegram.send([1]);
    one.next().await.receipt.acknowledge();
    one.loses_the_store();
    sleep(Duration::from_mins(2)).await;
    world.telegram.send([2]);
    let second = one.next().await;

    let mut other = world.start("other");
    other.take(&[2]).await.remove(0).receipt.acknowledge();
    let steps_down = async {
        while *one.let_go.lock() < 2 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = timeout(Duration::from_mins(1), steps_down).await;
    assert!(in_time.is_ok(), "{:?}", world.telegram.conflicts());
    assert_eq!(world.telegram.conflicts().last(), Some(&"one"));

    second.receipt.acknowledge();
    one.faults.heal();
    let conflicts = world.telegram.conflicts();
    world.telegram.send([3]);
    other.take(&[3]).await.remove(0).receipt.acknowledge();
    one.gets_nothing().await;
    assert_eq!(world.telegram.conflicts(), conflicts, "who stands by never polls");
}

#[tokio::test(start_paused = true)]
async fn a_process_may_lead_again_and_begins_anew() {
    let world = World::default();
    let mut one = world.start("one");
    world.telegram.send([1]);
    let first = one.next().await;
    one.loses_the_store();
    let mut other = world.start("other");
    let again = other.take(&[1]).await;
    one.faults.heal();

    other.task.abort();
    // The update from back then is still under way here; it comes again all the same, as the first attempt.
    let third = one.next().await;
    assert_eq!((third.update.id, third.attempt), (1, 1));
    drop(first);
    drop(again);
    third.receipt.acknowledge();
    one.gets_nothing().await;
    assert_eq!(world.telegram.unconfirmed(), [0_i64; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_put_on_the_shelf_without_a_proof_of_the_lead_is_not_confirmed() {
    let world = World::default();
    let mut one = world.start("one");
    // The shelf is written, and the lease is not renewed.
    one.faults.inject(Fault::unavailable(StoreOperation::Update));
    world.telegram.send([1]);
    let slow = one.next().await;
    one.gets_nothing().await;
    assert_eq!(world.telegram.unconfirmed(), [1]);
    one.faults.heal();
    one.gets_nothing().await;
    assert_eq!(world.telegram.unconfirmed(), [0_i64; 0]);
    drop(slow);
}
