#![doc = include_str!("../README.md")]

#[cfg(feature = "cache")]
mod cache;
mod cleanup;
mod cluster;
mod config;
mod connection;
mod connections;
mod error;
mod health;
mod keys;
mod record;
mod scan;
mod schema;
mod scripts;
mod store;
mod url;

#[cfg(feature = "cache")]
pub use cache::RedisCacheLevel;
pub use config::{Address, ConfigError, RedisConfig, SentinelCredentials, Topology};
pub use store::RedisStorage;
