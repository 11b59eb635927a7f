//! What an operation costs, counted by the server.

use std::collections::BTreeMap;

use stepkeep_core::{CleanupPolicy, ScanFilter, SessionStore, StoreErrorKind};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{RedisServer, RedisSettings};

use crate::{at, key, new_session, set_n};

/// How often the server has run each command that came from outside: what scripts call is left out.
fn commands(server: &RedisServer) -> BTreeMap<String, u64> {
    let mut connection = server.connection();
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query(&mut connection)
        .unwrap();
    let of_clients = ["get", "evalsha", "eval", "script|load", "hmget", "scan", "multi"];
    info.lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="))
        .filter(|(name, _)| of_clients.contains(name))
        .map(|(name, rest)| (name.to_owned(), rest.split(',').next().unwrap().parse().unwrap()))
        .collect()
}

/// What one operation makes the server do. A `get` inside of a script counts as one too, so what is expected of scripts
/// is that `evalsha` is called once.
async fn cost<T>(server: &RedisServer, operation: impl Future<Output = T>) -> (T, BTreeMap<String, u64>) {
    let reset: () = redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .query(&mut server.connection())
        .unwrap();
    let () = reset;
    let answer = operation.await;
    let mut commands = commands(server);
    if commands.contains_key("evalsha") {
        commands.remove("get");
    }
    (answer, commands)
}

fn one(command: &str) -> BTreeMap<String, u64> {
    BTreeMap::from([(command.to_owned(), 1)])
}

#[tokio::test]
async fn every_operation_is_one_round_trip() {
    let server = RedisServer::start(&RedisSettings::default());
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    // From the second time on a server knows the scripts.
    let policy = CleanupPolicy::before(at(0));
    let filter = ScanFilter::default();
    let warm = store.create(new_session(0)).await.unwrap();
    store.update(&warm, &set_n(1)).await.unwrap();
    store.clear(&key(0), None).await.unwrap();
    store.cleanup(&policy).await.unwrap();
    store.scan(&filter, None, 10).await.unwrap();

    let (created, commands) = cost(&server, store.create(new_session(1))).await;
    let held = created.unwrap();
    assert_eq!(commands, one("evalsha"), "create");
    let (again, commands) = cost(&server, store.create(new_session(1))).await;
    assert_eq!(again.unwrap_err().kind(), StoreErrorKind::AlreadyExists);
    assert_eq!(commands, one("evalsha"), "create of what is there");
    let (_, commands) = cost(&server, store.get(&key(1))).await;
    assert_eq!(commands, one("get"), "get");
    let (updated, commands) = cost(&server, store.update(&held, &set_n(1))).await;
    let updated = updated.unwrap();
    assert_eq!(commands, one("evalsha"), "update");
    let (late, commands) = cost(&server, store.update(&held, &set_n(2))).await;
    assert_eq!(
        late.unwrap_err().current(),
        Some(&updated),
        "the conflict has the session"
    );
    assert_eq!(commands, one("evalsha"), "a conflict needs no read of its own");
    let (_, commands) = cost(&server, store.scan(&filter, None, 10)).await;
    assert_eq!(commands, one("evalsha"), "a page");
    let (_, commands) = cost(&server, store.cleanup(&policy)).await;
    assert_eq!(commands, one("evalsha"), "a cleanup of nothing");
    let (cleared, commands) = cost(&server, store.clear(&key(1), Some(updated.revision()))).await;
    assert!(cleared.unwrap());
    assert_eq!(commands, one("evalsha"), "clear");
}

#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    let mut server = RedisServer::start(&RedisSettings::default().durable());
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    let mut held = store.create(new_session(1)).await.unwrap();
    let flush: () = redis::cmd("SCRIPT")
        .arg("FLUSH")
        .query(&mut server.connection())
        .unwrap();
    let () = flush;
    let (updated, commands) = cost(&server, store.update(&held, &set_n(1))).await;
    held = updated.unwrap();
    assert_eq!(commands.get("eval"), Some(&1), "{commands:?}");

    server.process().kill();
    server.process().start_again();
    let store = crate::layered(store);
    let updated = store.update(&held, &set_n(2)).await.unwrap();
    assert_eq!(store.get(&key(1)).await.unwrap(), Some(updated));
}
