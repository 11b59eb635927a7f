//! Redis through the `redis` crate: multiplexed connections, and a script that compares and sets a blob.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::Context as _;
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{IntoConnectionInfo as _, Script, Value, cmd};

use super::RawStore;
use crate::report::shape::RawDocument;

/// Compares the revision at the front of the blob, whose length is fixed, and parses nothing.
const REPLACE: &str = "if redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[1] then
  return redis.call('GET', KEYS[1])
end
redis.call('SET', KEYS[1], ARGV[2])
return 1";

/// As many as the store has, so that a server that brings all writes to its disk waits for it once for all of them.
const CONNECTIONS: usize = 4;

/// The floor of Redis.
pub(super) struct RawRedis {
    connections: Vec<MultiplexedConnection>,
    hash: String,
}

impl fmt::Debug for RawRedis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawRedis")
    }
}

impl RawRedis {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        let at_once = TcpSettings::default().set_nodelay(true);
        let client = redis::Client::open(url.into_connection_info()?.set_tcp_settings(at_once))?;
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            connections.push(client.get_multiplexed_async_connection().await?);
        }
        let first = connections.first_mut().context("there is a connection")?;
        let hash = Script::new(REPLACE).prepare_invoke().load_async(first).await?;
        Ok(Self { connections, hash })
    }

    /// What is asked of one key is asked over one connection.
    async fn query<T: redis::FromRedisValue>(&self, key: &str, command: &redis::Cmd) -> anyhow::Result<T> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let chosen = usize::try_from(hasher.finish() % CONNECTIONS as u64)?;
        let connection = self.connections.get(chosen).context("there is a connection")?;
        Ok(command.query_async(&mut connection.clone()).await?)
    }
}

/// Apart from the store's own names.
fn name(key: &str) -> String {
    format!("raw:{key}")
}

fn blob(revision: u64, document: &RawDocument) -> String {
    format!("{revision:032x}{}", document.json)
}

#[async_trait]
impl RawStore for RawRedis {
    async fn create(&self, key: &str, document: &RawDocument, _: bool) -> anyhow::Result<()> {
        let mut command = cmd("SET");
        command.arg(name(key)).arg(blob(1, document)).arg("NX");
        let stored: Option<String> = self.query(key, &command).await?;
        stored.map(drop).context("it is there already")
    }

    async fn get(&self, key: &str) -> anyhow::Result<Option<u64>> {
        let found: Option<Vec<u8>> = self.query(key, cmd("GET").arg(name(key))).await?;
        let Some(found) = found else { return Ok(None) };
        let revision = found.get(..32).context("a blob has a revision")?;
        Ok(Some(u64::from_str_radix(std::str::from_utf8(revision)?, 16)?))
    }

    async fn replace(&self, key: &str, held: u64, document: &RawDocument) -> anyhow::Result<bool> {
        let mut command = cmd("EVALSHA");
        command
            .arg(&self.hash)
            .arg(1)
            .arg(name(key))
            .arg(format!("{held:032x}"))
            .arg(blob(held + 1, document));
        let answer: Value = self.query(key, &command).await?;
        Ok(answer == Value::Int(1))
    }

    fn refusals_have_the_document(&self) -> bool {
        true
    }

    async fn remove(&self, key: &str) -> anyhow::Result<bool> {
        let removed: u64 = self.query(key, cmd("DEL").arg(name(key))).await?;
        Ok(removed == 1)
    }

    async fn page(&self, limit: usize, known: &[String]) -> anyhow::Result<usize> {
        let mut command = cmd("MGET");
        for key in known.iter().take(limit) {
            command.arg(name(key));
        }
        let found: Vec<Option<Vec<u8>>> = self.query("", &command).await?;
        Ok(found.iter().flatten().count())
    }

    async fn remove_idle(&self, known: &[String]) -> anyhow::Result<u64> {
        let mut command = cmd("UNLINK");
        for key in known {
            command.arg(name(key));
        }
        self.query("", &command).await
    }

    async fn empty(&self) -> anyhow::Result<()> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg("raw:*").arg("COUNT").arg(1_000);
            let (next, names): (u64, Vec<String>) = self.query("", &scan).await?;
            if !names.is_empty() {
                let _: u64 = self.query("", cmd("UNLINK").arg(names)).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}
