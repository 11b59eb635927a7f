//! A session's place in the index of last updates.

use stepkeep_core::{CleanupPolicy, SessionChange, SessionStore};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{RedisServer, RedisSettings};

use crate::{at, key, new_session};

fn place(server: &RedisServer) -> Vec<(String, f64)> {
    redis::cmd("ZRANGE")
        .arg("{stepkeep:0}:u")
        .arg(0)
        .arg(-1)
        .arg("WITHSCORES")
        .query(&mut server.connection())
        .unwrap()
}

/// So most updates leave the index alone, and those who come back are put at its end.
#[tokio::test]
async fn a_place_is_the_time_of_the_first_update_in_ten_minutes() {
    let server = RedisServer::start(&RedisSettings::default());
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    let mut held = store.create(new_session(1)).await.unwrap();
    let mut places = Vec::new();
    for millis in [599_999, 600_123, 700_000, 1_199_999, 7_654_321] {
        let wake_at = (millis == 700_000).then_some(at(9_000_000));
        let change = SessionChange::new(at(millis)).wake_at(wake_at);
        held = store.update(&held, &change).await.unwrap();
        let place = place(&server);
        assert_eq!(place.len(), 1);
        places.push(place[0].1);
    }
    assert_eq!(places, [1_000.0, 600_123.0, 600_123.0, 600_123.0, 7_654_321.0]);
}

/// However early the place is, the session's own time counts.
#[tokio::test]
async fn a_session_is_as_old_as_its_last_update_and_not_as_its_place() {
    let server = RedisServer::start(&RedisSettings::default());
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    let held = store.create(new_session(1)).await.unwrap();
    let change = SessionChange::new(at(500_000));
    store.update(&held, &change).await.unwrap();
    assert!(place(&server)[0].1 < 2_000.0);
    for (cutoff, removed) in [(500_000, 0), (500_001, 1)] {
        let policy = CleanupPolicy::before(at(cutoff));
        assert_eq!(store.cleanup(&policy).await.unwrap().removed, removed, "{cutoff}");
    }
    assert_eq!(store.get(&key(1)).await.unwrap(), None);
    assert_eq!(place(&server), []);
}
