#![doc = include_str!("../README.md")]

mod cleanup;
mod config;
mod error;
mod health;
mod json;
mod members;
mod record;
mod scan;
mod schema;
mod store;

pub use config::{ConfigError, MongoConfig};
pub use store::MongoStorage;
