//! What each layer does with what goes wrong below it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepkeep_core::{
    BotId, CleanupPolicy, CleanupReport, Deadlines, Fault, Faults, FieldName, FieldValue, Layers,
    MemoryStorage, NewSession, RetryPolicy, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreAdministration, StoreError, StoreErrorKind, StoreOperation,
    Timestamp, UserId, WithCounts, WithFaults, WithRetry,
};

const CREATE: StoreOperation = StoreOperation::Create;
const GET: StoreOperation = StoreOperation::Get;
const UPDATE: StoreOperation = StoreOperation::Update;
const CLEAR: StoreOperation = StoreOperation::Clear;

fn key() -> SessionKey {
    SessionKey::private(BotId(7), UserId(42))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn change(text: &str) -> SessionChange {
    SessionChange::new(at(2_000)).set(FieldName::constant("a"), FieldValue::text(text))
}

fn new() -> NewSession {
    NewSession::new(key(), SessionChange::new(at(1_000)))
}

fn value(session: &Session) -> String {
    session.field("a").unwrap().get().unwrap()
}

/// A retrying store over faulty memory, and what is below it.
struct Retrying {
    memory: MemoryStorage,
    faults: Faults,
    store: WithRetry<WithCounts<WithFaults<MemoryStorage>>>,
    calls: Arc<stepkeep_core::OperationCounts>,
}

fn retrying() -> Retrying {
    let memory = MemoryStorage::new();
    let faults = Faults::default();
    let counted = WithCounts::new(WithFaults::new(memory.clone(), &faults));
    let calls = counted.counts();
    Retrying {
        memory,
        faults,
        store: WithRetry::new(counted, RetryPolicy::default()),
        calls,
    }
}

#[tokio::test(start_paused = true)]
async fn what_did_not_happen_is_made_again() {
    let Retrying {
        faults, store, calls, ..
    } = retrying();
    for operation in [CREATE, GET, UPDATE, CLEAR, StoreOperation::Scan] {
        faults.inject(Fault::unavailable(operation).times(2));
    }
    let created = store.create(new()).await.unwrap();
    assert_eq!(store.get(&key()).await.unwrap().as_ref(), Some(&created));
    let updated = store.update(&created, &change("x")).await.unwrap();
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.sessions, [updated]);
    assert!(store.clear(&key(), None).await.unwrap());
    assert_eq!(faults.struck(), 10);
    assert_eq!((calls.reads(), calls.writes()), (3, 9));
}

#[tokio::test(start_paused = true)]
async fn the_tries_end_after_the_attempts_and_after_the_total_time() {
    let Retrying {
        faults, store, calls, ..
    } = retrying();
    faults.inject(Fault::unavailable(GET));
    let error = store.get(&key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(calls.reads(), u64::from(RetryPolicy::default().attempts));

    // Each attempt takes longer than all of them may.
    calls.reset();
    faults.inject(Fault::delay(GET, Duration::from_secs(20)));
    assert!(store.get(&key()).await.is_err());
    assert_eq!(calls.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_out_to_be_a_success() {
    let Retrying {
        memory,
        faults,
        store,
        calls,
    } = retrying();
    for operation in [CREATE, UPDATE, CLEAR] {
        faults.inject(Fault::lost_answer(operation).times(1));
    }
    let created = store.create(new()).await.unwrap();
    assert_eq!(created.revision().number(), 1);
    let updated = store.update(&created, &change("x")).await.unwrap();
    assert_eq!(value(&updated), "x");
    assert_eq!(calls.writes(), 2, "neither was made twice");
    assert_eq!(calls.reads(), 2, "each was read back");
    assert_eq!(memory.get(&key()).await.unwrap(), Some(updated.clone()));

    assert!(store.clear(&key(), Some(updated.revision())).await.unwrap());
    assert_eq!(memory.get(&key()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_made_again() {
    let Retrying {
        memory,
        faults,
        store,
        ..
    } = retrying();
    for operation in [CREATE, UPDATE, CLEAR] {
        faults.inject(Fault::error(operation, StoreErrorKind::Indeterminate).times(2));
    }
    let created = store.create(new()).await.unwrap();
    let updated = store.update(&created, &change("x")).await.unwrap();
    assert_eq!(memory.get(&key()).await.unwrap(), Some(updated.clone()));
    assert!(store.clear(&key(), Some(updated.revision())).await.unwrap());
    assert_eq!(memory.get(&key()).await.unwrap(), None);
}

/// A store that lets somebody else write after each of its first updates and creates, whose answers are lost.
#[derive(Debug)]
struct Overtaken {
    memory: MemoryStorage,
    faulty: WithFaults<MemoryStorage>,
    by: fn(Session) -> Vec<SessionChange>,
}

#[async_trait]
impl SessionStore for Overtaken {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let result = self.faulty.create(new).await;
        self.overtake().await;
        result
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.memory.get(key).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let result = self.faulty.update(held, change).await;
        self.overtake().await;
        result
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.memory.clear(key, expected).await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
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

impl Overtaken {
    async fn overtake(&self) {
        let Some(mut session) = self.memory.get(&key()).await.unwrap() else {
            let _ = self.memory.create(new()).await.unwrap();
            return;
        };
        for change in (self.by)(session.clone()) {
            session = self.memory.update(&session, &change).await.unwrap();
        }
    }
}

fn overtaken(
    memory: &MemoryStorage,
    faults: &Faults,
    by: fn(Session) -> Vec<SessionChange>,
) -> WithRetry<Overtaken> {
    let store = Overtaken {
        memory: memory.clone(),
        faulty: WithFaults::new(memory.clone(), faults),
        by,
    };
    WithRetry::new(store, RetryPolicy::default())
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_that_somebody_was_faster_than_is_a_true_conflict() {
    let (memory, faults) = (MemoryStorage::new(), Faults::default());
    let held = memory.create(new()).await.unwrap();
    let store = overtaken(&memory, &faults, |_| vec![change("theirs")]);
    faults.inject(Fault::error(UPDATE, StoreErrorKind::Indeterminate).times(1));
    let error = store.update(&held, &change("ours")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert_eq!(value(error.current().unwrap()), "theirs");

    memory.clear(&key(), None).await.unwrap();
    faults.inject(Fault::error(CREATE, StoreErrorKind::Indeterminate).times(1));
    let error = store
        .create(NewSession::new(key(), change("ours")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::AlreadyExists);
    assert!(error.current().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_success_that_others_went_on_from_is_never_reported_as_a_conflict() {
    let (memory, faults) = (MemoryStorage::new(), Faults::default());
    let held = memory.create(new()).await.unwrap();
    let store = overtaken(&memory, &faults, |_| vec![change("theirs")]);

    // Ours is in what is stored, but the revision doesn't say so any more.
    faults.inject(Fault::lost_answer(UPDATE).times(1));
    let error = store.update(&held, &change("ours")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Indeterminate);

    memory.clear(&key(), None).await.unwrap();
    faults.inject(Fault::lost_answer(CREATE).times(1));
    let error = store.create(new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Indeterminate);
}

#[tokio::test(start_paused = true)]
async fn a_lost_update_of_a_session_that_is_gone_finds_none() {
    let Retrying {
        memory,
        faults,
        store,
        ..
    } = retrying();
    let held = store.create(new()).await.unwrap();
    memory.clear(&key(), None).await.unwrap();
    faults.inject(Fault::lost_answer(UPDATE).times(1));
    let error = store.update(&held, &change("x")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::NotFound);
    assert_eq!(error.key(), Some(&key()));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_can_not_be_read_back_stays_indeterminate() {
    let Retrying { faults, store, .. } = retrying();
    let held = store.create(new()).await.unwrap();
    faults.inject(Fault::lost_answer(UPDATE));
    faults.inject(Fault::unavailable(GET));
    let error = store.update(&held, &change("x")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Indeterminate);

    // Nor does a later attempt that surely did not happen make it sure for the first one.
    faults.heal();
    let held = store.get(&key()).await.unwrap().unwrap();
    faults.inject(Fault::error(UPDATE, StoreErrorKind::Indeterminate).times(1));
    faults.inject(Fault::unavailable(UPDATE).after_calls(1));
    let error = store.update(&held, &change("y")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Indeterminate);
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_tried_once() {
    let Retrying {
        memory,
        faults,
        store,
        calls,
    } = retrying();
    let held = store.create(new()).await.unwrap();
    memory.update(&held, &change("theirs")).await.unwrap();
    calls.reset();
    let error = store.update(&held, &change("ours")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    faults.inject(Fault::error(GET, StoreErrorKind::Corrupt));
    assert!(store.get(&key()).await.is_err());
    assert_eq!((calls.reads(), calls.writes()), (1, 1));
}

/// Every increment is in the count once, whatever is lost: the promise of the retry and `modify` together.
#[tokio::test(start_paused = true)]
async fn under_faults_every_change_is_made_exactly_once_or_its_fate_is_said_to_be_open() {
    for seed in 0..50 {
        let (memory, faults) = (MemoryStorage::new(), Faults::with_seed(seed));
        let store = WithRetry::new(WithFaults::new(memory.clone(), &faults), RetryPolicy::default());
        let mut held = store.create(new()).await.unwrap();
        for fault in [
            Fault::lost_answer(UPDATE),
            Fault::error(UPDATE, StoreErrorKind::Indeterminate),
            Fault::unavailable(UPDATE),
            Fault::unavailable(GET),
        ] {
            faults.inject(fault.with_probability(0.25));
        }
        let mut acknowledged = 0;
        for _ in 0..20 {
            match store.update(&held, &change("x")).await {
                Ok(session) => {
                    acknowledged += 1;
                    held = session;
                }
                Err(error) => {
                    assert_ne!(
                        error.kind(),
                        StoreErrorKind::Conflict,
                        "nobody else writes: seed {seed}"
                    );
                    let stored = memory.get(&key()).await.unwrap().unwrap();
                    acknowledged += stored.revision().number() - held.revision().number();
                    held = stored;
                }
            }
        }
        let stored = memory.get(&key()).await.unwrap().unwrap();
        assert_eq!(stored.revision().number(), 1 + acknowledged, "seed {seed}");
    }
}

/// Several writers, each with a field of its own in every change, so that it shows whether a change is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_faults_and_other_writers_no_conflict_is_one_against_an_own_success() {
    let (memory, faults) = (MemoryStorage::new(), Faults::with_seed(7));
    let policy = RetryPolicy {
        first_pause: Duration::from_micros(50),
        ..RetryPolicy::default()
    };
    let store = Arc::new(WithRetry::new(WithFaults::new(memory.clone(), &faults), policy));
    store.create(new()).await.unwrap();
    for fault in [
        Fault::lost_answer(UPDATE),
        Fault::error(UPDATE, StoreErrorKind::Indeterminate),
        Fault::unavailable(UPDATE),
    ] {
        faults.inject(fault.with_probability(0.2));
    }
    let writers = (0..4).map(|writer| {
        let (store, memory) = (Arc::clone(&store), memory.clone());
        tokio::spawn(async move {
            let mut held = memory.get(&key()).await.unwrap().unwrap();
            for number in 0..50 {
                let name = format!("w{writer}_{number}");
                let field = FieldName::new(&name).unwrap();
                let change = SessionChange::new(at(2_000)).set(field, FieldValue::text(""));
                held = match store.update(&held, &change).await {
                    Ok(session) => {
                        assert!(session.field(&name).is_some());
                        session
                    }
                    Err(error) if error.kind() == StoreErrorKind::Conflict => {
                        let current = error.into_current().unwrap();
                        assert!(current.field(&name).is_none(), "it happened, and was said not to");
                        current
                    }
                    Err(_) => memory.get(&key()).await.unwrap().unwrap(),
                };
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert!(faults.struck() > 50);
}

/// A store that never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl SessionStore for Silent {
    async fn create(&self, _: NewSession) -> Result<Session, StoreError> {
        pending().await
    }

    async fn get(&self, _: &SessionKey) -> Result<Option<Session>, StoreError> {
        pending().await
    }

    async fn update(&self, _: &Session, _: &SessionChange) -> Result<Session, StoreError> {
        pending().await
    }

    async fn clear(&self, _: &SessionKey, _: Option<Revision>) -> Result<bool, StoreError> {
        pending().await
    }

    async fn cleanup(&self, _: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        pending().await
    }

    async fn scan(&self, _: &ScanFilter, _: Option<ScanCursor>, _: usize) -> Result<ScanPage, StoreError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_without_an_answer_is_a_timeout_and_a_write_is_indeterminate() {
    let store = Layers::new(Silent, "silent")
        .with_deadline(Deadlines::default())
        .into_store();
    let held = new().session();
    let errors = [
        store.get(&key()).await.unwrap_err(),
        store.create(new()).await.unwrap_err(),
        store.update(&held, &change("x")).await.unwrap_err(),
        store.clear(&key(), None).await.unwrap_err(),
        store.scan(&ScanFilter::default(), None, 10).await.unwrap_err(),
        store.cleanup(&CleanupPolicy::before(at(0))).await.unwrap_err(),
    ];
    let lines: Vec<_> = errors
        .iter()
        .map(|error| format!("{:?} {error}", error.kind()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Timeout silent get: the answer did not come in time: no answer within 5000 ms (session 7/42/42///main)
    Indeterminate silent create: the write may have happened or not: no answer within 5000 ms (session 7/42/42///main)
    Indeterminate silent update: the write may have happened or not: no answer within 5000 ms (session 7/42/42///main)
    Indeterminate silent clear: the write may have happened or not: no answer within 5000 ms (session 7/42/42///main)
    Timeout silent scan: the answer did not come in time: no answer within 30000 ms
    Timeout silent cleanup: the answer did not come in time: no answer within 300000 ms
    ");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_late_is_made_once_and_found_out_to_be_a_success() {
    let (memory, faults) = (MemoryStorage::new(), Faults::default());
    let store = Layers::new(WithFaults::new(memory.clone(), &faults), "memory")
        .with_deadline(Deadlines::default())
        .with_retry(RetryPolicy::default())
        .into_store();
    let held = store.create(new()).await.unwrap();
    faults.inject(Fault::delayed_answer(UPDATE, Duration::from_mins(1)).times(1));
    let updated = store.update(&held, &change("x")).await.unwrap();
    assert_eq!(memory.get(&key()).await.unwrap(), Some(updated.clone()));

    // Late on the way there: made again.
    faults.inject(Fault::delay(UPDATE, Duration::from_mins(1)).times(1));
    let updated = store.update(&updated, &change("y")).await.unwrap();
    assert_eq!(updated.revision().number(), 3);
    assert_eq!(memory.get(&key()).await.unwrap(), Some(updated));
}

#[tokio::test]
async fn administration_reaches_the_store_through_every_layer() {
    let faults = Faults::default();
    let store = Layers::new(
        WithCounts::new(WithFaults::new(MemoryStorage::new(), &faults)),
        "memory",
    )
    .with_deadline(Deadlines::default())
    .with_retry(RetryPolicy::default())
    .with_tracing(stepkeep_core::Slowness::default())
    .into_store();
    store.create(new()).await.unwrap();
    assert_eq!(store.backend(), "memory");
    assert_eq!(
        store.check_schema().await.unwrap(),
        store.set_up_schema().await.unwrap()
    );
    assert!(store.check_health().await.is_ok());
    assert_eq!(store.statistics().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn calls_are_counted_whatever_comes_of_them() {
    let faults = Faults::default();
    let store = WithCounts::new(WithFaults::new(MemoryStorage::new(), &faults));
    let counts = store.counts();
    store.create(new()).await.unwrap();
    faults.inject(Fault::unavailable(GET));
    assert!(store.get(&key()).await.is_err());
    assert_eq!((counts.reads(), counts.writes()), (1, 1));
    counts.reset();
    assert_eq!((counts.of(GET), counts.of(CREATE)), (0, 0));
}
