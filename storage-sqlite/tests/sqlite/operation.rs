//! Scans and what operators see.

use futures::future::join_all;
use stepkeep_core::{FieldValue, NewSession, ScanFilter, SessionChange, SessionStore, StoreAdministration};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage, Synchronous};

use crate::{at, field, key, new_file, new_session, open};

#[tokio::test]
async fn due_sessions_come_in_the_order_of_their_wake_times() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let wakes = [Some(50), None, Some(10), Some(51), Some(10), Some(-4)];
    for (person, wake) in (0..).zip(wakes) {
        let change = SessionChange::new(at(1)).wake_at(wake.map(at));
        store.create(NewSession::new(key(person), change)).await.unwrap();
    }
    let filter = ScanFilter {
        due_at: Some(at(50)),
        ..ScanFilter::default()
    };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.scan(&filter, after, 1).await.unwrap();
        found.extend(page.sessions.iter().map(|session| session.key().user().0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, [5, 2, 4, 0]);
}

/// The whole of what is asked for would be larger than a page's memory may be.
#[tokio::test]
async fn pages_of_large_sessions_are_short_and_complete() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let text = FieldValue::text(&"x".repeat(250_000));
    for person in 0..70 {
        let change = SessionChange::new(at(1)).set(field("text"), text.clone());
        store.create(NewSession::new(key(person), change)).await.unwrap();
    }
    let first = store
        .scan(&ScanFilter::default(), None, usize::MAX)
        .await
        .unwrap();
    assert!((1..70).contains(&first.sessions.len()));
    let (mut count, mut after) = (first.sessions.len(), first.next);
    while let Some(cursor) = after {
        let page = store
            .scan(&ScanFilter::default(), Some(cursor), 1_000)
            .await
            .unwrap();
        count += page.sessions.len();
        after = page.next;
    }
    assert_eq!(count, 70);
}

#[tokio::test]
async fn statistics_count_sessions_and_bytes() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    assert_eq!(store.statistics().await.unwrap().sessions, 0);
    for created in join_all((0..500).map(|person| store.create(new_session(person)))).await {
        created.unwrap();
    }
    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.sessions, 500);
    assert!(statistics.bytes.unwrap() > 500 * 200);
}

#[tokio::test]
async fn an_operator_is_warned_of_the_setting_that_can_lose_writes() {
    let (_folder, path) = new_file();
    let mut config = SqliteConfig::new(&path);
    config.synchronous = Synchronous::Normal;
    let store = SqliteStorage::open(config).await.unwrap();
    let warnings = store.check_health().await.unwrap().warnings;
    assert_eq!(
        warnings,
        ["synchronous=normal: a loss of power may take the last acknowledged writes"]
    );
    assert_eq!(store.backend(), "sqlite");
}
