//! Documents that something else wrote.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Decimal128, doc};
use stepkeep_core::{ScanFilter, SessionStore, StoreErrorKind};

use crate::{get, key, new_database, new_session, open, raw, set_n};

#[tokio::test]
async fn odd_types_are_told_and_stop_no_other() {
    let url = new_database().await;
    let store = open(&url).await;
    let sessions = raw(&url).await;
    let odd = [
        Bson::ObjectId(ObjectId::from_bytes([7; 12])),
        Bson::Decimal128(Decimal128::from_bytes([0; 16])),
        Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: vec![1],
        }),
        Bson::DateTime(DateTime::from_millis(1)),
        Bson::MinKey,
        Bson::Undefined,
        Bson::Double(f64::NAN),
        Bson::Document(doc! { "%json": "[" }),
        Bson::Document(doc! { "%json": 1 }),
    ];
    for (person, value) in (1..).zip(odd) {
        for path in [
            "data.odd",
            "data",
            "turn",
            "schema",
            "revision",
            "created_at",
            "flow",
        ] {
            let held = store.create(new_session(person)).await.unwrap();
            sessions
                .update_one(
                    doc! { "_id": key(person).encode() },
                    doc! { "$set": { path: &value } },
                )
                .await
                .unwrap();
            let stored = store.get(&key(person)).await;
            let is_sensible = matches!((path, &value), ("created_at", Bson::DateTime(_)));
            match stored {
                Ok(_) => assert!(is_sensible, "{path}: {value:?}"),
                Err(error) => {
                    assert_eq!(
                        error.kind(),
                        StoreErrorKind::Corrupt,
                        "{path}: {value:?}: {error:?}"
                    );
                    assert_eq!(error.key(), Some(&key(person)));
                    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
                    assert_eq!(page.unreadable.len(), 1);
                }
            }
            let _ = store.update(&held, &set_n(1)).await;
            assert!(store.clear(&key(person), None).await.unwrap());
        }
    }
}

#[tokio::test]
async fn an_update_never_overwrites_what_a_newer_version_wrote() {
    let url = new_database().await;
    let store = open(&url).await;
    let held = store.create(new_session(1)).await.unwrap();
    // With the very revision that is held.
    raw(&url)
        .await
        .update_one(doc! {}, doc! { "$set": { "schema": 2, "data": [] } })
        .await
        .unwrap();
    for error in [
        store.update(&held, &set_n(1)).await.unwrap_err(),
        store.clear(&key(1), Some(held.revision())).await.unwrap_err(),
        store.create(new_session(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::TooNew, "{error}");
    }
}

#[tokio::test]
async fn an_update_by_who_holds_the_session_makes_a_damaged_document_whole() {
    let url = new_database().await;
    let store = open(&url).await;
    let held = store.create(new_session(1)).await.unwrap();
    raw(&url)
        .await
        .update_one(doc! {}, doc! { "$set": { "data": "gone" } })
        .await
        .unwrap();
    let updated = store.update(&held, &set_n(1)).await.unwrap();
    assert_eq!(get(&store, 1).await, updated);
}

#[tokio::test]
async fn a_document_with_a_foreign_key_is_reported() {
    let url = new_database().await;
    let store = open(&url).await;
    raw(&url)
        .await
        .insert_many([doc! { "_id": "joe" }, doc! { "_id": 7 }])
        .await
        .unwrap();
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    insta::assert_snapshot!(page.unreadable[0], @"mongodb scan: the record is damaged: the _id of a document is not the key of a session");
    assert_eq!((page.unreadable.len(), page.next), (1, None));
}
