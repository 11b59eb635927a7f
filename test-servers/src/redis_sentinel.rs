//! A master, a replica, and three sentinels that put one in the other's place.

use redis::Value;

use crate::port::free_port;
use crate::process::ServerProcess;
use crate::program::redis_server;
use crate::redis::{RedisServer, RedisSettings, connection, until};

/// The name that the sentinels know the master by.
const SERVICE: &str = "mymaster";

/// Two servers and their sentinels.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: [RedisServer; 2],
    sentinels: Vec<ServerProcess>,
}

impl RedisSentinel {
    /// Starts them, and waits until the sentinels know the replica and each other.
    pub fn start(settings: &RedisSettings) -> Self {
        // A replica that comes is given everything at once, not after some seconds.
        let settings = &settings.clone().with("repl-diskless-sync-delay", "0");
        let master = RedisServer::start(settings);
        let replica_of = format!("127.0.0.1 {}", master.port());
        let replica = RedisServer::start(&settings.clone().with("replicaof", &replica_of));
        replica.wait_until_it_follows();
        let sentinels = (0..3).map(|_| sentinel(master.port())).collect();
        let started = Self {
            servers: [master, replica],
            sentinels,
        };
        for sentinel in &started.sentinels {
            until("the sentinels know each other and the replica", || {
                let mut connection = connection(sentinel.port());
                let mut count = |what: &str| {
                    let list = redis::cmd("SENTINEL")
                        .arg(what)
                        .arg(SERVICE)
                        .query(&mut connection);
                    list.map_or(0, |list: Vec<Value>| list.len())
                };
                (count("sentinels") == 2 && count("replicas") == 1).then_some(())
            });
        }
        started
    }

    /// The URL of the store that they are.
    pub fn url(&self) -> String {
        let sentinels: Vec<_> = self
            .sentinels
            .iter()
            .map(|sentinel| format!("127.0.0.1:{}", sentinel.port()))
            .collect();
        format!("redis+sentinel://{}/{SERVICE}", sentinels.join(","))
    }

    /// Which of the two servers the sentinels say is the master.
    pub fn master(&self) -> usize {
        let mut connection = connection(self.sentinels[0].port());
        let address: Vec<String> = redis::cmd("SENTINEL")
            .arg("get-master-addr-by-name")
            .arg(SERVICE)
            .query(&mut connection)
            .unwrap_or_else(|error| panic!("a sentinel: {error}"));
        usize::from(address.get(1) == Some(&self.servers[1].port().to_string()))
    }

    /// One of the two servers.
    pub fn server(&mut self, index: usize) -> &mut RedisServer {
        &mut self.servers[index]
    }
}

fn sentinel(master: u16) -> ServerProcess {
    let port = free_port();
    let settings = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor {SERVICE} 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 3000\n"
    );
    let arguments = ["{folder}/sentinel.conf".to_owned(), "--sentinel".to_owned()];
    ServerProcess::start_with_file(redis_server(), port, arguments, Some(("sentinel.conf", settings)))
}
