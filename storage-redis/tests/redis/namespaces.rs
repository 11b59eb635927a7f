//! Prefixes, buckets, databases, users.

use stepkeep_core::{
    CleanupPolicy, ScanFilter, SchemaStatus, SessionChange, SessionStore, StoreAdministration, StoreErrorKind,
};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{RedisServer, RedisSettings};

use crate::{at, key, new_session};

async fn connect(parameters: &str) -> Result<RedisStorage, stepkeep_core::StoreError> {
    RedisStorage::connect(&format!("{}{parameters}", RedisServer::shared().url())).await
}

#[tokio::test]
async fn the_number_of_buckets_is_fixed_when_a_namespace_is_set_up() {
    let store = connect("?prefix=buckets&buckets=4").await.unwrap();
    let session = store.create(new_session(1)).await.unwrap();
    let error = connect("?prefix=buckets&buckets=5").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    insta::assert_snapshot!(error, @r#"redis open: the call is not valid: the namespace "buckets" was set up with buckets=4, not 5: leave the parameter out, or copy the sessions into a namespace with another prefix"#);
    let silent = connect("?prefix=buckets").await.unwrap();
    assert_eq!(silent.get(&key(1)).await.unwrap(), Some(session));
}

#[tokio::test]
async fn prefixes_and_databases_are_apart() {
    let one = connect("?prefix=apart").await.unwrap();
    one.create(new_session(1)).await.unwrap();
    for other in [connect("?prefix=apart2").await, connect("/1?prefix=apart").await] {
        let other = other.unwrap();
        assert_eq!(other.get(&key(1)).await.unwrap(), None);
        assert_eq!(other.statistics().await.unwrap().sessions, 0);
    }
    assert_eq!(one.statistics().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn what_sessions_take_is_told_from_some_of_them() {
    let store = connect("?prefix=sizes&buckets=2").await.unwrap();
    assert_eq!(store.statistics().await.unwrap().bytes, Some(0));
    for person in 1..=40 {
        store.create(new_session(person)).await.unwrap();
    }
    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.sessions, 40);
    let each = statistics.bytes.unwrap() / 40;
    assert!((100..10_000).contains(&each), "{each} bytes each");
}

#[tokio::test]
async fn looking_sets_nothing_up() {
    let store = connect("?prefix=looking&set_up_schema=false").await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), SchemaStatus::Missing);
    let mut connection = RedisServer::shared().connection();
    let exists: bool = redis::cmd("EXISTS")
        .arg("looking:meta")
        .query(&mut connection)
        .unwrap();
    assert!(!exists);
    let current = SchemaStatus::Current { version: 1 };
    assert_eq!(store.set_up_schema().await.unwrap(), current);
    assert_eq!(store.check_schema().await.unwrap(), current);
}

#[tokio::test]
async fn a_namespace_of_a_newer_version_is_refused() {
    let mut connection = RedisServer::shared().connection();
    let set: () = redis::cmd("HSET")
        .arg("newer:meta")
        .arg(&["schema", "2", "buckets", "1"])
        .query(&mut connection)
        .map(|_: i64| ())
        .unwrap();
    let () = set;
    let error = connect("?prefix=newer").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::TooNew);
}

#[tokio::test]
async fn a_key_of_another_type_is_damage_and_stops_no_scan() {
    let store = connect("?prefix=types").await.unwrap();
    store.create(new_session(1)).await.unwrap();
    store.create(new_session(2)).await.unwrap();
    let mut connection = RedisServer::shared().connection();
    let name = format!("{{types:0}}:s:{}", key(1).encode());
    redis::cmd("DEL").arg(&name).exec(&mut connection).unwrap();
    redis::cmd("SADD")
        .arg(&name)
        .arg("x")
        .exec(&mut connection)
        .unwrap();
    assert_eq!(
        store.get(&key(1)).await.unwrap_err().kind(),
        StoreErrorKind::Corrupt
    );
    let create = store.create(new_session(1)).await.unwrap_err();
    assert_eq!(create.kind(), StoreErrorKind::Corrupt);
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert_eq!((page.sessions.len(), page.unreadable.len()), (1, 1));
    store.cleanup(&CleanupPolicy::before(at(5_000))).await.unwrap();
    assert_eq!(
        store.get(&key(2)).await.unwrap(),
        None,
        "the others are cleaned up"
    );
    assert!(store.clear(&key(1), None).await.unwrap());
    assert_eq!(store.get(&key(1)).await.unwrap(), None);
}

/// What Redis itself let expire leaves a name in the index, which the next cleanup takes.
#[tokio::test]
async fn an_expired_session_is_gone_and_its_name_is_cleaned_up() {
    let store = connect("?prefix=expiry&expire_idle_days=1").await.unwrap();
    store.create(new_session(1)).await.unwrap();
    let held = store.create(new_session(2)).await.unwrap();
    let waits = SessionChange::new(at(1_000)).wake_at(Some(at(9)));
    store.update(&held, &waits).await.unwrap();
    let mut connection = RedisServer::shared().connection();
    let mut left = |person: i64| -> i64 {
        let name = format!("{{expiry:0}}:s:{}", key(person).encode());
        redis::cmd("PTTL").arg(name).query(&mut connection).unwrap()
    };
    assert!((1..=86_400_000).contains(&left(1)));
    assert_eq!(left(2), -1, "what waits for its time never expires");

    let mut connection = RedisServer::shared().connection();
    let name = format!("{{expiry:0}}:s:{}", key(1).encode());
    redis::cmd("DEL").arg(name).exec(&mut connection).unwrap();
    let page = store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    assert_eq!((page.sessions.len(), page.unreadable.len()), (1, 0));
    assert_eq!(
        store
            .cleanup(&CleanupPolicy::before(at(5_000)))
            .await
            .unwrap()
            .removed,
        0
    );
    assert_eq!(store.statistics().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn a_user_who_may_use_the_prefix_only_is_enough() {
    let server = RedisServer::start(&RedisSettings::default());
    let mut connection = server.connection();
    let rules = "on >hunter2 ~{bot:*}:* ~bot:meta resetchannels -@all +get +exists +evalsha +eval +hmget +hset \
                 +set +getrange +del +zadd +zrem +zcount +zrange +zscore +zcard +ping +client|setinfo +select";
    let mut command = redis::cmd("ACL");
    command.arg("SETUSER").arg("bot");
    for rule in rules.split_whitespace() {
        command.arg(rule);
    }
    // `client|setinfo` is not known to every version.
    if command.exec(&mut connection).is_err() {
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER").arg("bot");
        for rule in rules.split_whitespace().filter(|rule| !rule.contains("setinfo")) {
            command.arg(rule);
        }
        command.exec(&mut connection).unwrap();
    }
    let url = |prefix: &str| format!("redis://bot:hunter2@127.0.0.1:{}?prefix={prefix}", server.port());
    let store = RedisStorage::connect(&url("bot")).await.unwrap();
    let held = store.create(new_session(1)).await.unwrap();
    store.update(&held, &crate::set_n(1)).await.unwrap();
    store.scan(&ScanFilter::default(), None, 10).await.unwrap();
    let removed = store.cleanup(&CleanupPolicy::before(at(5_000))).await.unwrap();
    assert_eq!(removed.removed, 1);
    let health = store.check_health().await.unwrap();
    assert!(health.warnings[0].contains("doesn't tell"), "{health:?}");
    let error = RedisStorage::connect(&url("other")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.to_string().contains("ACL"), "{error}");
}
