//! What a cache asks for, as one call of a script each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use redis::{Value, from_redis_value};
use stepkeep_core::cache::{Invalidation, LeaseRequest, Look, Place, SecondLevel, SecondLevelError};
use stepkeep_core::{StoreError, StoreOperation};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::message;
use super::names::{self, ValueNames};
use super::subscription;
use crate::config::RedisConfig;
use crate::connection::Connection;
use crate::scripts::NamedScript;
use crate::store::refused;

/// How many messages a cache may be behind before it has to forget everything.
const BACKLOG: usize = 1_024;

/// The second level of [read-through caches](stepkeep_core::cache), on Redis or Valkey: one server, Sentinel or Cluster.
///
/// Any number of caches share it, each under its own name. It uses a connection of its own for calls, and one for messages; both are made
/// anew by themselves. Every call is one round trip. A clone is another handle on the same connections.
#[derive(Clone)]
pub struct RedisCacheLevel(Arc<Shared>);

struct Shared {
    config: RedisConfig,
    connection: Connection,
    scripts: CacheScripts,
    channel: String,
    messages: broadcast::Sender<Invalidation>,
    listening: JoinHandle<()>,
}

struct CacheScripts {
    look: NamedScript,
    put: NamedScript,
    release: NamedScript,
    replace: NamedScript,
    remove: NamedScript,
    clear: NamedScript,
}

impl fmt::Debug for RedisCacheLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RedisCacheLevel")
            .field(&self.0.config)
            .finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl RedisCacheLevel {
    /// The level at this URL, which is one of a store; see [`RedisConfig::from_url`].
    ///
    /// # Errors
    /// `Invalid` for a URL that makes no sense.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        let config = RedisConfig::from_url(url).map_err(|error| refused(&error))?;
        Self::open(config)
    }

    /// The level that these settings describe. Of them, those about sessions don't matter. It connects by itself, so a server that is away
    /// is no error: caches go on without it, and use it when it is there.
    ///
    /// # Errors
    /// `Invalid` for settings that make no sense.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn open(config: RedisConfig) -> Result<Self, StoreError> {
        config.validate().map_err(|error| refused(&error))?;
        let connection =
            Connection::new(&config).map_err(|failure| failure.into_error(StoreOperation::Open))?;
        let (messages, _) = broadcast::channel(BACKLOG);
        let listening = tokio::spawn(subscription::listen(config.clone(), messages.clone()));
        Ok(Self(Arc::new(Shared {
            channel: names::channel(&config.prefix, config.database),
            scripts: CacheScripts::new(),
            config,
            connection,
            messages,
            listening,
        })))
    }

    async fn call(
        &self,
        script: &NamedScript,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Value, SecondLevelError> {
        Ok(self.0.connection.call(script, keys, arguments).await?)
    }

    fn names(&self, place: Place<'_>) -> ValueNames {
        ValueNames::of(&self.0.config.prefix, place)
    }
}

#[async_trait]
impl SecondLevel for RedisCacheLevel {
    async fn look(&self, place: Place<'_>, lease: LeaseRequest<'_>) -> Result<Look, SecondLevelError> {
        let ValueNames {
            generation,
            value,
            lease: lease_name,
        } = self.names(place);
        let LeaseRequest { token, life, steal } = lease;
        let steal = if steal { "1" } else { "0" };
        let (new, life) = (new_generation(), millis(life));
        let keys = [&*generation, &*value, &*lease_name];
        let arguments = [
            new.as_bytes(),
            token.as_bytes(),
            life.as_bytes(),
            steal.as_bytes(),
        ];
        match self.call(&self.0.scripts.look, &keys, &arguments).await? {
            Value::Int(1) => Ok(Look::Leased),
            Value::Int(_) => Ok(Look::Taken),
            found => {
                let (value, remaining): (Vec<u8>, i64) = from_redis_value(found).map_err(|error| {
                    SecondLevelError::new("redis answered something else").with_source(error)
                })?;
                let remaining = Duration::from_millis(u64::try_from(remaining).unwrap_or(0));
                Ok(Look::Found { value, remaining })
            }
        }
    }

    async fn put(
        &self,
        place: Place<'_>,
        token: &str,
        value: Vec<u8>,
        life: Duration,
    ) -> Result<bool, SecondLevelError> {
        let names = self.names(place);
        let keys = [&*names.generation, &*names.value, &*names.lease];
        let life = millis(life);
        let arguments = [token.as_bytes(), &value, life.as_bytes()];
        let answer = self.call(&self.0.scripts.put, &keys, &arguments).await?;
        Ok(answer == Value::Int(1))
    }

    async fn release(&self, place: Place<'_>, token: &str) -> Result<(), SecondLevelError> {
        let names = self.names(place);
        let keys = [&*names.generation, &*names.lease];
        self.call(&self.0.scripts.release, &keys, &[token.as_bytes()])
            .await?;
        Ok(())
    }

    async fn replace(
        &self,
        place: Place<'_>,
        value: Vec<u8>,
        life: Duration,
        by: u64,
    ) -> Result<(), SecondLevelError> {
        let names = self.names(place);
        let keys = [&*names.generation, &*names.value, &*names.lease];
        let (new, life, message) = (new_generation(), millis(life), message::of_key(place, by));
        let arguments = [
            new.as_bytes(),
            &value,
            life.as_bytes(),
            self.0.channel.as_bytes(),
            message.as_bytes(),
        ];
        self.call(&self.0.scripts.replace, &keys, &arguments).await?;
        Ok(())
    }

    async fn remove(&self, place: Place<'_>, by: u64) -> Result<(), SecondLevelError> {
        let names = self.names(place);
        let message = message::of_key(place, by);
        let arguments = [self.0.channel.as_bytes(), message.as_bytes()];
        self.call(
            &self.0.scripts.remove,
            &[&*names.value, &*names.lease],
            &arguments,
        )
        .await?;
        Ok(())
    }

    async fn clear(&self, cache: &str, by: u64) -> Result<(), SecondLevelError> {
        let generation = names::generation(&self.0.config.prefix, cache);
        let (new, message) = (new_generation(), message::of_all(cache, by));
        let arguments = [new.as_bytes(), self.0.channel.as_bytes(), message.as_bytes()];
        self.call(&self.0.scripts.clear, &[&*generation], &arguments)
            .await?;
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Invalidation> {
        let messages = self.0.messages.subscribe();
        futures::stream::unfold(messages, |mut messages| async move {
            match messages.recv().await {
                Ok(message) => Some((message, messages)),
                Err(broadcast::error::RecvError::Lagged(_)) => Some((Invalidation::Missed, messages)),
                Err(broadcast::error::RecvError::Closed) => None,
            }
        })
        .boxed()
    }
}

/// As long as all others, since values begin with it; drawn, so that none comes twice.
fn new_generation() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn millis(life: Duration) -> String {
    life.as_millis().max(1).to_string()
}

impl CacheScripts {
    fn new() -> Self {
        Self {
            look: NamedScript::new(concat!(
                include_str!("../scripts/cache/generation.lua"),
                include_str!("../scripts/cache/look.lua")
            )),
            put: NamedScript::new(include_str!("../scripts/cache/put.lua")),
            release: NamedScript::new(include_str!("../scripts/cache/release.lua")),
            replace: NamedScript::new(concat!(
                include_str!("../scripts/cache/generation.lua"),
                include_str!("../scripts/cache/replace.lua")
            )),
            remove: NamedScript::new(include_str!("../scripts/cache/remove.lua")),
            clear: NamedScript::new(include_str!("../scripts/cache/clear.lua")),
        }
    }
}
