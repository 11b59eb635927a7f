use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::{super::shelf::ShelfError, *};
use crate::telegram::Method;

fn update(id: i64) -> RawUpdate {
    RawUpdate::new(RawValue::from_string(format!(r#"{{"update_id":{id}}}"#)).unwrap()).unwrap()
}

/// Telegram's side of `getUpdates`: confirmation by offset, pages, answers held back while there is nothing.
#[derive(Debug, Default)]
struct Telegram {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: BTreeMap<i64, RawUpdate>,
    polls: Vec<(Instant, UpdateRequest)>,
    /// What the next polls are answered with instead.
    failures: VecDeque<TelegramErrorKind>,
}

impl Telegram {
    fn send(&self, ids: impl IntoIterator<Item = i64>) {
        self.state
            .lock()
            .queue
            .extend(ids.into_iter().map(|id| (id, update(id))));
        self.news.notify_waiters();
    }

    fn fail(&self, kinds: impl IntoIterator<Item = TelegramErrorKind>) {
        self.state.lock().failures.extend(kinds);
    }

    fn unconfirmed(&self) -> Vec<i64> {
        self.state.lock().queue.keys().copied().collect()
    }

    fn polls(&self) -> Vec<(Instant, UpdateRequest)> {
        self.state.lock().polls.clone()
    }
}

#[async_trait]
impl UpdateSource for Telegram {
    async fn fetch(&self, request: &UpdateRequest) -> Result<Vec<RawUpdate>, TelegramError> {
        let failure = {
            let mut state = self.state.lock();
            state.polls.push((Instant::now(), request.clone()));
            state.failures.pop_front()
        };
        if let Some(kind) = failure {
            return Err(TelegramError::new(Method::new("getUpdates"), kind));
        }
        let end = Instant::now() + request.timeout;
        loop {
            let news = self.news.notified();
            let page: Vec<_> = {
                let mut state = self.state.lock();
                state.queue.retain(|id, _| *id >= request.offset);
                state.queue.values().take(request.limit.into()).cloned().collect()
            };
            if !page.is_empty() || tokio::time::timeout_at(end, news).await.is_err() {
                return Ok(page);
            }
        }
    }
}

/// A shelf whose content outlives the poller.
#[derive(Debug, Default)]
struct TestShelf {
    kept: Mutex<BTreeMap<i64, RawUpdate>>,
    failures: Mutex<u32>,
}

impl TestShelf {
    fn attempt(&self) -> Result<(), ShelfError> {
        let mut failures = self.failures.lock();
        if *failures == 0 {
            return Ok(());
        }
        *failures -= 1;
        Err("the shelf is broken".into())
    }

    fn ids(&self) -> Vec<i64> {
        self.kept.lock().keys().copied().collect()
    }
}

#[async_trait]
impl Shelf for TestShelf {
    async fn put(&self, updates: &[RawUpdate]) -> Result<(), ShelfError> {
        self.attempt()?;
        self.kept
            .lock()
            .extend(updates.iter().map(|update| (update.id, update.clone())));
        Ok(())
    }

    async fn remove(&self, ids: &[i64]) -> Result<(), ShelfError> {
        self.attempt()?;
        self.kept.lock().retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn load(&self) -> Result<Vec<RawUpdate>, ShelfError> {
        self.attempt()?;
        Ok(self.kept.lock().values().cloned().collect())
    }
}

/// A poller that runs, and the updates that it hands out.
struct Running {
    telegram: Arc<Telegram>,
    poller: Arc<Poller>,
    stop: CancellationToken,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    task: JoinHandle<Result<(), PollingError>>,
}

impl Running {
    fn start(telegram: &Arc<Telegram>, shelf: Option<&Arc<TestShelf>>, config: PollingConfig) -> Self {
        let source: Arc<dyn UpdateSource> = Arc::<Telegram>::clone(telegram);
        let poller = Arc::new(match shelf {
            Some(shelf) => Poller::with_shelf(source, Arc::<TestShelf>::clone(shelf), config),
            None => Poller::new(source, config),
        });
        let stop = CancellationToken::new();
        let (sender, deliveries) = mpsc::unbounded_channel();
        let task = tokio::spawn({
            let (poller, stop) = (Arc::clone(&poller), stop.clone());
            async move {
                let hand_out = |delivery| {
                    let sender = sender.clone();
                    async move { drop(sender.send(delivery)) }
                };
                poller.run(hand_out, &stop).await
            }
        });
        Self {
            telegram: Arc::clone(telegram),
            poller,
            stop,
            deliveries,
            task,
        }
    }

    fn plain() -> Self {
        Self::start(&Arc::default(), None, PollingConfig::default())
    }

    async fn next(&mut self) -> Delivery {
        let next = timeout(Duration::from_mins(10), self.deliveries.recv()).await;
        next.expect("an update is handed out").expect("the poller runs")
    }

    async fn take(&mut self, count: usize) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.push(self.next().await);
        }
        taken
    }

    async fn nothing_comes_for(&mut self, seconds: u64) {
        let next = timeout(Duration::from_secs(seconds), self.deliveries.recv()).await;
        assert!(next.is_err(), "unexpected: {next:?}");
    }

    async fn until_unconfirmed(&self, ids: &[i64]) {
        let reached = async {
            while self.telegram.unconfirmed() != ids {
                sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(
            timeout(Duration::from_mins(10), reached).await.is_ok(),
            "{:?}",
            self.telegram.unconfirmed()
        );
    }

    /// Stops fetching; the receipts that are out stay good.
    async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap().unwrap();
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<i64> {
    deliveries.iter().map(|delivery| delivery.update.id).collect()
}

#[tokio::test(start_paused = true)]
async fn an_update_is_confirmed_only_after_it_was_acknowledged() {
    let mut running = Running::plain();
    running.telegram.send(1..=3);
    let mut taken = running.take(3).await;
    running.nothing_comes_for(30).await;
    assert_eq!(running.telegram.unconfirmed(), [1, 2, 3]);

    taken.remove(1).receipt.acknowledge();
    running.nothing_comes_for(30).await;
    assert_eq!(
        running.telegram.unconfirmed(),
        [1, 2, 3],
        "the first is still under way"
    );

    taken.remove(0).receipt.acknowledge();
    running.until_unconfirmed(&[3]).await;
    taken.remove(0).receipt.acknowledge();
    running.until_unconfirmed(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn while_one_update_takes_long_others_come_and_nothing_spins() {
    let mut running = Running::plain();
    running.telegram.send([1]);
    let slow = running.next().await;
    let start = Instant::now();
    for id in 2..50 {
        running.telegram.send([id]);
        let sent = Instant::now();
        running.next().await.receipt.acknowledge();
        assert!(
            sent.elapsed() <= Duration::from_secs(1),
            "update {id} came after {:?}",
            sent.elapsed()
        );
    }
    running.nothing_comes_for(100).await;
    let most = usize::try_from(start.elapsed().as_millis() / 500).unwrap() + 2;
    assert!(
        running.telegram.polls().len() <= most,
        "{} polls",
        running.telegram.polls().len()
    );
    slow.receipt.acknowledge();
    running.until_unconfirmed(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_shelf_a_window_full_of_waiting_updates_goes_on() {
    let (telegram, shelf) = (Arc::new(Telegram::default()), Arc::new(TestShelf::default()));
    let mut running = Running::start(&telegram, Some(&shelf), PollingConfig::default());
    telegram.send(1..=1_000);
    let slow = running.next().await;
    for id in 2..=1_000 {
        let delivery = running.next().await;
        assert_eq!(delivery.update.id, id);
        delivery.receipt.acknowledge();
    }
    running.until_unconfirmed(&[]).await;
    assert_eq!(shelf.ids(), [1]);

    slow.receipt.acknowledge();
    running.stop().await;
    running.poller.confirm().await.unwrap();
    assert_eq!(shelf.ids(), [0_i64; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_a_shelf_a_full_window_waits_for_the_slow_update() {
    let mut running = Running::plain();
    running.telegram.send(1..=150);
    let mut taken = running.take(100).await;
    taken
        .drain(1..)
        .for_each(|delivery| delivery.receipt.acknowledge());
    running.nothing_comes_for(60).await;
    taken.remove(0).receipt.acknowledge();
    assert_eq!(ids(&running.take(50).await), (101..=150).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_lay_on_the_shelf_when_the_process_died_is_handed_out_first() {
    let (telegram, shelf) = (Arc::new(Telegram::default()), Arc::new(TestShelf::default()));
    telegram.send([7]);
    shelf.kept.lock().extend([(3, update(3)), (4, update(4))]);
    *shelf.failures.lock() = 2;
    let mut running = Running::start(&telegram, Some(&shelf), PollingConfig::default());
    let taken = running.take(3).await;
    assert_eq!(ids(&taken), [3, 4, 7]);
    for delivery in taken {
        delivery.receipt.acknowledge();
    }
    running.until_unconfirmed(&[]).await;
    assert_eq!(shelf.ids(), [0_i64; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_shelf_holds_the_offset_until_it_works_again() {
    let (telegram, shelf) = (Arc::new(Telegram::default()), Arc::new(TestShelf::default()));
    let mut running = Running::start(&telegram, Some(&shelf), PollingConfig::default());
    telegram.send([1]);
    let slow = running.next().await;
    *shelf.failures.lock() = 5;
    running.nothing_comes_for(4).await;
    assert_eq!(telegram.unconfirmed(), [1]);
    running.until_unconfirmed(&[]).await;
    assert_eq!(shelf.ids(), [1]);
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_is_dropped_brings_the_update_back_with_a_higher_attempt() {
    let mut running = Running::plain();
    running.telegram.send([1]);
    for attempt in 1..4 {
        let delivery = running.next().await;
        assert_eq!((delivery.update.id, delivery.attempt), (1, attempt));
    }
    assert_eq!(running.telegram.unconfirmed(), [1]);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_bound_is_handed_out() {
    let config = PollingConfig {
        max_outstanding: 100,
        ..PollingConfig::default()
    };
    let (telegram, shelf) = (Arc::new(Telegram::default()), Arc::new(TestShelf::default()));
    let mut running = Running::start(&telegram, Some(&shelf), config);
    telegram.send(1..=500);
    let mut taken = running.take(100).await;
    running.nothing_comes_for(60).await;
    assert_eq!(running.poller.outstanding(), 100);
    taken.remove(50).receipt.acknowledge();
    let next = running.next().await;
    assert_eq!(next.update.id, 101);
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_do_it_waits_in_long_polls() {
    let mut running = Running::plain();
    running.nothing_comes_for(250).await;
    let polls = running.telegram.polls();
    assert!((10..=11).contains(&polls.len()), "{} polls", polls.len());
    assert!(
        polls
            .iter()
            .all(|(_, poll)| poll.timeout == Duration::from_secs(25) && poll.limit == 100)
    );
}

#[tokio::test(start_paused = true)]
async fn trouble_is_waited_out_and_polling_goes_on() {
    use TelegramErrorKind as Kind;
    let running = Running::plain();
    let start = Instant::now();
    running.telegram.fail([
        Kind::RetryAfter(Duration::from_secs(40)),
        Kind::Conflict(ConflictCause::OtherPoller),
        Kind::Server(502),
        Kind::Network,
        Kind::Malformed("line 1 column 1".to_owned()),
    ]);
    running.telegram.send([1]);
    let mut running = running;
    running.next().await.receipt.acknowledge();
    let starts: Vec<_> = running
        .telegram
        .polls()
        .iter()
        .map(|(at, _)| *at - start)
        .collect();
    let pauses: Vec<_> = starts.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
    assert!(pauses[0] >= Duration::from_secs(40), "{pauses:?}");
    assert!(
        pauses[1] >= Duration::from_secs(5) && pauses[1] <= Duration::from_secs(30),
        "{pauses:?}"
    );
    assert!(
        pauses[2..5]
            .iter()
            .all(|pause| *pause >= Duration::from_millis(500)),
        "{pauses:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn lasting_trouble_never_waits_longer_than_30_seconds() {
    let running = Running::plain();
    running.telegram.fail((0..40).map(|_| TelegramErrorKind::Network));
    sleep(Duration::from_mins(25)).await;
    let starts: Vec<_> = running.telegram.polls().iter().map(|(at, _)| *at).collect();
    assert!(starts.len() > 40);
    assert!(
        starts
            .windows(2)
            .all(|pair| pair[1] - pair[0] <= Duration::from_secs(30))
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_person_has_to_put_right_ends_polling() {
    let running = Running::plain();
    running
        .telegram
        .fail([TelegramErrorKind::Conflict(ConflictCause::Webhook)]);
    let error = running.task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("stepkeep webhook delete"), "{error}");

    let running = Running::plain();
    running.telegram.fail([TelegramErrorKind::Unauthorized]);
    let error = running.task.await.unwrap().unwrap_err();
    assert!(matches!(error, PollingError::Unauthorized(_)));
}

#[tokio::test(start_paused = true)]
async fn stopping_confirms_what_was_handled_and_no_more() {
    let mut running = Running::plain();
    running.telegram.send(1..=4);
    let mut taken = running.take(4).await;
    running.stop().await;

    // The turns under way finish after fetching has ended.
    taken.remove(0).receipt.acknowledge();
    taken.remove(0).receipt.acknowledge();
    taken.remove(1).receipt.acknowledge();
    running.poller.confirm().await.unwrap();
    assert_eq!(running.telegram.unconfirmed(), [3, 4]);
    let (_, last) = running.telegram.polls().pop().unwrap();
    assert_eq!((last.offset, last.limit, last.timeout), (3, 1, Duration::ZERO));

    let polls = running.telegram.polls().len();
    running.poller.confirm().await.unwrap();
    assert_eq!(
        running.telegram.polls().len(),
        polls,
        "there is nothing more to tell"
    );
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_a_queue_that_is_full() {
    let telegram = Arc::new(Telegram::default());
    telegram.send(1..=3);
    let source: Arc<dyn UpdateSource> = Arc::<Telegram>::clone(&telegram);
    let (poller, stop) = (
        Poller::new(source, PollingConfig::default()),
        CancellationToken::new(),
    );
    let full = |_| std::future::pending();
    let stopped = async {
        sleep(Duration::from_secs(3)).await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(poller.run(full, &stop), stopped);
    ended.unwrap();
    poller.confirm().await.unwrap();
    assert_eq!(telegram.unconfirmed(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_put_on_the_shelf_by_a_process_that_no_longer_polls_is_handed_out_in_the_end() {
    let (telegram, shelf) = (Arc::new(Telegram::default()), Arc::new(TestShelf::default()));
    let mut running = Running::start(&telegram, Some(&shelf), PollingConfig::default());
    running.nothing_comes_for(60).await;
    shelf.kept.lock().insert(3, update(3));
    let late = running.next().await;
    assert_eq!(late.update.id, 3);
    late.receipt.acknowledge();
    running.nothing_comes_for(600).await;
    assert_eq!(shelf.ids(), [0_i64; 0]);
}
