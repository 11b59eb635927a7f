//! Servers that die under load. What a setting promises is asserted; what it doesn't is measured and printed.

use std::time::Duration;

use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{Load, RedisCluster, RedisSentinel, RedisServer, RedisSettings};

use crate::layered;

/// How often something is killed: a longer run sets `STEPKEEP_TEST_FAULTS`.
fn faults(by_default: usize) -> usize {
    let faults = std::env::var("STEPKEEP_TEST_FAULTS").ok();
    faults.map_or(by_default, |faults| faults.parse().unwrap())
}

async fn while_a_server_is_killed(settings: &RedisSettings) -> stepkeep_test_servers::Tally {
    let mut server = RedisServer::start(settings);
    let store = RedisStorage::connect(&server.url()).await.unwrap();
    let load = Load::start(layered(store)).await;
    for _ in 0..faults(4) {
        load.goes_on(300).await;
        server.process().kill();
        server.process().start_again();
    }
    load.goes_on(300).await;
    load.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_appendfsync_always_a_kill_loses_and_doubles_nothing() {
    let tally = while_a_server_is_killed(&RedisSettings::default().durable()).await;
    println!("appendfsync always, kill -9: {tally}");
    assert_eq!((tally.lost, tally.surplus), (0, 0), "{tally}");
}

/// While it waits for the disk, Redis answers writes that it has not handed to the system yet, for up to two seconds. So some
/// may be lost with the process; how many is chance. What a loss of power would take can't be tried here.
#[tokio::test(flavor = "multi_thread")]
async fn with_appendfsync_everysec_a_kill_doubles_nothing() {
    let tally = while_a_server_is_killed(&RedisSettings::default().with("appendonly", "yes")).await;
    println!("appendfsync everysec, kill -9: {tally}");
    assert_eq!(tally.surplus, 0, "{tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_put_a_replica_in_the_masters_place_and_writers_go_on() {
    let (mut servers, url) = tokio::task::spawn_blocking(|| {
        let servers = RedisSentinel::start(&RedisSettings::default().durable());
        let url = servers.url();
        (servers, url)
    })
    .await
    .unwrap();
    let store = RedisStorage::connect(&format!("{url}?connect_timeout_ms=500&response_timeout_ms=1000"))
        .await
        .unwrap();
    let load = Load::start(layered(store)).await;
    for _ in 0..faults(1) {
        load.goes_on(300).await;
        let master = servers.master();
        servers.server(master).process().kill();
        tokio::time::timeout(Duration::from_mins(1), load.goes_on(300))
            .await
            .expect("the writers go on");
        assert_ne!(servers.master(), master);
        // It comes back as a replica, and has to follow before the other one may die.
        let server = servers.server(master);
        server.process().start_again();
        server.wait_until_it_follows();
    }
    load.goes_on(300).await;
    let tally = load.stop().await;
    // A replica follows a little later: what it had not heard of is lost with the master.
    println!("failover by Sentinel: {tally}");
    assert_eq!(tally.surplus, 0, "{tally}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_survives_moved_slots_and_a_dead_master() {
    let cluster = tokio::task::spawn_blocking(|| RedisCluster::start(&RedisSettings::default().durable()));
    let mut cluster = cluster.await.unwrap();
    let store = RedisStorage::connect(&format!("{}?buckets=8", cluster.url()))
        .await
        .unwrap();

    // Slots move under load: nothing at all may be lost by that.
    let load = Load::start(layered(store.clone())).await;
    load.goes_on(300).await;
    for bucket in 0..8 {
        let slot = cluster.slot(&format!("{{stepkeep:{bucket}}}:u"));
        let from = cluster.owner(slot);
        cluster.move_slot(slot, from, (from + 1) % 3);
        load.goes_on(50).await;
    }
    let tally = load.stop().await;
    println!("slots that move: {tally}");
    assert_eq!((tally.lost, tally.surplus), (0, 0), "{tally}");

    for person in 0..8 {
        use stepkeep_core::SessionStore;
        store.clear(&crate::key(person), None).await.unwrap();
    }
    let load = Load::start(layered(store)).await;
    for number in 0..faults(1).min(3) {
        load.goes_on(300).await;
        cluster.node(number).process().kill();
        let replica = number + 3;
        tokio::time::timeout(Duration::from_mins(1), async {
            while !cluster.is_master_of_whole(replica) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            load.goes_on(300).await;
        })
        .await
        .expect("a replica takes over");
        let node = cluster.node(number);
        node.process().start_again();
        node.wait_until_it_follows();
    }
    load.goes_on(300).await;
    let tally = load.stop().await;
    println!("failover of a cluster: {tally}");
    assert_eq!(tally.surplus, 0, "{tally}");
}
