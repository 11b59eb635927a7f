//! The store that the bot runs on.

use std::path::Path;
use std::str::FromStr;

use stepkeep_test_servers::{MongoServer, RedisServer, RedisSettings};

/// Which store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// In the bot's process.
    Memory,
    /// A file in the crowd's folder.
    Sqlite,
    /// A private Redis that writes to the disk before it answers.
    Redis,
    /// A private MongoDB, a replica set of one.
    MongoDb,
    /// One that runs already; it is neither emptied nor killed.
    Url(String),
}

/// A store that the crowd doesn't know.
#[derive(Debug, thiserror::Error)]
#[error("a store is sqlite, redis, mongodb, memory, or the URL of one that runs already")]
pub struct UnknownStore;

impl FromStr for StoreChoice {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, UnknownStore> {
        Ok(match text {
            "memory" => Self::Memory,
            "sqlite" => Self::Sqlite,
            "redis" => Self::Redis,
            "mongodb" => Self::MongoDb,
            url if url.contains("://") => Self::Url(url.to_owned()),
            _ => return Err(UnknownStore),
        })
    }
}

impl std::fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::MongoDb => "mongodb",
            // It may have a password.
            Self::Url(_) => "a given store",
        })
    }
}

/// A store, with its server when it has one of its own.
#[derive(Debug)]
pub enum Store {
    /// Nothing to end or to restart.
    Without(String),
    /// A private Redis.
    Redis(RedisServer),
    /// A private MongoDB.
    Mongo(MongoServer),
}

impl Store {
    /// Starts it. A server that can't be started ends the program, with how to get it.
    pub async fn start(choice: &StoreChoice, folder: &Path) -> Self {
        match choice {
            StoreChoice::Memory => Self::Without("memory:".to_owned()),
            StoreChoice::Sqlite => {
                let file = folder.join("sessions.sqlite");
                Self::Without(format!("sqlite://{}", file.display()))
            }
            StoreChoice::Redis => Self::Redis(RedisServer::start(&RedisSettings::default().durable())),
            StoreChoice::MongoDb => Self::Mongo(MongoServer::start().await),
            StoreChoice::Url(url) => Self::Without(url.clone()),
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        match self {
            Self::Without(url) => url.clone(),
            Self::Redis(server) => format!("{}?prefix=crowd", server.url()),
            Self::Mongo(server) => {
                format!(
                    "mongodb://127.0.0.1:{}/crowd?directConnection=true",
                    server.port()
                )
            }
        }
    }

    /// Whether it can be killed and started again.
    pub const fn has_server(&self) -> bool {
        matches!(self, Self::Redis(_) | Self::Mongo(_))
    }

    /// Ends its server: as a power cut would, or in order.
    pub fn end(&mut self, by_kill: bool) {
        let process = match self {
            Self::Without(_) => return,
            Self::Redis(server) => server.process(),
            Self::Mongo(server) => server.process(),
        };
        if by_kill {
            process.kill();
        } else {
            process.stop();
        }
    }

    /// Starts its server again, and waits until it listens.
    pub fn start_again(&mut self) {
        match self {
            Self::Without(_) => {}
            Self::Redis(server) => server.process().start_again(),
            Self::Mongo(server) => server.process().start_again(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_or_given_by_its_url() {
        assert!(matches!("redis".parse(), Ok(StoreChoice::Redis)));
        assert!(matches!("redis://h/0".parse(), Ok(StoreChoice::Url(_))));
        assert!("postgres".parse::<StoreChoice>().is_err());
        let given: StoreChoice = "redis://user:hidden@h".parse().unwrap();
        assert!(!given.to_string().contains("hidden"));
    }
}
