//! What every store can do beyond its six methods.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::convert::Infallible;
use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt};
use stepkeep_core::{
    BotId, Fault, Faults, FieldName, FieldValue, MemoryStorage, ModifyError, ScanFilter, Scanned, Session,
    SessionChange, SessionKey, SessionStore, SessionStoreExt, StoreErrorKind, StoreOperation, Timestamp,
    UserId, WithCounts, WithFaults,
};

/// The answer of a call that never waits, as those of the store in memory don't.
fn at_once<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().unwrap()
}

fn key() -> SessionKey {
    SessionKey::private(BotId(7), UserId(42))
}

fn change() -> SessionChange {
    SessionChange::new(Timestamp::from_millis(1_000))
}

fn count(session: &Session) -> u64 {
    session.field("count").map_or(0, |count| count.get().unwrap())
}

fn incremented(session: &Session) -> SessionChange {
    let count = FieldValue::from_json_value(&(count(session) + 1).into());
    change().set(FieldName::constant("count"), count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_increments_at_once_none_is_lost() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    store.get_or_create(&key(), change).await.unwrap();
    let writers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..25 {
                let increment = |session: &Session| Ok::<_, Infallible>(incremented(session));
                store.modify(&key(), increment).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(count(&store.get(&key()).await.unwrap().unwrap()), 200);
}

#[tokio::test]
async fn a_rerun_takes_the_session_that_came_with_the_conflict() {
    let memory = MemoryStorage::new();
    let store = WithCounts::new(memory.clone());
    let session = store.get_or_create(&key(), change).await.unwrap();
    store.counts().reset();

    // Somebody is faster once, between the reading and the first try.
    let mut theirs = Some(session);
    let modified = store
        .modify(&key(), |session| {
            if let Some(held) = theirs.take() {
                at_once(memory.update(&held, &incremented(&held))).unwrap();
            }
            Ok::<_, Infallible>(incremented(session))
        })
        .await
        .unwrap();
    assert_eq!(count(&modified), 2);
    assert_eq!((store.counts().reads(), store.counts().writes()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn who_is_never_fastest_hears_so() {
    let memory = MemoryStorage::new();
    memory.get_or_create(&key(), change).await.unwrap();
    let faster = memory.clone();
    let result = memory
        .modify(&key(), |session| {
            let stored = at_once(faster.get(&key())).unwrap().unwrap();
            at_once(faster.update(&stored, &incremented(&stored))).unwrap();
            Ok::<_, Infallible>(incremented(session))
        })
        .await;
    assert!(
        matches!(result, Err(ModifyError::Contention { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_modification_says_why_it_was_not_made() {
    let faults = Faults::default();
    let store = WithFaults::new(MemoryStorage::new(), &faults);
    let nothing = |_: &Session| Ok::<_, Infallible>(change());
    let absent = store.modify(&key(), nothing).await;
    assert!(matches!(absent, Err(ModifyError::NotFound { .. })), "{absent:?}");

    let before = store.get_or_create(&key(), change).await.unwrap();
    let refused = store.modify(&key(), |_| Err("too short")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the change was refused: too short");
    assert_eq!(store.get(&key()).await.unwrap(), Some(before));

    faults.inject(Fault::unavailable(StoreOperation::Update));
    let failed = store.modify(&key(), nothing).await;
    assert!(
        matches!(&failed, Err(ModifyError::Store(error)) if error.kind() == StoreErrorKind::Unavailable),
        "{failed:?}"
    );
}

#[tokio::test]
async fn of_two_who_create_at_once_both_get_the_same_session() {
    let memory = MemoryStorage::new();
    let theirs = memory.clone();
    let ours = memory
        .get_or_create(&key(), || {
            // They come between our reading and our creating.
            at_once(theirs.get_or_create(&key(), change)).unwrap();
            change()
        })
        .await
        .unwrap();
    assert_eq!(memory.get(&key()).await.unwrap(), Some(ours.clone()));
    assert_eq!(memory.get_or_create(&key(), change).await.unwrap(), ours);
}

#[tokio::test]
async fn a_scan_of_all_goes_over_every_page_and_every_unreadable_record() {
    let faults = Faults::default();
    let memory = MemoryStorage::new();
    let store = WithFaults::new(memory.clone(), &faults);
    for user in 0..450 {
        let key = SessionKey::private(BotId(7), UserId(user));
        store.get_or_create(&key, change).await.unwrap();
    }
    memory.insert_encoded(&SessionKey::private(BotId(7), UserId(1_000)), b"damaged".to_vec());

    let all: Vec<_> = store.scan_all(ScanFilter::default()).try_collect().await.unwrap();
    let unreadable = all
        .iter()
        .filter(|scanned| matches!(scanned, Scanned::Unreadable(_)));
    assert_eq!((all.len(), unreadable.count()), (451, 1));

    // The third page fails: what was read before is there, and the stream ends.
    faults.inject(Fault::unavailable(StoreOperation::Scan).after_calls(2));
    let scanned: Vec<_> = store.scan_all(ScanFilter::default()).collect().await;
    assert_eq!(scanned.iter().filter(|scanned| scanned.is_ok()).count(), 400);
    assert_eq!(scanned.iter().filter(|scanned| scanned.is_err()).count(), 1);
}
