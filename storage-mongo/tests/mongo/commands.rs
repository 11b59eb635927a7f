//! How many commands an operation takes, counted by the driver.

use std::sync::Arc;

use mongodb::Client;
use mongodb::bson::Document;
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use parking_lot::Mutex;
use stepkeep_core::{
    CleanupPolicy, ScanFilter, SessionChange, SessionStore, StoreAdministration, StoreErrorKind,
};
use stepkeep_storage_mongo::MongoStorage;

use crate::{at, key, new_database, new_session, set_n};

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl Sent {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

async fn watched() -> (MongoStorage, Sent) {
    let sent = Sent::default();
    let mut options = ClientOptions::parse(new_database().await).await.unwrap();
    let watcher = sent.clone();
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            watcher.0.lock().push(started.command_name);
        }
    }));
    let client = Client::with_options(options).unwrap();
    let sessions = client
        .default_database()
        .unwrap()
        .collection::<Document>("user_sessions");
    let store = MongoStorage::from_collection(&sessions, 10_000);
    store.set_up_schema().await.unwrap();
    sent.take();
    (store, sent)
}

#[tokio::test]
async fn every_operation_is_one_command() {
    let (store, sent) = watched().await;
    let held = store.create(new_session(1)).await.unwrap();
    assert_eq!(sent.take(), ["findAndModify"]);
    store.create(new_session(1)).await.unwrap_err();
    assert_eq!(sent.take(), ["findAndModify"], "a create of what is there");
    store.get(&key(1)).await.unwrap();
    assert_eq!(sent.take(), ["find"]);
    let updated = store.update(&held, &set_n(1)).await.unwrap();
    assert_eq!(sent.take(), ["findAndModify"]);
    let error = store.update(&held, &set_n(2)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert_eq!(error.current(), Some(&updated));
    assert_eq!(sent.take(), ["findAndModify"], "a conflict");
    store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert_eq!(sent.take(), ["find"]);
    store.clear(&key(1), Some(held.revision())).await.unwrap_err();
    assert_eq!(
        sent.take(),
        ["delete", "find"],
        "a conflict of a clear is the exception"
    );
    store.clear(&key(1), Some(updated.revision())).await.unwrap();
    assert_eq!(sent.take(), ["delete"]);
    store.clear(&key(1), None).await.unwrap();
    assert_eq!(sent.take(), ["delete"]);
    store.check_health().await.unwrap();
    assert_eq!(sent.take(), ["hello"]);
}

#[tokio::test]
async fn a_cleanup_of_few_is_two_commands() {
    let (store, sent) = watched().await;
    for person in 0..20 {
        store.create(new_session(person)).await.unwrap();
    }
    sent.take();
    let report = store.cleanup(&CleanupPolicy::before(at(1_001))).await.unwrap();
    assert_eq!(report.removed, 20);
    assert_eq!(sent.take(), ["find", "delete"]);
}

#[tokio::test]
async fn a_cleanup_of_many_walks_on_past_what_stays() {
    let (store, _sent) = watched().await;
    // More than a slice in one bucket, and every third stays.
    let created = (0..1_300).map(|person| {
        let store = store.clone();
        async move {
            let change = SessionChange::new(at(1_000)).wake_at((person % 3 == 0).then_some(at(1)));
            store
                .create(stepkeep_core::NewSession::new(key(person), change))
                .await
                .unwrap();
        }
    });
    futures::future::join_all(created).await;
    let report = store.cleanup(&CleanupPolicy::before(at(1_001))).await.unwrap();
    assert_eq!(report.removed, 866);
    assert_eq!(store.statistics().await.unwrap().sessions, 434);
}
