//! Indexes, and the version that made them.

use futures::future::join_all;
use mongodb::bson::{Document, doc};
use stepkeep_core::{
    NewSession, ScanFilter, SchemaStatus, SessionChange, SessionStore, StoreAdministration, StoreErrorKind,
};
use stepkeep_storage_mongo::MongoStorage;

use crate::{at, key, new_database, open, raw};

#[tokio::test]
async fn a_check_changes_nothing_and_a_set_up_creates_what_is_missing() {
    let url = new_database().await;
    let store = open(&format!("{url}&set_up_schema=false")).await;
    assert_eq!(store.check_schema().await.unwrap(), SchemaStatus::Missing);
    let database = raw(&url).await.client().default_database().unwrap();
    assert_eq!(
        database.list_collection_names().await.unwrap(),
        Vec::<String>::new()
    );

    let current = SchemaStatus::Current { version: 1 };
    assert_eq!(store.set_up_schema().await.unwrap(), current);
    assert_eq!(store.check_schema().await.unwrap(), current);
    raw(&url).await.drop_index("stepkeep_wake_at").await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), SchemaStatus::Missing);
    assert_eq!(store.set_up_schema().await.unwrap(), current);
    assert_eq!(raw(&url).await.list_index_names().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let url = new_database().await;
    open(&url).await;
    let meta = raw(&url)
        .await
        .client()
        .default_database()
        .unwrap()
        .collection::<Document>("user_sessions_meta");
    meta.update_one(doc! {}, doc! { "$set": { "version": 2 } })
        .await
        .unwrap();
    let error = MongoStorage::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooNew);
    assert!(error.to_string().contains("has schema 2"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_can_set_up_at_once() {
    let url = new_database().await;
    let opened = join_all((0..8).map(|_| MongoStorage::connect(&url))).await;
    for opened in opened {
        opened.unwrap();
    }
}

/// Whether a plan looks at an index only for what it answers.
fn examined(explained: &Document) -> (i32, i32) {
    let stats = explained.get_document("executionStats").unwrap();
    (
        stats.get_i32("totalDocsExamined").unwrap(),
        stats.get_i32("nReturned").unwrap(),
    )
}

#[tokio::test]
async fn scans_for_due_sessions_read_only_those() {
    let url = new_database().await;
    let store = open(&url).await;
    for person in 0..30 {
        let change = SessionChange::new(at(1)).wake_at((person % 10 == 0).then_some(at(person)));
        store.create(NewSession::new(key(person), change)).await.unwrap();
    }
    let filter = ScanFilter {
        due_at: Some(at(10)),
        ..ScanFilter::default()
    };
    let page = store.scan(&filter, None, 1).await.unwrap();
    assert_eq!(page.sessions.len(), 1);
    let page = store.scan(&filter, page.next, 1).await.unwrap();
    assert_eq!(page.sessions[0].key(), &key(10));
    assert_eq!(page.next, None);
    let database = raw(&url).await.client().default_database().unwrap();
    let explained = database
        .run_command(doc! {
            "explain": {
                "find": "user_sessions",
                "filter": { "wake_at": { "$lte": mongodb::bson::DateTime::from_millis(10) } },
                "sort": { "wake_at": 1, "_id": 1 },
            },
            "verbosity": "executionStats",
        })
        .await
        .unwrap();
    assert_eq!(examined(&explained), (2, 2));
}
