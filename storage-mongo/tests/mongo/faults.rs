//! Servers that die under load: no acknowledged update is lost, and none is applied twice.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{Deadlines, Layers, RetryPolicy, SessionStore, Slowness, StoreErrorKind};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::{Load, MongoReplicaSet, MongoServer};

use crate::{new_session, set_n};

/// How often something is killed: a longer run sets `STEPKEEP_TEST_FAULTS`.
fn faults(by_default: usize) -> usize {
    let faults = std::env::var("STEPKEEP_TEST_FAULTS").ok();
    faults.map_or(by_default, |faults| faults.parse().unwrap())
}

/// The store as a bot uses it.
async fn layered(url: &str) -> Arc<dyn SessionStore> {
    Layers::new(MongoStorage::connect(url).await.unwrap(), "mongodb")
        .with_deadline(Deadlines::default())
        .with_retry(RetryPolicy::default())
        .with_tracing(Slowness::default())
        .into_shared()
}

/// Waits until the writers work, or work again.
async fn goes_on(load: &Load) {
    tokio::time::timeout(Duration::from_mins(1), load.goes_on(100))
        .await
        .expect("the writers go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_loses_no_acknowledged_update_and_doubles_none() {
    let mut set = MongoReplicaSet::start().await;
    let url = set.url().replacen("/?", "/bot?heartbeatFrequencyMS=500&", 1);
    let load = Load::start(layered(&url).await).await;
    for _ in 0..faults(2) {
        goes_on(&load).await;
        let primary = set.wait_for_primary().await;
        set.member(primary).kill();
        goes_on(&load).await;
        set.member(primary).start_again();
    }
    let tally = load.stop().await;
    println!("a replica set's primary, kill -9: {tally}");
    assert_eq!((tally.lost, tally.surplus), (0, 0), "{tally}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_and_comes_back_loses_no_acknowledged_update_and_doubles_none() {
    let mut server = MongoServer::start().await;
    let url = server.url().replacen("/?", "/bot?heartbeatFrequencyMS=500&", 1);
    let load = Load::start(layered(&url).await).await;
    for _ in 0..faults(3) {
        goes_on(&load).await;
        server.process().kill();
        server.process().start_again();
    }
    goes_on(&load).await;
    let tally = load.stop().await;
    println!("one server, kill -9: {tally}");
    assert_eq!((tally.lost, tally.surplus), (0, 0), "{tally}");
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
