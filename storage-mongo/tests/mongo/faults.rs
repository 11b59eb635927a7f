//! Servers that die under load: no acknowledged update is lost, and none is applied twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stepkeep_core::{Deadlines, Layers, RetryPolicy, SessionStore, StoreErrorKind};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::{MongoReplicaSet, MongoServer};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{key, n_of, new_session, set_n};

const WRITERS: i64 = 8;

fn duration() -> Duration {
    let seconds = std::env::var("STEPKEEP_TEST_FAULT_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(6))
}

async fn layered(url: &str) -> Arc<dyn SessionStore> {
    let deadlines = Deadlines {
        read: Duration::from_secs(3),
        write: Duration::from_secs(3),
        ..Deadlines::default()
    };
    let policy = RetryPolicy {
        attempts: 20,
        longest_pause: Duration::from_millis(400),
        total: Duration::from_secs(20),
        ..RetryPolicy::default()
    };
    Layers::new(MongoStorage::connect(url).await.unwrap(), "mongodb")
        .with_deadline(deadlines)
        .with_retry(policy)
        .into_shared()
}

/// Writers who each count in a session of their own, until they are told to end.
struct Load {
    ends: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    writers: JoinSet<()>,
}

impl Load {
    async fn start(store: &Arc<dyn SessionStore>) -> Self {
        let mut load = Self {
            ends: Arc::default(),
            done: Arc::default(),
            writers: JoinSet::new(),
        };
        for person in 0..WRITERS {
            let held = store.create(new_session(person)).await.unwrap();
            let (store, ends, done) = (Arc::clone(store), Arc::clone(&load.ends), Arc::clone(&load.done));
            load.writers.spawn(async move {
                let mut held = held;
                // At most one is in doubt, and it is settled by what is read after it.
                let mut in_doubt = None;
                while !ends.load(Ordering::SeqCst) {
                    let next = n_of(&held) + 1;
                    match store.update(&held, &set_n(next)).await {
                        Ok(updated) => {
                            assert_eq!(n_of(&updated), next);
                            held = updated;
                            done.fetch_add(1, Ordering::SeqCst);
                        }
                        // Nobody else writes: a conflict is with the write that was in doubt.
                        Err(error) if error.kind() == StoreErrorKind::Conflict => {
                            let current = error.into_current().expect("the session");
                            assert_eq!(in_doubt.take(), Some(n_of(&current)));
                            held = current;
                        }
                        Err(error) => {
                            if error.kind() == StoreErrorKind::Indeterminate {
                                in_doubt = Some(next);
                            }
                            sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
                let expected = n_of(&held);
                let begun = Instant::now();
                let stored = loop {
                    match store.get(&key(person)).await {
                        Ok(stored) => break stored.expect("an acknowledged session"),
                        Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
                    }
                };
                let seen = n_of(&stored);
                let may_be = seen == expected || (in_doubt == Some(seen) && seen == expected + 1);
                assert!(may_be, "{person}: {expected} acknowledged, {seen} stored");
                assert_eq!(
                    stored.revision().number(),
                    seen + 1,
                    "{person}: each counted once"
                );
            });
        }
        load
    }

    async fn until_it_goes_on(&self) -> Duration {
        let (begun, before) = (Instant::now(), self.done.load(Ordering::SeqCst));
        // Those that were on their way when the server died count for nothing.
        while self.done.load(Ordering::SeqCst) <= before + WRITERS.unsigned_abs() {
            assert!(begun.elapsed() < Duration::from_mins(1), "it never went on");
            sleep(Duration::from_millis(10)).await;
        }
        begun.elapsed()
    }

    async fn end(mut self) -> u64 {
        self.ends.store(true, Ordering::SeqCst);
        while let Some(writer) = self.writers.join_next().await {
            writer.unwrap();
        }
        self.done.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_loses_no_acknowledged_update_and_doubles_none() {
    let mut set = MongoReplicaSet::start().await;
    let url = set.url().replacen("/?", "/bot?heartbeatFrequencyMS=500&", 1);
    let store = layered(&url).await;
    let load = Load::start(&store).await;
    let begun = Instant::now();
    while begun.elapsed() < duration() {
        sleep(Duration::from_millis(700)).await;
        let primary = set.wait_for_primary().await;
        set.member(primary).kill();
        let recovery = load.until_it_goes_on().await;
        println!("replica set: {recovery:?} from the primary's death to the next updates");
        set.member(primary).start_again();
        sleep(Duration::from_millis(700)).await;
    }
    println!("replica set: {} updates", load.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_and_comes_back_loses_no_acknowledged_update_and_doubles_none() {
    let mut server = MongoServer::start().await;
    let url = server.url().replacen("/?", "/bot?heartbeatFrequencyMS=500&", 1);
    let store = layered(&url).await;
    let load = Load::start(&store).await;
    let begun = Instant::now();
    while begun.elapsed() < duration() {
        sleep(Duration::from_millis(500)).await;
        server.process().kill();
        server.process().start_again();
        println!("one server: {:?} until it goes on", load.until_it_goes_on().await);
    }
    println!("one server: {} updates", load.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_shows_nothing_that_could_be_undone() {
    let mut set = MongoReplicaSet::start().await;
    let url = set.url();
    let url = |parameters: &str| url.replacen("/?", &format!("/bot?{parameters}&"), 1);
    let patient = MongoStorage::connect(&url("appName=patient")).await.unwrap();
    let held = patient.create(new_session(1)).await.unwrap();
    let careful = MongoStorage::connect(&url("wtimeoutMS=400&set_up_schema=false"))
        .await
        .unwrap();
    let careless = MongoStorage::connect(&url("w=1&journal=false")).await.unwrap();
    let primary = set.wait_for_primary().await;
    let others: Vec<_> = (0..3).filter(|member| *member != primary).collect();
    for member in &others {
        set.member(*member).freeze();
    }
    careless.update(&held, &set_n(1)).await.unwrap();
    // What is stored is on the primary alone: as long as that is so, it is not shown.
    let error = careful.update(&held, &set_n(2)).await.unwrap_err();
    for member in &others {
        set.member(*member).wake_up();
    }
    assert_eq!(error.kind(), StoreErrorKind::Indeterminate, "{error}");
}
