//! From opening to the end.

use stepkeep_core::{
    CleanupPolicy, FieldValue, NewSession, ScanFilter, SessionChange, SessionStore, StoreAdministration,
    StoreErrorKind,
};

use crate::{at, field, get, key, n_of, new_file, new_session, open, set_n};

#[tokio::test]
async fn closing_moves_everything_into_the_one_file() {
    let (folder, path) = new_file();
    let store = open(&path).await;
    let session = store.create(new_session(1)).await.unwrap();
    store.close().await;
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "the log and its index are gone");
    assert_eq!(get(&open(&path).await, 1).await, session);
}

#[tokio::test]
async fn after_closing_every_call_fails_and_none_hangs() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let other = store.clone();
    let held = store.create(new_session(1)).await.unwrap();
    store.close().await;
    store.close().await;
    let errors = [
        other.create(new_session(2)).await.unwrap_err(),
        other.get(&key(1)).await.unwrap_err(),
        other.update(&held, &set_n(1)).await.unwrap_err(),
        other.clear(&key(1), None).await.unwrap_err(),
        other.cleanup(&CleanupPolicy::before(at(9))).await.unwrap_err(),
        other.scan(&ScanFilter::default(), None, 1).await.unwrap_err(),
        other.check_health().await.unwrap_err(),
        other.check_schema().await.unwrap_err(),
        other.statistics().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_handle_ends_the_threads_after_the_writes_that_wait() {
    let (folder, path) = new_file();
    let store = open(&path).await;
    let writes: Vec<_> = (0..100)
        .map(|person| {
            let store = store.clone();
            tokio::spawn(async move { store.create(new_session(person)).await })
        })
        .collect();
    drop(store);
    for write in writes {
        write.await.unwrap().unwrap();
    }
    // The writer closes the last connection, which removes the log.
    let log = folder.path().join("stepkeep.db-wal");
    while log.exists() {
        tokio::task::yield_now().await;
    }
    assert_eq!(open(&path).await.statistics().await.unwrap().sessions, 100);
}

#[tokio::test]
async fn two_handles_see_each_others_writes() {
    let (_folder, path) = new_file();
    let (one, other) = (open(&path).await, open(&path).await);
    let mut held = one.create(new_session(1)).await.unwrap();
    for n in 1..=40 {
        let (writes, reads) = if n % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        held = writes.update(&held, &set_n(n)).await.unwrap();
        assert_eq!(get(reads, 1).await, held);
    }
}

/// Ten times the pages after which a checkpoint is due, while there is always a write that waits.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_bounded_under_writes_that_never_pause() {
    const PAGE: u64 = 4_096;
    let (folder, path) = new_file();
    let store = open(&path).await;
    let text = FieldValue::text(&"x".repeat(200_000));
    let mut tasks = tokio::task::JoinSet::new();
    for person in 0..8 {
        let (store, text) = (store.clone(), text.clone());
        tasks.spawn(async move {
            let change = SessionChange::new(at(1)).set(field("text"), text);
            let mut held = store.create(NewSession::new(key(person), change)).await.unwrap();
            for n in 0..120 {
                held = store.update(&held, &set_n(n)).await.unwrap();
            }
            assert_eq!(n_of(&held), 119);
        });
    }
    let mut longest = 0;
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
        longest = longest.max(
            std::fs::metadata(folder.path().join("stepkeep.db-wal"))
                .unwrap()
                .len(),
        );
    }
    // 8 x 120 x 49 pages were written; the log may hold what is due, the limit beyond it, and one batch.
    assert!(
        longest < (4_096 + 4 * 4_096 + 1_024) * (PAGE + 24),
        "{longest} bytes"
    );
    assert!(longest < 8 * 120 * 49 * PAGE / 2, "{longest} bytes");
    assert_eq!(store.check_health().await.unwrap().warnings, Vec::<String>::new());
}
