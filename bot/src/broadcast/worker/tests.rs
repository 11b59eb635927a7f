use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepkeep_core::{
    BotId, Clock, Fault, Faults, MemoryStorage, SessionStore, StoreOperation, Timestamp, WithFaults,
};

use super::*;
use crate::broadcast::{Audience, Begun, BroadcastOrder, BroadcastState, BroadcastView};
use crate::localization::Language;
use crate::people::People;
use crate::telegram::{
    Answer, Arguments, Call, ClientConfig, SenderConfig, TelegramClient, TelegramError, Transport,
};

const BOT: BotId = BotId(7);
const ADMIN: UserId = UserId(1_000);
const RATE: u32 = 20;

/// A time that follows tokio's, so that it can be paused.
#[derive(Debug)]
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH + self.0.elapsed()
    }
}

/// Telegram, as far as broadcasts go.
#[derive(Clone, Default)]
struct Telegram(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Who got the broadcast, and when.
    got: Vec<(i64, Instant)>,
    /// What the admin was told at the ends of broadcasts.
    told: Vec<String>,
    blocked: BTreeSet<i64>,
    /// The next answers to messages: a status each, with the seconds to wait.
    next: Vec<(u16, u64)>,
    asked: usize,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telegram")
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        retry_after: None,
        body: body.to_string().into(),
    }
}

#[async_trait]
impl Transport for Telegram {
    async fn call(&self, call: Call) -> Result<Answer, TelegramError> {
        let Arguments::Json(body) = call.arguments else {
            panic!("no uploads")
        };
        let body: Value = serde_json::from_slice(&body).unwrap();
        let (chat, text) = (body["chat_id"].as_i64().unwrap(), body["text"].as_str().unwrap());
        // On its way there.
        sleep(Duration::from_millis(40)).await;
        let refusal = {
            let mut state = self.0.lock();
            if text == "Hello" {
                state.asked += 1;
                let fault = (!state.next.is_empty()).then(|| state.next.remove(0));
                match fault {
                    Some((status, wait)) => Some((status, json!({"parameters": {"retry_after": wait}}))),
                    None if state.blocked.contains(&chat) => Some((403, json!({}))),
                    None => {
                        state.got.push((chat, Instant::now()));
                        None
                    }
                }
            } else {
                state.told.push(text.to_owned());
                None
            }
        };
        // And back: who dies in between doesn't hear of it.
        sleep(Duration::from_millis(40)).await;
        Ok(match refusal {
            Some((status, mut body)) => {
                body["ok"] = false.into();
                body["error_code"] = status.into();
                body["description"] = "no".into();
                answer(status, &body)
            }
            None => answer(
                200,
                &json!({"ok": true, "result": {
                    "message_id": 1, "date": 1, "chat": {"id": chat, "type": "private", "first_name": "A"}, "text": "Hello"
                }}),
            ),
        })
    }

    async fn download(&self, _: &str, _: u64, _: Duration) -> Result<Answer, TelegramError> {
        panic!("no downloads")
    }
}

/// A bot that knows some people, and processes of it.
struct World {
    memory: MemoryStorage,
    clock: Arc<dyn Clock>,
    telegram: Telegram,
}

/// A process. It dies when this is dropped.
struct Process {
    broadcasts: Broadcasts,
    faults: Faults,
    stop: CancellationToken,
    running: tokio_util::task::AbortOnDropHandle<()>,
}

impl Process {
    /// Ends in order.
    async fn ends(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

impl World {
    async fn with_people(people: i64) -> Self {
        let world = Self {
            memory: MemoryStorage::new(),
            clock: Arc::new(Virtual(Instant::now())),
            telegram: Telegram::default(),
        };
        let known = People::new(Arc::new(world.memory.clone()), Arc::clone(&world.clock), BOT);
        for user in 1..=people {
            known.note(UserId(user)).await.unwrap();
        }
        world
    }

    fn process(&self) -> Process {
        let faults = Faults::with_seed(1);
        let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(self.memory.clone(), &faults));
        let broadcasts = Broadcasts::new(store, Arc::clone(&self.clock), BOT);
        let transport: Arc<dyn Transport> = Arc::new(self.telegram.clone());
        let client = TelegramClient::over(transport, BOT, &ClientConfig::default());
        let worker = BroadcastWorker::new(WorkerParts {
            broadcasts: broadcasts.clone(),
            sender: Arc::new(Sender::new(client, SenderConfig::default())),
            localizer: Arc::new(Localizer::new().unwrap()),
            rate: RATE,
        });
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { worker.run(&stop).await }
        });
        Process {
            broadcasts,
            faults,
            stop,
            running: tokio_util::task::AbortOnDropHandle::new(running),
        }
    }

    /// The broadcast, once it is over.
    async fn over(&self) -> BroadcastView {
        let store = Arc::new(self.memory.clone());
        let broadcasts = Broadcasts::new(store, Arc::clone(&self.clock), BOT);
        let wait = async {
            loop {
                if let Some((_, job)) = broadcasts.read().await.unwrap()
                    && job.is_told
                {
                    return job.view();
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(30), wait).await.unwrap()
    }

    /// Who got it, each once.
    fn got(&self) -> BTreeSet<i64> {
        let got = self.telegram.0.lock().got.clone();
        let people: BTreeSet<_> = got.iter().map(|(user, _)| *user).collect();
        assert_eq!(people.len(), got.len(), "somebody got it twice: {got:?}");
        people
    }
}

async fn begin(process: &Process, id: &str) -> Begun {
    let order = BroadcastOrder {
        id: id.to_owned(),
        text: "Hello".to_owned(),
        by: ADMIN,
        language: Language::English,
        audience: process.broadcasts.audience().await.unwrap(),
    };
    process.broadcasts.begin(order, None).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn everybody_gets_it_once_at_the_pace_that_is_set_and_the_admin_hears_of_the_end() {
    let world = World::with_people(500).await;
    world.telegram.0.lock().blocked = (1..=500).filter(|user| user % 10 == 0).collect();
    let process = world.process();
    assert!(matches!(begin(&process, "a").await, Begun::Started(_)));
    let view = world.over().await;
    assert_eq!(view.state, BroadcastState::Done);
    assert_eq!(
        view.audience,
        Audience {
            people: 500,
            is_whole: true
        }
    );
    assert_eq!(
        (view.counts.sent, view.counts.blocked, view.counts.all()),
        (450, 50, 500)
    );
    assert_eq!(world.got().len(), 450);
    let state = world.telegram.0.lock();
    assert_eq!(state.asked, 500, "who blocked the bot is asked once");
    let second = usize::try_from(RATE).unwrap();
    for window in state.got.windows(second + 1) {
        assert!(window[second].1 - window[0].1 >= Duration::from_secs(1));
    }
    assert_eq!(state.told.len(), 1);
    assert!(state.told[0].contains("Sent: 450"), "{}", state.told[0]);
    assert_eq!(process.broadcasts.figures().counts(), view.counts);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_is_followed_and_costs_five_people_at_most() {
    for died_after in [130, 300, 777, 1_000, 1_290] {
        let world = World::with_people(60).await;
        let (one, _other) = (world.process(), world.process());
        begin(&one, "a").await;
        sleep(Duration::from_millis(died_after)).await;
        drop(one);
        let view = world.over().await;
        let got = world.got();
        assert_eq!(view.counts.all(), 60, "after {died_after} ms");
        assert!(view.counts.unclear <= 5, "after {died_after} ms: {view:?}");
        let clear = view.counts.sent;
        let missed = 60 - u64::try_from(got.len()).unwrap();
        assert!(
            missed <= view.counts.unclear,
            "after {died_after} ms: {missed} missed"
        );
        assert!(clear <= 60 - missed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_loses_the_store_is_followed_and_sends_to_nobody_again() {
    let world = World::with_people(200).await;
    let (one, _other) = (world.process(), world.process());
    begin(&one, "a").await;
    sleep(Duration::from_secs(2)).await;
    for operation in [StoreOperation::Get, StoreOperation::Update] {
        one.faults.inject(Fault::unavailable(operation));
    }
    // By then the other one has taken over, and is in the middle of it.
    sleep(Duration::from_secs(10)).await;
    one.faults.heal();
    let view = world.over().await;
    assert_eq!(view.counts.all(), 200);
    assert_eq!(view.counts.unclear, 5);
    let got = u64::try_from(world.got().len()).unwrap();
    assert!((view.counts.sent..=200).contains(&got), "{got} of {view:?}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_in_order_leaves_nothing_unclear() {
    let world = World::with_people(60).await;
    let one = world.process();
    begin(&one, "a").await;
    for _ in 0..3 {
        sleep(Duration::from_millis(700)).await;
        one.stop.cancel();
        let next = world.process();
        sleep(Duration::from_millis(700)).await;
        next.ends().await;
    }
    one.ends().await;
    let _last = world.process();
    let view = world.over().await;
    assert_eq!((view.counts.sent, view.counts.unclear), (60, 0));
    assert_eq!(world.got().len(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_up_all_and_loses_nobody() {
    let world = World::with_people(40).await;
    world.telegram.0.lock().next = vec![(429, 30), (429, 30), (429, 20)];
    let process = world.process();
    let began = Instant::now();
    begin(&process, "a").await;
    let view = world.over().await;
    assert_eq!((view.counts.sent, view.counts.all()), (40, 40));
    assert!(began.elapsed() >= Duration::from_secs(30));
    let early = world
        .telegram
        .0
        .lock()
        .got
        .iter()
        .filter(|(_, at)| *at - began < Duration::from_secs(25))
        .count();
    assert!(early < 5, "{early} went out while Telegram said to wait");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_is_not_sent_again() {
    let world = World::with_people(30).await;
    world.telegram.0.lock().next = vec![(502, 0), (500, 0)];
    let process = world.process();
    begin(&process, "a").await;
    let view = world.over().await;
    assert_eq!((view.counts.sent, view.counts.unclear), (28, 2));
    assert_eq!(world.telegram.0.lock().asked, 30);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_stops_when_an_admin_says_so_to_any_process() {
    let world = World::with_people(200).await;
    let (one, other) = (world.process(), world.process());
    begin(&one, "a").await;
    sleep(Duration::from_secs(2)).await;
    assert!(matches!(begin(&other, "b").await, Begun::Busy(_)));
    let view = other.broadcasts.request_stop().await.unwrap().unwrap();
    assert_eq!(view.state, BroadcastState::Stopping);
    let view = world.over().await;
    assert_eq!(view.state, BroadcastState::Stopped);
    let got = u64::try_from(world.got().len()).unwrap();
    assert_eq!((view.counts.sent, view.counts.all()), (got, got));
    assert!((10..100).contains(&got), "{got}");
    // The next one goes to everybody again.
    assert!(matches!(begin(&other, "b").await, Begun::Started(_)));
    assert_eq!(world.over().await.counts.all(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_costs_nobody_anything() {
    let world = World::with_people(60).await;
    let process = world.process();
    begin(&process, "a").await;
    sleep(Duration::from_millis(600)).await;
    process
        .faults
        .inject(Fault::lost_answer(StoreOperation::Update).times(2));
    sleep(Duration::from_millis(900)).await;
    process.faults.inject(Fault::unavailable(StoreOperation::Update));
    sleep(Duration::from_secs(40)).await;
    process.faults.heal();
    let view = world.over().await;
    assert_eq!((view.counts.sent, view.counts.all()), (60, 60));
    assert_eq!(world.got().len(), 60);
}

#[tokio::test(start_paused = true)]
async fn the_same_order_given_twice_is_one_broadcast() {
    let world = World::with_people(5).await;
    let process = world.process();
    begin(&process, "a").await;
    assert!(matches!(begin(&process, "a").await, Begun::Started(_)));
    world.over().await;
    assert!(matches!(begin(&process, "a").await, Begun::Started(_)));
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.got().len(), 5);
}
