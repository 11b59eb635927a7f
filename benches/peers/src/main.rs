//! Measures the session storages of other frameworks on what one answer of a person costs: to get the session and to update it.
//! Writes one line of JSON for each storage and each number of people at once.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --redis redis://127.0.0.1 --mongodb mongodb://127.0.0.1
//! ```

mod load;
mod order;
mod teloxide_peers;
mod tower_peers;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use serde::Serialize;

use load::{Load, Peer};

/// That of Stepkeep's bot, so that no allocator makes the difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and where.
#[derive(Debug, Parser)]
struct Arguments {
    /// A Redis server for the storages that need one; without it they are left out.
    #[arg(long)]
    redis: Option<String>,
    /// A MongoDB server; without it the storage that needs one is left out.
    #[arg(long)]
    mongodb: Option<String>,
    /// How long each storage is measured at each number of people at once.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// The numbers of people at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256])]
    concurrency: Vec<usize>,
    /// How many sessions there are.
    #[arg(long, default_value_t = 1_000)]
    people: i64,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line<'a> {
    peer: &'a str,
    backend: &'a str,
    concurrency: usize,
    answers_per_second: f64,
    p50_microseconds: u64,
    p99_microseconds: u64,
}

/// A storage under test.
struct Candidate {
    name: &'static str,
    backend: &'static str,
    peer: Arc<dyn Peer>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir().context("there is no room for databases")?;
    let candidate = |name, backend, peer| Candidate { name, backend, peer };
    let mut candidates = vec![
        candidate("teloxide InMemStorage", "memory", teloxide_peers::in_memory()),
        candidate(
            "teloxide SqliteStorage",
            "sqlite",
            teloxide_peers::sqlite(&folder.path().join("teloxide.sqlite")).await?,
        ),
        candidate(
            "tower-sessions SqliteStore",
            "sqlite",
            tower_peers::sqlite(&folder.path().join("tower.sqlite"), false).await?,
        ),
        candidate(
            "tower-sessions SqliteStore, WAL NORMAL",
            "sqlite",
            tower_peers::sqlite(&folder.path().join("tower-wal.sqlite"), true).await?,
        ),
    ];
    if let Some(url) = &arguments.redis {
        let teloxide = teloxide_peers::redis(url).await?;
        candidates.push(candidate("teloxide RedisStorage", "redis", teloxide));
        candidates.push(candidate(
            "tower-sessions RedisStore",
            "redis",
            tower_peers::redis(url).await?,
        ));
    }
    if let Some(url) = &arguments.mongodb {
        let store = tower_peers::mongodb(url).await?;
        candidates.push(candidate("tower-sessions MongoDBStore", "mongodb", store));
    }
    for Candidate { name, backend, peer } in &candidates {
        for person in 0..arguments.people {
            peer.begin(person)
                .await
                .with_context(|| format!("{name} can't be filled"))?;
        }
        for &concurrency in &arguments.concurrency {
            let load = Load {
                people: arguments.people,
                concurrency,
                time: Duration::from_secs_f64(arguments.seconds),
            };
            let measured = load
                .put_on(peer)
                .await
                .with_context(|| format!("{name} failed"))?;
            let line = Line {
                peer: name,
                backend,
                concurrency,
                answers_per_second: measured.per_second,
                p50_microseconds: measured.p50_microseconds,
                p99_microseconds: measured.p99_microseconds,
            };
            println!("{}", serde_json::to_string(&line)?);
        }
    }
    Ok(())
}
