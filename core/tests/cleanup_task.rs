//! The task that removes idle sessions, by a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepkeep_core::{
    BotId, CleanupPolicy, CleanupReport, CleanupSettings, CleanupTask, Clock, Fault, Faults, ManualClock,
    MemoryStorage, NewSession, OperationCounts, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreOperation, Timestamp, UserId, WithCounts,
    WithFaults,
};

const CLEANUP: StoreOperation = StoreOperation::Cleanup;

fn key(user: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(user))
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::EPOCH + Duration::from_hours(100)))
}

async fn create(store: &dyn SessionStore, user: i64, at: Timestamp) {
    let new = NewSession::new(key(user), SessionChange::new(at));
    store.create(new).await.unwrap();
}

/// The runs within a time that passes at once.
async fn runs_within(counts: &OperationCounts, time: Duration) -> u64 {
    counts.reset();
    tokio::time::sleep(time).await;
    counts.of(CLEANUP)
}

#[tokio::test(start_paused = true)]
async fn idle_sessions_go_soon_after_the_start_and_every_ten_minutes() {
    let (memory, clock) = (MemoryStorage::new(), clock());
    let store = WithCounts::new(memory.clone());
    let counts = store.counts();
    create(&memory, 1, clock.now() - Duration::from_hours(25)).await;
    create(&memory, 2, clock.now() - Duration::from_hours(23)).await;

    let settings = CleanupSettings::default();
    let task = CleanupTask::start(Arc::new(store), Arc::clone(&clock) as Arc<dyn Clock>, settings);
    assert_eq!(runs_within(&counts, Duration::from_secs(31)).await, 1);
    assert_eq!(memory.get(&key(1)).await.unwrap(), None);
    assert!(memory.get(&key(2)).await.unwrap().is_some());

    // What is idle is for the clock to say, not for the time that Tokio sees pass.
    clock.advance(Duration::from_hours(2));
    let runs = runs_within(&counts, Duration::from_mins(100)).await;
    assert!((9..=11).contains(&runs), "{runs} runs in 100 minutes");
    assert_eq!(memory.get(&key(2)).await.unwrap(), None);
    task.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_is_not_the_last_one() {
    let faults = Faults::default();
    let (memory, clock) = (MemoryStorage::new(), clock());
    let store = WithCounts::new(WithFaults::new(memory.clone(), &faults));
    let counts = store.counts();
    faults.inject(Fault::unavailable(CLEANUP).times(20));
    create(&memory, 1, Timestamp::EPOCH).await;

    let task = CleanupTask::start(Arc::new(store), clock, CleanupSettings::default());
    let runs = runs_within(&counts, Duration::from_hours(4)).await;
    assert!(
        (5..=9).contains(&runs),
        "it backs off to about 40 minutes, not further: {runs} runs"
    );
    assert!(memory.get(&key(1)).await.unwrap().is_some());

    // Back in order, it is back to its pace.
    tokio::time::sleep(Duration::from_hours(12)).await;
    assert_eq!(memory.get(&key(1)).await.unwrap(), None);
    let runs = runs_within(&counts, Duration::from_mins(100)).await;
    assert!((9..=11).contains(&runs), "{runs} runs in 100 minutes");
    task.stop().await;
}

/// A store whose first cleanup panics.
#[derive(Debug)]
struct Panicking {
    memory: MemoryStorage,
    panicked: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl SessionStore for Panicking {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.memory.create(new).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.memory.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.memory.update(held, change).await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.memory.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let panicked = self.panicked.swap(true, std::sync::atomic::Ordering::SeqCst);
        assert!(panicked, "the first cleanup panics");
        self.memory.cleanup(policy).await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.memory.scan(filter, after, limit).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_panics_is_not_the_last_one() {
    let memory = MemoryStorage::new();
    create(&memory, 1, Timestamp::EPOCH).await;
    let store = Panicking {
        memory: memory.clone(),
        panicked: false.into(),
    };
    let task = CleanupTask::start(Arc::new(store), clock(), CleanupSettings::default());
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(memory.get(&key(1)).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_mins(23)).await;
    assert_eq!(memory.get(&key(1)).await.unwrap(), None);
    task.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_stops_in_the_middle_of_a_run_and_runs_no_more() {
    let faults = Faults::default();
    let store = WithCounts::new(WithFaults::new(MemoryStorage::new(), &faults));
    let counts = store.counts();
    faults.inject(Fault::delay(CLEANUP, Duration::from_hours(24)));
    let task = CleanupTask::start(Arc::new(store), clock(), CleanupSettings::default());
    assert_eq!(runs_within(&counts, Duration::from_secs(31)).await, 1);

    // It would take a day if the run were waited for; the test's clock tells.
    let before = tokio::time::Instant::now();
    task.stop().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(runs_within(&counts, Duration::from_hours(48)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_dropped() {
    let store = WithCounts::new(MemoryStorage::new());
    let counts = store.counts();
    drop(CleanupTask::start(
        Arc::new(store),
        clock(),
        CleanupSettings::default(),
    ));
    assert_eq!(runs_within(&counts, Duration::from_hours(1)).await, 0);
}
