//! A private MongoDB.

use std::io::Write;
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};
use tokio::sync::OnceCell;

use crate::port::free_port;
use crate::process::ServerProcess;
use crate::program::mongod;

/// The memory for documents that is enough for tests.
const CACHE_GIB: f64 = 0.25;

/// The user of a server with a password.
pub const MONGO_USER: &str = "stepkeep";

/// A MongoDB of one's own: a replica set of one, since that is what knows majorities and journals.
#[derive(Debug)]
pub struct MongoServer {
    process: ServerProcess,
    password: Option<String>,
    /// It is read again at each start.
    key_file: Option<tempfile::NamedTempFile>,
}

impl MongoServer {
    /// Starts one, and waits until it takes writes.
    pub async fn start() -> Self {
        Self::start_with(CACHE_GIB, Vec::new()).await
    }

    /// Starts one that keeps so many GiB of documents in memory, for measurements with more of them than tests have.
    pub async fn start_with_cache(gib: f64) -> Self {
        Self::start_with(gib, Vec::new()).await
    }

    /// Starts one that lets nobody in but [`MONGO_USER`] with this password.
    pub async fn start_with_password(password: &str) -> Self {
        let key_file = key_file();
        let further = vec!["--keyFile".to_owned(), key_file.path().display().to_string()];
        let mut server = Self::start_with(CACHE_GIB, further).await;
        // As long as there is no user, whoever comes from the server's own machine may make one.
        server
            .administer(doc! { "createUser": MONGO_USER, "pwd": password, "roles": ["root"] })
            .await;
        server.password = Some(password.to_owned());
        server.key_file = Some(key_file);
        server
    }

    async fn start_with(cache_gib: f64, further: Vec<String>) -> Self {
        let port = free_port();
        let fixed = "--replSet rs0 --bind_ip 127.0.0.1 --dbpath {folder} --nounixsocket --quiet \
                     --setParameter diagnosticDataCollectionEnabled=false --wiredTigerCacheSizeGB";
        let arguments = fixed
            .split_whitespace()
            .map(str::to_owned)
            .chain([cache_gib.to_string(), "--port".to_owned(), port.to_string()])
            .chain(further);
        let server = Self {
            process: ServerProcess::start(mongod(), port, arguments),
            password: None,
            key_file: None,
        };
        let member = doc! { "_id": 0, "host": format!("127.0.0.1:{port}") };
        server
            .administer(doc! { "replSetInitiate": { "_id": "rs0", "members": [member] } })
            .await;
        server.wait_until_it_is_primary().await;
        server
    }

    /// One that all tests of this process share, each in a database of its own. It ends with the process.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<MongoServer> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// Its URL, without a database.
    pub fn url(&self) -> String {
        let user = self
            .password
            .as_ref()
            .map(|password| format!("{MONGO_USER}:{password}@"))
            .unwrap_or_default();
        format!(
            "mongodb://{user}127.0.0.1:{}/?directConnection=true",
            self.process.port()
        )
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// Its process: to be killed, frozen and started again.
    pub fn process(&mut self) -> &mut ServerProcess {
        &mut self.process
    }

    /// Waits until it takes writes: after it was started again, for one.
    pub async fn wait_until_it_is_primary(&self) {
        while !self
            .administer(doc! { "hello": 1 })
            .await
            .get_bool("isWritablePrimary")
            .unwrap_or(false)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a command on the database `admin`.
    pub async fn administer(&self, command: Document) -> Document {
        let answer = async {
            let client = Client::with_uri_str(self.url()).await?;
            let answer = client.database("admin").run_command(command).await;
            client.shutdown().immediate(true).await;
            answer
        };
        answer
            .await
            .unwrap_or_else(|error| panic!("mongod: {error}\n{}", self.process.log()))
    }
}

/// The key that members of a replica set with users know each other by. The server reads it when it starts, and wants it
/// to be readable by its owner only.
fn key_file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("no key file: {error}"));
    file.write_all(b"c3RlcGtlZXAtdGVzdC1zZXJ2ZXJz")
        .unwrap_or_else(|error| panic!("no key file: {error}"));
    file
}
