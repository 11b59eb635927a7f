//! For operators: schema, health, statistics.

use async_trait::async_trait;
use redis::Value;
use stepkeep_core::{
    SchemaStatus, StoreAdministration, StoreError, StoreErrorKind, StoreHealth, StoreOperation,
    StoreStatistics,
};

use crate::config::Topology;
use crate::error::{BACKEND, Failure};
use crate::schema::{self, Description};
use crate::store::RedisStorage;

/// How many records are picked of each bucket to learn how large they are, and at most of all.
const PICKED_OF_A_BUCKET: u64 = 4;
const MOST_PICKED: u64 = 100;

/// The oldest server that has what the scripts need.
const OLDEST: (u32, u32) = (6, 2);

#[async_trait]
impl StoreAdministration for RedisStorage {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn check_schema(&self) -> Result<SchemaStatus, StoreError> {
        let found = schema::look(self.connection(), self.config()).await;
        found.map(Description::status).map_err(failed)
    }

    /// A namespace that is set up now has the number of buckets that this handle has worked with so far.
    async fn set_up_schema(&self) -> Result<SchemaStatus, StoreError> {
        let mut config = self.config().clone();
        config.buckets = Some(self.names().buckets());
        let found = schema::set_up(self.connection(), self.scripts(), &config).await;
        found.map(Description::status).map_err(failed)
    }

    /// Asks for an answer, and looks at the settings that decide what can be lost.
    async fn check_health(&self) -> Result<StoreHealth, StoreError> {
        let mut ping = redis::cmd("PING");
        if self.config().is_cluster() {
            // In a cluster some node would do; the one that has the description is one that matters.
            ping = redis::cmd("EXISTS");
            ping.arg(crate::keys::description(&self.config().prefix));
        }
        let _: Value = self.connection().query(&ping).await.map_err(failed)?;
        let settings = Settings {
            append_only: self.setting("appendonly").await,
            append_fsync: self.setting("appendfsync").await,
            eviction: self.setting("maxmemory-policy").await,
            version: self.version().await,
            has_replicas: !matches!(
                self.config().topology,
                Topology::Server { .. } | Topology::Socket { .. }
            ),
        };
        let warnings = settings.warnings();
        Ok(StoreHealth::with_warnings(warnings))
    }

    /// How many sessions, and about how many bytes they take: Redis counts those of one key at a time, so some that are
    /// picked at random stand for all. Without what the indexes take.
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let mut sessions = 0;
        let (mut picked, mut bytes) = (0_u64, 0_u64);
        for bucket in 0..self.names().buckets() {
            let mut command = redis::cmd("ZCARD");
            command.arg(self.names().updated(bucket));
            let count: u64 = self.connection().query(&command).await.map_err(failed)?;
            sessions += count;
            if picked < MOST_PICKED {
                for size in self.some_sizes(bucket).await.unwrap_or_default() {
                    picked += 1;
                    bytes += size;
                }
            }
        }
        let bytes = match picked {
            0 if sessions > 0 => None,
            picked => Some(about(sessions, bytes, picked)),
        };
        Ok(StoreStatistics::new(sessions, bytes))
    }
}

impl RedisStorage {
    /// A setting of the server; `None` where it doesn't tell. In a cluster, that of one node.
    async fn setting(&self, name: &str) -> Option<String> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let answer: Value = self.connection().query(&command).await.ok()?;
        let texts = texts(&answer);
        let at = texts.iter().position(|text| text == name)?;
        texts.get(at + 1).cloned()
    }

    /// The bytes of some of a bucket's records, picked at random; nothing where the server doesn't tell.
    async fn some_sizes(&self, bucket: u16) -> Option<Vec<u64>> {
        let mut command = redis::cmd("ZRANDMEMBER");
        command.arg(self.names().updated(bucket)).arg(PICKED_OF_A_BUCKET);
        let members: Vec<String> = self.connection().query(&command).await.ok()?;
        let mut sizes = Vec::with_capacity(members.len());
        for member in members {
            let mut command = redis::cmd("MEMORY");
            command
                .arg("USAGE")
                .arg(format!("{}{member}", self.names().records(bucket)));
            // One that went meanwhile has none.
            let size: Option<u64> = self.connection().query(&command).await.ok()?;
            sizes.extend(size);
        }
        Some(sizes)
    }

    async fn version(&self) -> Option<(u32, u32)> {
        let mut command = redis::cmd("INFO");
        command.arg("server");
        let answer: Value = self.connection().query(&command).await.ok()?;
        let texts = texts(&answer);
        let line = texts.iter().flat_map(|text| text.lines()).find_map(|line| {
            // Valkey says there which Redis it is like.
            line.strip_prefix("redis_version:")
        })?;
        let mut numbers = line.split('.').map(|number| number.trim().parse().ok());
        Some((numbers.next()??, numbers.next()??))
    }
}

/// What so many records take if `picked` of them take so many bytes.
fn about(records: u64, bytes: u64, picked: u64) -> u64 {
    let all = u128::from(records) * u128::from(bytes) / u128::from(picked.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}

/// All texts of an answer: a cluster's driver puts those of several nodes into one.
fn texts(answer: &Value) -> Vec<String> {
    match answer {
        Value::BulkString(text) => vec![String::from_utf8_lossy(text).into_owned()],
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => vec![text.clone()],
        Value::Array(values) | Value::Set(values) => values.iter().flat_map(texts).collect(),
        Value::Map(pairs) => pairs
            .iter()
            .flat_map(|(name, value)| [name, value])
            .flat_map(texts)
            .collect(),
        _ => Vec::new(),
    }
}

/// What decides on what can be lost.
#[derive(Debug)]
struct Settings {
    append_only: Option<String>,
    append_fsync: Option<String>,
    eviction: Option<String>,
    version: Option<(u32, u32)>,
    has_replicas: bool,
}

impl Settings {
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        match (self.append_only.as_deref(), self.append_fsync.as_deref()) {
            (None, _) | (Some("yes"), None) => warnings.push(
                "the server doesn't tell whether it writes to its disk (CONFIG GET is refused): if appendonly is not yes \
                 and appendfsync not always, it can lose answers that were acknowledged"
                    .to_owned(),
            ),
            (Some("yes"), Some("always")) => {}
            (Some("yes"), Some("everysec")) => warnings.push(
                "appendfsync is everysec: the death of the server may take the answers of the last one or two seconds with it; \
                 appendfsync always keeps them"
                    .to_owned(),
            ),
            (Some("yes"), Some(_)) => warnings.push(
                "appendfsync is no: a loss of power may take the answers of about half a minute with it; appendfsync \
                 always keeps them"
                    .to_owned(),
            ),
            (Some(_), _) => warnings.push(
                "appendonly is off: when the server ends, all answers since its last snapshot are lost; appendonly yes \
                 keeps them"
                    .to_owned(),
            ),
        }
        match self.eviction.as_deref() {
            Some("noeviction") | None => {}
            Some(policy) => warnings.push(format!(
                "maxmemory-policy is {policy}: when the memory is full, sessions may vanish; with noeviction they stay, \
                 and new answers wait"
            )),
        }
        if self.has_replicas {
            warnings.push(
                "replicas follow a little later: a failover may lose the last acknowledged answers; \
                 min-replicas-to-write bounds for how long"
                    .to_owned(),
            );
        }
        if let Some((major, minor)) = self.version.filter(|version| *version < OLDEST) {
            warnings.push(format!(
                "the server is version {major}.{minor}, and this store is made for {}.{} and later",
                OLDEST.0, OLDEST.1
            ));
        }
        warnings
    }
}

fn failed(failure: Failure) -> StoreError {
    if failure.kind() == StoreErrorKind::Corrupt {
        tracing::warn!("the description of the namespace can't be read");
    }
    failure.into_error(StoreOperation::Administration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(append_only: &str, append_fsync: &str, eviction: &str) -> Settings {
        Settings {
            append_only: Some(append_only.to_owned()),
            append_fsync: Some(append_fsync.to_owned()),
            eviction: Some(eviction.to_owned()),
            version: Some(OLDEST),
            has_replicas: false,
        }
    }

    #[test]
    fn an_operator_is_told_what_can_be_lost() {
        assert!(settings("yes", "always", "noeviction").warnings().is_empty());
        let mut all = Vec::new();
        all.extend(settings("no", "everysec", "allkeys-lru").warnings());
        all.extend(settings("yes", "everysec", "noeviction").warnings());
        all.extend(settings("yes", "no", "noeviction").warnings());
        let silent = Settings {
            append_only: None,
            append_fsync: None,
            eviction: None,
            version: Some((6, 0)),
            has_replicas: true,
        };
        all.extend(silent.warnings());
        insta::assert_snapshot!(all.join("\n"), @"
        appendonly is off: when the server ends, all answers since its last snapshot are lost; appendonly yes keeps them
        maxmemory-policy is allkeys-lru: when the memory is full, sessions may vanish; with noeviction they stay, and new answers wait
        appendfsync is everysec: the death of the server may take the answers of the last one or two seconds with it; appendfsync always keeps them
        appendfsync is no: a loss of power may take the answers of about half a minute with it; appendfsync always keeps them
        the server doesn't tell whether it writes to its disk (CONFIG GET is refused): if appendonly is not yes and appendfsync not always, it can lose answers that were acknowledged
        replicas follow a little later: a failover may lose the last acknowledged answers; min-replicas-to-write bounds for how long
        the server is version 6.0, and this store is made for 6.2 and later
        ");
    }
}
