//! A way to Redis: one connection that many calls share, and that is made anew when it is lost.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, RedisError, ServerErrorKind, TlsMode,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::cluster;
use crate::config::{Address, RedisConfig, Topology};
use crate::error::{Failure, Moment};
use crate::scripts::NamedScript;

/// After a connection could not be made, how long every call fails at once with the same failure: a server that is
/// away shall not be asked by thousands.
const PAUSE: Duration = Duration::from_millis(50);

/// How many calls the driver takes at once. Who comes when there are more waits for a place, and is woken by itself.
const CALLS_AT_ONCE: usize = 1_024;

/// The way to one Redis, whatever it is made of.
pub(crate) struct Connection {
    topology: Topology,
    connector: Connector,
    connect_timeout: Duration,
    timing: AsyncConnectionConfig,
    current: ArcSwapOption<Live>,
    /// Held while a connection is made; what the last try failed with, and when.
    connecting: Mutex<Option<(Instant, Failure)>>,
}

/// How a connection is made.
pub(crate) enum Connector {
    Server(Box<Client>),
    // Asking the sentinels takes it by `&mut`.
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// A connection that works, as far as anybody knows. Its clones share it.
enum Live {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Connection({})", self.topology)
    }
}

impl Connection {
    /// The way that the settings describe. Nothing is connected yet.
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, Failure> {
        let connector = Connector::new(config)
            .map_err(|error| Failure::from_driver(error, Moment::Connecting, &config.topology))?;
        Ok(Self::by(connector, config))
    }

    /// The way of a client that somebody has set up.
    #[cfg(feature = "client")]
    pub(crate) fn of_client(client: Client, config: &RedisConfig) -> Self {
        Self::by(Connector::Server(Box::new(client)), config)
    }

    fn by(connector: Connector, config: &RedisConfig) -> Self {
        Self {
            connector,
            connect_timeout: config.connect_timeout(),
            timing: AsyncConnectionConfig::new()
                .set_pipeline_buffer_size(CALLS_AT_ONCE)
                .set_connection_timeout(Some(config.connect_timeout()))
                .set_response_timeout(Some(config.response_timeout())),
            topology: config.topology.clone(),
            current: ArcSwapOption::empty(),
            connecting: Mutex::new(None),
        }
    }

    /// Sends a command and takes its answer.
    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let answer = self.try_query(command).await?;
        answer.map_err(|error| self.failed(error))
    }

    /// Calls a script and takes its answer.
    pub(crate) async fn call<T: FromRedisValue>(
        &self,
        script: &NamedScript,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, Failure> {
        let answer = self.try_query(&script.call(keys, arguments)).await?;
        match answer {
            // A server that is new, or was started again: nothing has happened yet.
            Err(error) if error.kind() == ServerErrorKind::NoScript.into() => {
                self.query(&script.call_in_full(keys, arguments)).await
            }
            answer => answer.map_err(|error| self.failed(error)),
        }
    }

    fn failed(&self, error: RedisError) -> Failure {
        let moment = match self.connector {
            Connector::Cluster(_) => Moment::RunningInCluster,
            Connector::Server(_) | Connector::Sentinel(_) => Moment::Running,
        };
        Failure::from_driver(error, moment, &self.topology)
    }

    /// Lets go of the connection. The next call makes another one.
    pub(crate) fn disconnect(&self) {
        self.current.store(None);
    }

    async fn try_query<T: FromRedisValue>(&self, command: &Cmd) -> Result<Result<T, RedisError>, Failure> {
        let live = self.connected().await?;
        let answer = match &*live {
            Live::Server(connection) => query(connection.clone(), command).await,
            Live::Cluster(connection) => cluster::query(connection.clone(), command).await,
        };
        if let Err(error) = &answer
            && self.is_over(error)
        {
            self.forget(&live);
        }
        Ok(answer)
    }

    /// Whether a connection is of no use after this error. A cluster's mends itself.
    fn is_over(&self, error: &RedisError) -> bool {
        let is_replica = error.kind() == ServerErrorKind::ReadOnly.into();
        match &self.connector {
            Connector::Cluster(_) => false,
            Connector::Server(_) => error.is_unrecoverable_error() || error.is_timeout(),
            // After a failover the old master may be back as a replica, or may be frozen: the sentinels know.
            Connector::Sentinel(_) => error.is_unrecoverable_error() || error.is_timeout() || is_replica,
        }
    }

    /// Lets go of this connection, unless somebody has made another one already.
    fn forget(&self, live: &Arc<Live>) {
        self.current.rcu(|current| match current {
            Some(current) if Arc::ptr_eq(current, live) => None,
            current => current.clone(),
        });
    }

    async fn connected(&self) -> Result<Arc<Live>, Failure> {
        if let Some(live) = self.current.load_full() {
            return Ok(live);
        }
        let mut last = self.connecting.lock().await;
        // Somebody else may have been faster.
        if let Some(live) = self.current.load_full() {
            return Ok(live);
        }
        if let Some((at, failure)) = &*last
            && at.elapsed() < PAUSE
        {
            return Err(failure.clone());
        }
        match self.connect().await {
            Ok(live) => {
                let live = Arc::new(live);
                self.current.store(Some(Arc::clone(&live)));
                *last = None;
                Ok(live)
            }
            Err(failure) => {
                *last = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    async fn connect(&self) -> Result<Live, Failure> {
        let connecting = self.connector.connect(&self.timing);
        let connected = tokio::time::timeout(self.connect_timeout * 2, connecting).await;
        connected
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
            .map_err(|error| Failure::from_driver(error, Moment::Connecting, &self.topology))
    }
}

async fn query<T: FromRedisValue>(
    mut connection: impl ConnectionLike + Send,
    command: &Cmd,
) -> Result<T, RedisError> {
    command.query_async(&mut connection).await
}

impl Connector {
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, RedisError> {
        let mut session = RedisConnectionInfo::default()
            .set_db(config.database)
            .set_protocol(ProtocolVersion::RESP2);
        if let Some(username) = &config.username {
            session = session.set_username(username);
        }
        if let Some(password) = &config.password {
            session = session.set_password(password.expose_secret());
        }
        match &config.topology {
            Topology::Server { address, tls } => {
                let info = to_driver(address, *tls)
                    .into_connection_info()?
                    .set_tcp_settings(at_once())
                    .set_redis_settings(session);
                Ok(Self::Server(Box::new(Client::open(info)?)))
            }
            Topology::Socket { path } => {
                let address = ConnectionAddr::Unix(path.clone());
                let info = address.into_connection_info()?.set_redis_settings(session);
                Ok(Self::Server(Box::new(Client::open(info)?)))
            }
            Topology::Sentinel {
                sentinels,
                service,
                tls,
                credentials,
            } => {
                let addresses = sentinels.iter().map(|address| to_driver(address, *tls));
                let mut builder =
                    SentinelClientBuilder::new(addresses, service.clone(), SentinelServerType::Master)?
                        .set_client_to_redis_db(config.database)
                        .set_client_to_redis_tcp_settings(at_once())
                        .set_client_to_redis_protocol(ProtocolVersion::RESP2);
                if *tls {
                    builder = builder
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_sentinel_tls_mode(TlsMode::Secure);
                }
                if let Some(username) = &config.username {
                    builder = builder.set_client_to_redis_username(username);
                }
                if let Some(password) = &config.password {
                    builder = builder.set_client_to_redis_password(password.expose_secret());
                }
                if let Some(credentials) = credentials {
                    if let Some(username) = &credentials.username {
                        builder = builder.set_client_to_sentinel_username(username);
                    }
                    builder = builder.set_client_to_sentinel_password(credentials.password.expose_secret());
                }
                Ok(Self::Sentinel(Box::new(Mutex::new(builder.build()?))))
            }
            Topology::Cluster { nodes, tls } => {
                let addresses = nodes.iter().map(|address| to_driver(address, *tls));
                let mut builder = ClusterClientBuilder::new(addresses)
                    // See `cluster`: what may have been done is not sent again.
                    .retries(0)
                    .tcp_settings(at_once())
                    .connection_timeout(config.connect_timeout())
                    .response_timeout(config.response_timeout())
                    .overall_response_timeout(Some(config.response_timeout() * 2))
                    .use_protocol(ProtocolVersion::RESP2);
                if let Some(username) = &config.username {
                    builder = builder.username(username);
                }
                if let Some(password) = &config.password {
                    builder = builder.password(password.expose_secret());
                }
                if *tls {
                    builder = builder.tls(TlsMode::Secure);
                }
                Ok(Self::Cluster(Box::new(builder.build()?)))
            }
        }
    }

    async fn connect(&self, timing: &AsyncConnectionConfig) -> Result<Live, RedisError> {
        match self {
            Self::Server(client) => {
                let connection = client
                    .get_multiplexed_async_connection_with_config(timing)
                    .await?;
                Ok(Live::Server(connection))
            }
            Self::Sentinel(client) => {
                let client = client.lock().await.async_get_client().await?;
                let connection = client
                    .get_multiplexed_async_connection_with_config(timing)
                    .await?;
                Ok(Live::Server(connection))
            }
            Self::Cluster(client) => Ok(Live::Cluster(client.get_async_connection().await?)),
        }
    }

    /// A connection of its own for messages. In a cluster it is made to a node, as every node passes on what is published.
    #[cfg(feature = "cache")]
    pub(crate) async fn connect_for_messages(&self) -> Result<redis::aio::PubSub, RedisError> {
        match self {
            Self::Server(client) => client.get_async_pubsub().await,
            Self::Sentinel(client) => {
                let client = client.lock().await.async_get_client().await?;
                client.get_async_pubsub().await
            }
            Self::Cluster(_) => Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        }
    }
}

/// What is written goes out at once: the driver puts calls together itself, and the kernel would hold back what comes while
/// an answer is under way.
fn at_once() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn to_driver(address: &Address, tls: bool) -> ConnectionAddr {
    let Address { host, port } = address.clone();
    if tls {
        choose_cryptography();
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    }
}

/// The driver's TLS takes what the process has chosen, and panics where nothing was.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that somebody else was faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
