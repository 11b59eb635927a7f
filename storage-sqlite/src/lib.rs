#![doc = include_str!("../README.md")]

mod checkpoint;
mod cleanup;
mod config;
mod connection;
mod error;
mod health;
mod reader;
mod record;
mod scan;
mod schema;
mod store;
mod write;
mod writer;

pub use config::{ConfigError, SqliteConfig, Synchronous};
pub use store::SqliteStorage;
