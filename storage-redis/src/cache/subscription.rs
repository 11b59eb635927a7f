//! Hears what is published, and says when something may have been missed.

use std::time::Duration;

use futures::StreamExt;
use redis::aio::PubSub;
use redis::{RedisError, Value};
use stepkeep_core::cache::Invalidation;
use tokio::sync::broadcast;

use super::message;
use super::names;
use crate::config::{RedisConfig, Topology};
use crate::connection::Connector;
use crate::error::{Failure, Moment};

/// How long to wait after a connection that could not be made; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often to see whether a silent connection is one at all.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Passes on what is told, for as long as the task runs, over as many connections as it takes.
pub(crate) async fn listen(config: RedisConfig, messages: broadcast::Sender<Invalidation>) {
    let channel = names::channel(&config.prefix, config.database);
    let mut pause = FIRST_PAUSE;
    loop {
        match subscribe(&config, &channel).await {
            Ok(subscription) => {
                pause = FIRST_PAUSE;
                // Nobody knows what was told before, be it the first time.
                let _ = messages.send(Invalidation::Missed);
                hear(subscription, &config, &messages).await;
                tracing::warn!(place = %config.topology, "the subscription to invalidations was lost");
            }
            Err(error) => {
                let failure = Failure::from_driver(error, Moment::Connecting, &config.topology);
                tracing::debug!(?failure, "no subscription to invalidations");
            }
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Until the connection is lost.
async fn hear(subscription: PubSub, config: &RedisConfig, messages: &broadcast::Sender<Invalidation>) {
    let (mut sink, mut stream) = subscription.split();
    let mut ping = tokio::time::interval(PING_EVERY);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = stream.next() => {
                let Some(message) = message else { return };
                let invalidation = message.get_payload::<String>().ok();
                // What can't be understood may say anything.
                let invalidation = invalidation.and_then(|text| message::parse(&text));
                let _ = messages.send(invalidation.unwrap_or(Invalidation::Missed));
            }
            _ = ping.tick() => {
                let answer = sink.ping::<Value>();
                let answer = tokio::time::timeout(config.response_timeout(), answer).await;
                if !matches!(answer, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// In a cluster, at the first node that lets us.
async fn subscribe(config: &RedisConfig, channel: &str) -> Result<PubSub, RedisError> {
    let mut last = None;
    for server in servers(config) {
        match subscribe_to(&server, channel).await {
            Ok(subscription) => return Ok(subscription),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound).into()))
}

async fn subscribe_to(config: &RedisConfig, channel: &str) -> Result<PubSub, RedisError> {
    let connector = Connector::new(config)?;
    let subscribing = async {
        let mut subscription = connector.connect_for_messages().await?;
        subscription.subscribe(channel).await?;
        Ok(subscription)
    };
    tokio::time::timeout(config.connect_timeout() * 2, subscribing)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

fn servers(config: &RedisConfig) -> Vec<RedisConfig> {
    let Topology::Cluster { nodes, tls } = &config.topology else {
        return vec![config.clone()];
    };
    let as_server = |address: &crate::config::Address| RedisConfig {
        topology: Topology::Server {
            address: address.clone(),
            tls: *tls,
        },
        ..config.clone()
    };
    nodes.iter().map(as_server).collect()
}
