use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::{
    sync::{Notify, Semaphore, oneshot},
    task::yield_now,
};

use super::*;

const LONG: Duration = Duration::from_mins(1);

fn executor(config: ExecutorConfig) -> KeyedExecutor<u32> {
    KeyedExecutor::new(config, |key, panic| {
        unreachable!("the job of {key} panicked: {}", panic.message)
    })
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn jobs_of_one_key_run_in_order_and_one_at_a_time_within_the_bound(
        jobs in prop::collection::vec((0_u32..12, 0_usize..4), 1..300),
        running in 1_usize..6,
        threads in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
        runtime.block_on(async {
            let executor = executor(ExecutorConfig { running, waiting_per_key: 1_000, capacity: 32 });
            let log = Arc::new(Mutex::new(HashMap::<u32, Vec<usize>>::new()));
            let busy_keys = Arc::new(Mutex::new(std::collections::HashSet::new()));
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            for (number, (key, yields)) in jobs.iter().copied().enumerate() {
                let (log, busy_keys) = (Arc::clone(&log), Arc::clone(&busy_keys));
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                let job = async move {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    assert!(busy_keys.lock().insert(key), "two jobs of one key at once");
                    for _ in 0..yields {
                        yield_now().await;
                    }
                    log.lock().entry(key).or_default().push(number);
                    busy_keys.lock().remove(&key);
                    now.fetch_sub(1, SeqCst);
                };
                executor.submit(key, job).await.unwrap();
            }
            assert_eq!(executor.drain(LONG).await, Drained::Finished);
            let log = log.lock();
            for (key, done) in log.iter() {
                let submitted = jobs.iter().enumerate().filter(|(_, (k, _))| k == key).map(|(number, _)| number);
                assert!(done.iter().copied().eq(submitted), "key {key}: {done:?}");
            }
            assert_eq!(log.values().map(Vec::len).sum::<usize>(), jobs.len());
            assert!(most.load(SeqCst) <= running);
        });
    }
}

#[tokio::test]
async fn a_slow_key_does_not_hold_up_another() {
    let executor = executor(ExecutorConfig {
        running: 2,
        ..ExecutorConfig::default()
    });
    let (finish, finished) = oneshot::channel::<()>();
    executor.submit(1, async { drop(finished.await) }).await.unwrap();
    executor.submit(1, async {}).await.unwrap();

    let (tell, told) = oneshot::channel();
    executor
        .submit(2, async { tell.send(()).unwrap() })
        .await
        .unwrap();
    told.await.unwrap();

    assert_eq!(
        executor.active_keys(),
        1,
        "key 2 left nothing behind, key 1 still runs"
    );
    finish.send(()).unwrap();
    assert_eq!(executor.drain(LONG).await, Drained::Finished);
    assert_eq!((executor.active_keys(), executor.pending()), (0, 0));
}

#[tokio::test]
async fn a_key_with_too_many_jobs_is_busy_and_others_are_not() {
    let executor = executor(ExecutorConfig {
        waiting_per_key: 3,
        ..ExecutorConfig::default()
    });
    let gate = Arc::new(Semaphore::new(0));
    let wait = || {
        let gate = Arc::clone(&gate);
        async move { drop(gate.acquire().await) }
    };
    for _ in 0..4 {
        executor.submit(1, wait()).await.unwrap();
    }
    assert_eq!(executor.submit(1, wait()).await, Err(SubmitError::Busy));
    assert_eq!(executor.submit(2, wait()).await, Ok(()));
    assert_eq!(executor.pending(), 5, "the refused job takes no place");
    gate.add_permits(1);
    assert_eq!(executor.drain(LONG).await, Drained::Finished);
}

#[tokio::test]
async fn a_full_executor_makes_the_next_submission_wait() {
    let executor = executor(ExecutorConfig {
        capacity: 2,
        ..ExecutorConfig::default()
    });
    let gate = Arc::new(Notify::new());
    for key in 0..2 {
        let gate = Arc::clone(&gate);
        executor
            .submit(key, async move { gate.notified().await })
            .await
            .unwrap();
    }
    let submitted = executor.submit(7, async {});
    tokio::pin!(submitted);
    assert!(futures::poll!(&mut submitted).is_pending());
    gate.notify_one();
    submitted.await.unwrap();
    gate.notify_one();
    assert_eq!(executor.drain(LONG).await, Drained::Finished);
}

#[tokio::test]
async fn a_job_that_panics_is_reported_and_the_next_one_runs() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reports);
    let executor = KeyedExecutor::new(ExecutorConfig::default(), move |key: &u32, panic| {
        noted.lock().push((*key, panic.message.clone()));
        assert_ne!(panic.message, "second", "even the handler may panic");
    });
    let ran = Arc::new(AtomicUsize::new(0));
    executor.submit(5, async { panic!("first") }).await.unwrap();
    executor
        .submit(5, async { panic!("{}", "second") })
        .await
        .unwrap();
    executor
        .submit(5, async { std::panic::panic_any(7_u8) })
        .await
        .unwrap();
    let counted = Arc::clone(&ran);
    let last = async move {
        counted.fetch_add(1, SeqCst);
    };
    executor.submit(5, last).await.unwrap();

    assert_eq!(executor.drain(LONG).await, Drained::Finished);
    let expected = ["first", "second", "a panic without text"].map(|text| (5, text.to_owned()));
    assert_eq!(*reports.lock(), expected);
    assert_eq!(ran.load(SeqCst), 1);
}

#[tokio::test]
async fn draining_finishes_what_was_taken_and_takes_nothing_more() {
    let executor = executor(ExecutorConfig {
        running: 1,
        ..ExecutorConfig::default()
    });
    let ran = Arc::new(AtomicUsize::new(0));
    for key in 0..20 {
        let ran = Arc::clone(&ran);
        let job = async move {
            yield_now().await;
            ran.fetch_add(1, SeqCst);
        };
        executor.submit(key % 3, job).await.unwrap();
    }
    assert_eq!(executor.drain(LONG).await, Drained::Finished);
    assert_eq!(ran.load(SeqCst), 20);
    assert_eq!(executor.submit(1, async {}).await, Err(SubmitError::Closed));
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_what_is_left_is_dropped() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    let executor = executor(ExecutorConfig {
        capacity: 3,
        ..ExecutorConfig::default()
    });
    let dropped = Arc::new(AtomicUsize::new(0));
    for key in [1, 1, 2] {
        let witness = Dropped(Arc::clone(&dropped));
        let job = async move {
            std::future::pending::<()>().await;
            drop(witness);
        };
        executor.submit(key, job).await.unwrap();
    }
    let waiting = tokio::spawn({
        let executor = executor.clone();
        async move { executor.submit(3, async {}).await }
    });
    yield_now().await;

    assert_eq!(
        executor.drain(Duration::from_secs(5)).await,
        Drained::Abandoned(3)
    );
    assert_eq!(waiting.await.unwrap(), Err(SubmitError::Closed));
    until(|| dropped.load(SeqCst) == 3).await;
    assert_eq!((executor.active_keys(), executor.pending()), (0, 0));
}
