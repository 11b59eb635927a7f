//! A Redis that dies, and messages that are missed.

use std::time::Duration;

use stepkeep_test_servers::{Proxy, RedisServer, RedisSettings, free_port};

use crate::{Slow, get, hears, key, process, until};

#[tokio::test(flavor = "multi_thread")]
async fn caches_go_on_while_redis_is_dead_and_use_it_when_it_is_back() {
    let mut server = RedisServer::start(&RedisSettings::default());
    let source = Slow::taking(Duration::ZERO);
    let (one, other) = (process(&source, &server.url()), process(&source, &server.url()));
    get(&one).await;
    get(&other).await;
    server.process().kill();
    assert_eq!(get(&one).await, 0, "what is there is there");
    let truth = source.change();
    one.invalidate(&key()).await;
    assert_eq!(get(&one).await, truth, "and what isn't is loaded");
    assert!(one.statistics().second_level_errors > 0);
    server.process().start_again();
    // It was told nothing, yet it learns that it may have missed something.
    until("the other one knows", async || get(&other).await == truth).await;
    hears(&other, &one).await;
    let loads = source.loads();
    until("they share again", async || {
        one.invalidate(&key()).await;
        let before = source.loads();
        let (first, second) = (get(&one).await, get(&other).await);
        (first, second) == (truth, truth) && source.loads() == before + 1
    })
    .await;
    assert!(source.loads() > loads);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_invalidated_while_redis_was_away_does_not_come_back_with_it() {
    let mut server = RedisServer::start(&RedisSettings::default().durable());
    let source = Slow::taking(Duration::ZERO);
    let (one, other) = (process(&source, &server.url()), process(&source, &server.url()));
    get(&one).await;
    get(&other).await;
    let mut connection = server.connection();
    until("it is put in", async || {
        let name = format!("{{stepkeep:cache:rates}}:v:{}", key());
        redis::cmd("EXISTS")
            .arg(name)
            .query(&mut server.connection())
            .unwrap()
    })
    .await;
    let _: redis::Value = redis::cmd("PING").query(&mut connection).unwrap();
    server.process().kill();
    let truth = source.change();
    one.invalidate(&key()).await;
    server.process().start_again();
    assert_eq!(get(&one).await, truth, "who invalidated never gets the old one");
    until("it is removed there", async || get(&other).await == truth).await;
    assert_eq!(get(&one).await, truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_have_missed_messages_forgets_what_it_has() {
    let server = RedisServer::start(&RedisSettings::default());
    let proxy = Proxy::start(([127, 0, 0, 1], server.port()).into()).await;
    let source = Slow::taking(Duration::ZERO);
    let one = process(&source, &server.url());
    let other = process(&source, &format!("redis://{}", proxy.address()));
    hears(&other, &one).await;
    get(&other).await;
    proxy.cut_off();
    let truth = source.change();
    one.invalidate(&key()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        other.peek(&key()).map(|cached| cached.value),
        Some(0),
        "it has heard nothing"
    );
    proxy.restore();
    until("it knows", async || get(&other).await == truth).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_never_there_costs_one_try() {
    let source = Slow::taking(Duration::ZERO);
    let cache = process(&source, &format!("redis://127.0.0.1:{}", free_port()));
    for number in 0..100 {
        cache.get(&format!("{number}")).await.unwrap();
    }
    assert!(cache.statistics().second_level_errors < 10);
    assert_eq!(source.loads(), 100);
}
