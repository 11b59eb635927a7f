//! Reaching a server, and what an operator sees.

use std::error::Error;

use stepkeep_core::{SessionStore, StoreAdministration, StoreErrorKind};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{RedisServer, RedisSettings, free_port};

use crate::{key, new_session};

/// In whatever way it may be shown.
fn shown(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.fold(String::new(), |shown, cause| format!("{shown} {cause} {cause:?}"))
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let port = free_port();
    for (scheme, path) in [
        ("redis", ""),
        ("redis+cluster", ""),
        ("redis+sentinel", "/mymaster"),
    ] {
        let url = format!("{scheme}://bot:hunter2@127.0.0.1:{port}{path}?connect_timeout_ms=300");
        let error = RedisStorage::connect(&url).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains(&port.to_string()), "{error}");
        assert!(!shown(&error).contains("hunter2"), "{}", shown(&error));
    }
}

#[tokio::test]
async fn debug_shows_no_password() {
    let server = RedisServer::start(&RedisSettings::default().with("requirepass", "hunter2"));
    let url = format!("redis://:hunter2@127.0.0.1:{}", server.port());
    let store = RedisStorage::connect(&url).await.unwrap();
    assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
    assert!(!format!("{:?}", store.config()).contains("hunter2"));
    let wrong = format!("redis://127.0.0.1:{}", server.port());
    let error = RedisStorage::connect(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.to_string().contains("wants a password"), "{error}");
}

#[tokio::test]
async fn a_socket_is_as_good_as_a_port() {
    let mut server = RedisServer::start(&RedisSettings::default().with("unixsocket", "{folder}/redis.sock"));
    let socket = server.process().folder().join("redis.sock");
    let url = format!("redis+unix://{}", socket.display());
    // The server listens on its port first.
    let store = loop {
        match RedisStorage::connect(&url).await {
            Ok(store) => break store,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let session = store.create(new_session(1)).await.unwrap();
    assert_eq!(store.get(&key(1)).await.unwrap(), Some(session));
}

#[tokio::test]
async fn a_closed_store_is_opened_by_whoever_uses_it() {
    let store = RedisStorage::connect(&format!("{}?prefix=closed", RedisServer::shared().url()))
        .await
        .unwrap();
    let session = store.create(new_session(1)).await.unwrap();
    store.close().await;
    assert_eq!(store.get(&key(1)).await.unwrap(), Some(session));
}

#[tokio::test]
async fn an_operator_is_told_what_the_settings_lose() {
    for (settings, expected) in [
        (RedisSettings::default(), Some("appendonly is off")),
        (
            RedisSettings::default().with("appendonly", "yes"),
            Some("everysec"),
        ),
        (RedisSettings::default().durable(), None),
        (
            RedisSettings::default()
                .durable()
                .with("maxmemory-policy", "allkeys-lru"),
            Some("sessions may vanish"),
        ),
    ] {
        let server = RedisServer::start(&settings);
        let store = RedisStorage::connect(&server.url()).await.unwrap();
        let warnings = store.check_health().await.unwrap().warnings;
        match expected {
            Some(expected) => assert!(warnings[0].contains(expected), "{warnings:?}"),
            None => assert_eq!(warnings, Vec::<String>::new()),
        }
    }
}

#[tokio::test]
async fn a_full_memory_is_unavailable_and_names_the_remedy() {
    let server = RedisServer::start(&RedisSettings::default());
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    let session = store.create(new_session(1)).await.unwrap();
    redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .exec(&mut server.connection())
        .unwrap();
    let error = store.update(&session, &crate::set_n(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("maxmemory"), "{error}");
    assert_eq!(store.get(&key(1)).await.unwrap(), Some(session));
}

#[cfg(feature = "client")]
#[tokio::test]
async fn a_client_that_is_set_up_already_will_do() {
    use stepkeep_storage_redis::RedisConfig;

    let url = RedisServer::shared().url();
    let config = RedisConfig::from_url(&format!("{url}?prefix=client")).unwrap();
    let client = redis::Client::open(url).unwrap();
    let store = RedisStorage::from_client(client, config.clone()).await.unwrap();
    let session = store.create(new_session(1)).await.unwrap();
    let other = RedisStorage::open(config).await.unwrap();
    assert_eq!(other.get(&key(1)).await.unwrap(), Some(session));
}
