//! A private Redis.

use std::sync::OnceLock;

use crate::port::free_port;
use crate::process::ServerProcess;
use crate::program::redis_server;

/// A Redis server of one's own.
#[derive(Debug)]
pub struct RedisServer {
    process: ServerProcess,
}

/// How a [`RedisServer`] is set up. The default keeps nothing on the disk.
#[derive(Clone, Debug, Default)]
pub struct RedisSettings {
    lines: Vec<(String, String)>,
}

impl RedisSettings {
    /// The same with a line of the configuration file more, such as `appendonly` `yes`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.lines.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, but every write is on the disk before it is answered.
    #[must_use]
    pub fn durable(self) -> Self {
        self.with("appendonly", "yes").with("appendfsync", "always")
    }
}

impl RedisServer {
    /// Starts one.
    pub fn start(settings: &RedisSettings) -> Self {
        let port = free_port();
        let fixed = [
            ("port", port.to_string()),
            ("bind", "127.0.0.1".to_owned()),
            ("dir", "{folder}".to_owned()),
            ("save", String::new()),
            ("daemonize", "no".to_owned()),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name.to_owned(), value));
        let lines = fixed.chain(settings.lines.iter().cloned());
        let arguments = lines.flat_map(|(name, value)| [format!("--{name}"), value]);
        Self {
            process: ServerProcess::start(redis_server(), port, arguments),
        }
    }

    /// One that all tests of this process share, each under a prefix or in a database of its own. It ends with the
    /// process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&RedisSettings::default()))
    }

    /// Its URL, without a database.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.process.port())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// A connection of one's own to it.
    pub fn connection(&self) -> redis::Connection {
        connection(self.port())
    }

    /// Waits until it is a replica that has all that its master has.
    pub fn wait_until_it_follows(&self) {
        until("a replica is up to date", || {
            let info: String = redis::cmd("INFO")
                .arg("replication")
                .query(&mut self.connection())
                .ok()?;
            info.contains("master_link_status:up").then_some(())
        });
    }

    /// Its process: to be killed, frozen and started again.
    pub fn process(&mut self) -> &mut ServerProcess {
        &mut self.process
    }
}

/// A connection to a Redis of this machine, once it answers.
pub(crate) fn connection(port: u16) -> redis::Connection {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"));
    let client = client.unwrap_or_else(|error| panic!("no URL of a Redis: {error}"));
    until("a Redis answers", || client.get_connection().ok())
}

/// Waits until something is there.
pub(crate) fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed().as_secs() < 60, "waited in vain until {what}");
        crate::process::wait_a_moment();
    }
}
