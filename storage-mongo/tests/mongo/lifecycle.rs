//! From opening to the end, and what an operator is told.

use std::fmt::Write;
use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::doc;
use stepkeep_core::{SessionStore, StoreAdministration, StoreErrorKind};
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::{MONGO_USER, MongoServer, free_port};

use crate::{get, key, new_database, new_session, open};

#[tokio::test]
async fn without_a_server_opening_fails_within_the_timeout() {
    let url = format!(
        "mongodb://127.0.0.1:{}/?serverSelectionTimeoutMS=300",
        free_port()
    );
    let begun = Instant::now();
    let error = MongoStorage::connect(&url).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
    insta::assert_snapshot!(error, @"mongodb open: the store is not available: no server takes the call: look whether MongoDB runs, whether the URL names it, and whether a primary is elected");
}

#[tokio::test]
async fn after_closing_every_call_fails() {
    let url = new_database().await;
    let store = open(&url).await;
    store.create(new_session(1)).await.unwrap();
    store.close().await;
    let error = store.get(&key(1)).await.unwrap_err();
    insta::assert_snapshot!(error, @"mongodb get: the store is not available: the store was closed (session 7/1/1///main)");
    get(&open(&url).await, 1).await;
}

#[tokio::test]
async fn warnings_say_what_can_be_lost() {
    let url = new_database().await;
    let store = open(&url).await;
    assert_eq!(store.check_health().await.unwrap().warnings, Vec::<String>::new());
    let store = open(&format!("{url}&w=1&journal=false&readPreference=nearest")).await;
    insta::assert_snapshot!(store.check_health().await.unwrap().warnings.join("\n"));
}

#[tokio::test]
async fn statistics_count() {
    let store = open(&new_database().await).await;
    assert_eq!(store.statistics().await.unwrap().sessions, 0);
    store.create(new_session(1)).await.unwrap();
    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.sessions, 1);
    assert!(statistics.bytes.unwrap() > 0);
}

#[tokio::test]
async fn missing_rights_are_named_and_no_password_is_shown() {
    let server = MongoServer::start_with_password("root-secret").await;
    let client = Client::with_uri_str(server.url()).await.unwrap();
    client
        .database("bot")
        .run_command(doc! { "createUser": "reader", "pwd": "reader-secret", "roles": ["read"] })
        .await
        .unwrap();
    let url = |user: &str, password: &str, source: &str| {
        let port = server.port();
        format!(
            "mongodb://{user}:{password}@127.0.0.1:{port}/bot?directConnection=true&authSource={source}\
             &serverSelectionTimeoutMS=1000"
        )
    };
    let reader = url("reader", "reader-secret", "bot");
    let error = MongoStorage::connect(&reader).await.unwrap_err();
    insta::assert_snapshot!(error, @"mongodb open: the call is not valid: the user lacks a right (the command createIndexes): grant the role readWrite on the database");
    let store = MongoStorage::connect(&format!("{reader}&set_up_schema=false"))
        .await
        .unwrap();
    let refused = store.create(new_session(1)).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Invalid);
    let wrong = MongoStorage::connect(&url(MONGO_USER, "wrong-secret", "admin"))
        .await
        .unwrap_err();
    assert_eq!(wrong.kind(), StoreErrorKind::Invalid);
    let mut shown = format!("{store:?}");
    for error in [&error, &refused, &wrong] {
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            let _ = write!(shown, "{error} {error:?}");
            cause = error.source();
        }
    }
    assert!(!shown.contains("secret"), "{shown}");
}
