//! One load for all, and one truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use stepkeep_test_servers::{RedisCluster, RedisServer, RedisSettings};

use crate::{Slow, get, hears, key, process, until};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_load_a_cold_key_once() {
    let server = RedisServer::start(&RedisSettings::default());
    let source = Slow::taking(Duration::from_millis(300));
    let (one, other) = (process(&source, &server.url()), process(&source, &server.url()));
    let asking = (0..40).map(|number| {
        let cache = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        tokio::spawn(async move { get(&cache).await })
    });
    for asked in futures::future::join_all(asking).await {
        assert_eq!(asked.unwrap(), 0);
    }
    assert_eq!(source.loads(), 1);
    let statistics = (one.statistics(), other.statistics());
    assert_eq!(statistics.0.loads + statistics.1.loads, 1);
    assert!(statistics.0.second_level_hits + statistics.1.second_level_hits >= 1);
    let errors = statistics.0.second_level_errors + statistics.1.second_level_errors;
    assert_eq!(errors, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalidation_reaches_the_other_process() {
    let server = RedisServer::start(&RedisSettings::default());
    let source = Slow::taking(Duration::ZERO);
    let (one, other) = (process(&source, &server.url()), process(&source, &server.url()));
    hears(&other, &one).await;
    hears(&one, &other).await;
    for everything in [false, true] {
        get(&one).await;
        get(&other).await;
        let truth = source.change();
        if everything {
            one.invalidate_all().await;
        } else {
            one.invalidate(&key()).await;
        }
        until("the other one knows", async || get(&other).await == truth).await;
        assert_eq!(get(&one).await, truth);
    }
    one.insert(&key(), Some(99)).await;
    until("the other one knows", async || get(&other).await == 99).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_apart_from_sessions_and_everything_ends_by_itself() {
    let server = RedisServer::start(&RedisSettings::default());
    let source = Slow::taking(Duration::ZERO);
    let cache = process(&source, &format!("{}?prefix=bot", server.url()));
    get(&cache).await;
    let mut connection = server.connection();
    let mut query = |command: &mut redis::Cmd| command.query::<redis::Value>(&mut connection).unwrap();
    until("it is put in", async || {
        let exists: bool = redis::cmd("EXISTS")
            .arg(format!("{{bot:cache:rates}}:v:{}", key()))
            .query(&mut server.connection())
            .unwrap();
        exists
    })
    .await;
    let redis::Value::Array(names) = query(redis::cmd("KEYS").arg("*")) else {
        panic!("a list of names");
    };
    for name in names {
        let name: String = redis::from_redis_value(name).unwrap();
        assert!(name.starts_with("{bot:cache:rates}:"), "{name}");
        let redis::Value::Int(left) = query(redis::cmd("PTTL").arg(&name)) else {
            panic!("a time");
        };
        assert!(left > 0 || name.ends_with("}:g"), "{name}: {left}");
    }
}

/// The rights that the book states.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_use_the_caches_only_is_enough() {
    let server = RedisServer::start(&RedisSettings::default());
    let rights = "on >hunter2 resetchannels -@all +get +set +del +pttl +eval +evalsha +publish +subscribe +ping \
                  ~{bot:cache:*}:* &bot:cache:*";
    let mut command = redis::cmd("ACL");
    command.arg("SETUSER").arg("bot");
    for right in rights.split_whitespace() {
        command.arg(right);
    }
    command.exec(&mut server.connection()).unwrap();
    let url = format!("redis://bot:hunter2@127.0.0.1:{}?prefix=bot", server.port());
    let source = Slow::taking(Duration::from_millis(50));
    let (one, other) = (process(&source, &url), process(&source, &url));
    let (first, second) = tokio::join!(get(&one), get(&other));
    assert_eq!((first, second, source.loads()), (0, 0, 1));
    hears(&other, &one).await;
    one.invalidate_all().await;
    one.insert(&key(), Some(9)).await;
    until("the other one knows", async || get(&other).await == 9).await;
    let errors = one.statistics().second_level_errors + other.statistics().second_level_errors;
    assert_eq!(errors, 0);
}

/// The other process may be a message behind, but who invalidates is not, whatever lies in Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_redis_brings_nothing_back() {
    let server = RedisServer::start(&RedisSettings::default());
    let source = Slow::taking(Duration::from_millis(1));
    let (one, other) = (process(&source, &server.url()), process(&source, &server.url()));
    let floor = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|number| {
            let is_strict = number % 2 == 0;
            let cache = if is_strict { one.clone() } else { other.clone() };
            let (floor, is_over) = (Arc::clone(&floor), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let floor = floor.load(Ordering::SeqCst);
                    let version = get(&cache).await;
                    assert!(!is_strict || version >= floor, "{version} < {floor}");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for _ in 0..500 {
        let version = source.change();
        one.invalidate(&key()).await;
        floor.store(version, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    let last = source.truth.load(Ordering::SeqCst);
    until("the other one knows", async || get(&other).await == last).await;
    assert_eq!(one.statistics().second_level_errors, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_passes_invalidations_on() {
    let cluster = tokio::task::spawn_blocking(|| RedisCluster::start(&RedisSettings::default()));
    let cluster = cluster.await.unwrap();
    let source = Slow::taking(Duration::from_millis(50));
    let (one, other) = (process(&source, &cluster.url()), process(&source, &cluster.url()));
    let (first, second) = tokio::join!(get(&one), get(&other));
    assert_eq!((first, second, source.loads()), (0, 0, 1));
    hears(&other, &one).await;
    get(&other).await;
    let truth = source.change();
    one.invalidate(&key()).await;
    until("the other one knows", async || get(&other).await == truth).await;
    assert_eq!(one.statistics().second_level_errors, 0);
}
