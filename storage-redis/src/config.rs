//! Which Redis, and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use stepkeep_core::document::DEFAULT_MAX_BYTES;

use crate::url;

/// How a [`RedisStorage`](crate::RedisStorage) is reached and used. `Debug` shows no password.
///
/// ```
/// use stepkeep_storage_redis::{RedisConfig, Topology};
///
/// let config = RedisConfig::from_url("redis+sentinel://one,two:26380/mymaster?prefix=orders")?;
/// assert_eq!(config.prefix, "orders");
/// assert!(matches!(config.topology, Topology::Sentinel { .. }));
/// # Ok::<(), stepkeep_storage_redis::ConfigError>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where it is.
    pub topology: Topology,
    /// The ACL user; without one, the default user.
    #[serde(default)]
    pub username: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The number of the database. A cluster has 0 only.
    #[serde(default)]
    pub database: i64,
    /// What all keys begin with: letters, digits, `_`, `.`, `:` and `-`.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// Over how many hash slots the sessions are spread, from 1 to [`RedisConfig::MAX_BUCKETS`]. It is fixed when the
    /// sessions' namespace is set up; `None` takes what is there, else 1, or 64 on a cluster.
    #[serde(default)]
    pub buckets: Option<u16>,
    /// The largest session, in bytes of its stored form.
    #[serde(default = "default_max_session_bytes")]
    pub max_session_bytes: usize,
    /// After how many days without an update Redis itself forgets a session that has no wake time; 0 is never. A net
    /// below the cleanup policy, for bots that are switched off: it knows none of the policy's exceptions, so
    /// leave it at 0 where a scope is kept for ever.
    #[serde(default)]
    pub expire_idle_days: u32,
    /// How long connecting may take, in milliseconds.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u32,
    /// How long an answer may take, in milliseconds.
    #[serde(default = "default_response_timeout_ms")]
    pub response_timeout_ms: u32,
    /// How many connections calls about sessions are spread over, by their keys, from 1 to [`RedisConfig::MAX_CONNECTIONS`].
    /// A server that brings every write to its disk waits for the disk once for all connections. A cluster has one for each
    /// node, whatever this says.
    #[serde(default = "default_connections")]
    pub connections: u16,
    /// Whether opening sets the namespace up. Without it it stays as it is until
    /// [`set_up_schema`](stepkeep_core::StoreAdministration::set_up_schema) is called.
    #[serde(default = "default_set_up_schema")]
    pub set_up_schema: bool,
}

/// Where a Redis is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Topology {
    /// One server.
    Server {
        /// Its address.
        address: Address,
        /// Whether the connection is encrypted.
        #[serde(default)]
        tls: bool,
    },
    /// One server of this machine, by its socket.
    Socket {
        /// The socket's path.
        path: PathBuf,
    },
    /// The master that Sentinel knows.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<Address>,
        /// The name that they know the master by.
        service: String,
        /// Whether connections are encrypted.
        #[serde(default)]
        tls: bool,
        /// Who the sentinels are told to talk to, where they ask.
        #[serde(default)]
        credentials: Option<SentinelCredentials>,
    },
    /// A cluster.
    Cluster {
        /// Some of its nodes. They tell of the others.
        nodes: Vec<Address>,
        /// Whether connections are encrypted.
        #[serde(default)]
        tls: bool,
    },
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Address {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Who the sentinels are told to talk to.
#[derive(Clone, Debug, Deserialize)]
pub struct SentinelCredentials {
    /// The ACL user; without one, the default user.
    #[serde(default)]
    pub username: Option<String>,
    /// The password.
    pub password: SecretString,
}

impl PartialEq for SentinelCredentials {
    fn eq(&self, other: &Self) -> bool {
        use secrecy::ExposeSecret;
        self.username == other.username && self.password.expose_secret() == other.password.expose_secret()
    }
}

impl Eq for SentinelCredentials {}

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL is not one of a Redis store.
    #[error(
        "the URL of a Redis store begins with redis://, rediss://, redis+unix://, redis+sentinel://, rediss+sentinel://, \
         redis+cluster:// or rediss+cluster://, such as redis://localhost"
    )]
    NotRedis,
    /// A part of the URL is not what it has to be.
    #[error("{part} is {expected}")]
    InvalidPart {
        /// Which part.
        part: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// The URL has a parameter that doesn't exist.
    #[error("there is no parameter {name:?}; there are {}", url::PARAMETERS.join(", "))]
    UnknownParameter {
        /// The parameter.
        name: String,
    },
    /// The URL has a parameter twice.
    #[error("the parameter {name:?} is there twice")]
    RepeatedParameter {
        /// The parameter.
        name: &'static str,
    },
    /// A setting has a value that it can't have.
    #[error("{name} is {expected}, not {value:?}")]
    InvalidValue {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: String,
        /// What it was to be.
        value: String,
    },
}

fn default_prefix() -> String {
    "stepkeep".to_owned()
}

const fn default_max_session_bytes() -> usize {
    DEFAULT_MAX_BYTES
}

const fn default_connect_timeout_ms() -> u32 {
    2_000
}

const fn default_response_timeout_ms() -> u32 {
    5_000
}

const fn default_connections() -> u16 {
    4
}

const fn default_set_up_schema() -> bool {
    true
}

impl RedisConfig {
    /// The most that [`RedisConfig::buckets`] can be.
    pub const MAX_BUCKETS: u16 = 4_096;

    /// The most that [`connections`](field@RedisConfig::connections) can be.
    pub const MAX_CONNECTIONS: u16 = 256;

    /// The longest [`RedisConfig::prefix`], in bytes.
    pub const MAX_PREFIX_LENGTH: usize = 64;

    /// The defaults, for this Redis.
    pub fn new(topology: Topology) -> Self {
        Self {
            topology,
            username: None,
            password: None,
            database: 0,
            prefix: default_prefix(),
            buckets: None,
            max_session_bytes: default_max_session_bytes(),
            expire_idle_days: 0,
            connect_timeout_ms: default_connect_timeout_ms(),
            response_timeout_ms: default_response_timeout_ms(),
            connections: default_connections(),
            set_up_schema: default_set_up_schema(),
        }
    }

    /// The settings that a URL states: see the crate's page for all that it may have.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong, without any password; an unknown parameter is refused, not ignored.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let config = url::parse(url)?;
        config.validate()?;
        Ok(config)
    }

    /// Checks what the types can't.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        if !(1..=Self::MAX_PREFIX_LENGTH).contains(&self.prefix.len()) || !self.prefix.chars().all(is_plain) {
            return Err(ConfigError::InvalidValue {
                name: "prefix",
                expected: format!("1 to {} letters, digits, and _ . : -", Self::MAX_PREFIX_LENGTH),
                value: self.prefix.chars().take(40).collect(),
            });
        }
        if let Some(buckets) = self
            .buckets
            .filter(|buckets| !(1..=Self::MAX_BUCKETS).contains(buckets))
        {
            return Err(ConfigError::InvalidValue {
                name: "buckets",
                expected: format!("from 1 to {}", Self::MAX_BUCKETS),
                value: buckets.to_string(),
            });
        }
        if !(1..=Self::MAX_CONNECTIONS).contains(&self.connections) {
            return Err(ConfigError::InvalidValue {
                name: "connections",
                expected: format!("from 1 to {}", Self::MAX_CONNECTIONS),
                value: self.connections.to_string(),
            });
        }
        if self.is_cluster() && self.database != 0 {
            return Err(ConfigError::InvalidValue {
                name: "database",
                expected: "0 on a cluster".to_owned(),
                value: self.database.to_string(),
            });
        }
        Ok(())
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self.topology, Topology::Cluster { .. })
    }

    /// How many buckets a namespace gets that is set up now.
    pub(crate) fn buckets_of_new(&self) -> u16 {
        self.buckets.unwrap_or(if self.is_cluster() { 64 } else { 1 })
    }

    /// How many ways to the server there are.
    pub(crate) fn connections(&self) -> u16 {
        if self.is_cluster() { 1 } else { self.connections }
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.into())
    }

    pub(crate) fn response_timeout(&self) -> Duration {
        Duration::from_millis(self.response_timeout_ms.into())
    }

    /// The time to live of a session without a wake time, in milliseconds; 0 is none.
    pub(crate) fn expire_idle_millis(&self) -> u64 {
        u64::from(self.expire_idle_days) * 24 * 60 * 60 * 1_000
    }
}

impl Address {
    /// A host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// Where it is, as operators know it: no user, no password.
impl fmt::Display for Topology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |addresses: &[Address]| {
            let addresses: Vec<String> = addresses.iter().map(Address::to_string).collect();
            addresses.join(",")
        };
        match self {
            Self::Server { address, .. } => write!(formatter, "{address}"),
            Self::Socket { path } => write!(formatter, "{}", path.display()),
            Self::Sentinel {
                sentinels, service, ..
            } => {
                write!(
                    formatter,
                    "the master {service:?} of the sentinels {}",
                    list(sentinels)
                )
            }
            Self::Cluster { nodes, .. } => write!(formatter, "the cluster of {}", list(nodes)),
        }
    }
}
