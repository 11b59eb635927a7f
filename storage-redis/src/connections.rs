//! The connections of a store: several, each for some of the keys.
//!
//! A server reads some 16 KB of a connection, does what it read, and only then brings all of that to its disk, before it answers. From
//! one connection that are some twenty updates for each time that the disk is waited for; from several that are ready, as
//! many times more.

use crate::config::RedisConfig;
use crate::connection::Connection;
use crate::error::Failure;

/// The connections. There is at least one.
#[derive(Debug)]
pub(crate) struct Connections {
    first: Connection,
    others: Vec<Connection>,
}

impl Connections {
    /// Those that the settings describe. None is made yet; each is when it is used first.
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, Failure> {
        Ok(Self {
            first: Connection::new(config)?,
            others: (1..config.connections())
                .map(|_| Connection::new(config))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Those of a client that somebody has set up.
    #[cfg(feature = "client")]
    pub(crate) fn of_client(client: &redis::Client, config: &RedisConfig) -> Self {
        let connection = || Connection::of_client(client.clone(), config);
        Self {
            first: connection(),
            others: (1..config.connections()).map(|_| connection()).collect(),
        }
    }

    /// The first one.
    pub(crate) fn first(&self) -> &Connection {
        &self.first
    }

    /// That of the keys with this hash. What is asked of one key is asked over one connection, so it is done in this order
    /// also when nobody waits for an answer any more.
    pub(crate) fn of(&self, hash: u64) -> &Connection {
        // The hash's low bits chose the bucket.
        let chosen = usize::try_from(hash >> 32).unwrap_or(0) % (self.others.len() + 1);
        chosen
            .checked_sub(1)
            .and_then(|other| self.others.get(other))
            .unwrap_or(&self.first)
    }

    /// Lets go of all. The next call over each makes another one.
    pub(crate) fn disconnect(&self) {
        self.first.disconnect();
        for connection in &self.others {
            connection.disconnect();
        }
    }
}
