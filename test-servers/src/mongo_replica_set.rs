//! A private replica set of three, to be failed over.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};

use crate::port::free_port;
use crate::process::ServerProcess;
use crate::program::mongod;

const MEMBERS: i32 = 3;

/// Three MongoDB servers that elect a new primary about a second after theirs is gone.
#[derive(Debug)]
pub struct MongoReplicaSet {
    members: Vec<ServerProcess>,
}

impl MongoReplicaSet {
    /// Starts one, and waits until it takes writes.
    pub async fn start() -> Self {
        let members: Vec<_> = (0..MEMBERS)
            .map(|_| {
                let port = free_port();
                let fixed = "--replSet rs0 --bind_ip 127.0.0.1 --dbpath {folder} --nounixsocket --quiet \
                             --wiredTigerCacheSizeGB 0.25 --setParameter diagnosticDataCollectionEnabled=false --port";
                let arguments = fixed.split_whitespace().map(str::to_owned);
                ServerProcess::start(mongod(), port, arguments.chain([port.to_string()]))
            })
            .collect();
        let set = Self { members };
        let members: Vec<_> = (0..MEMBERS)
            .zip(&set.members)
            .map(|(id, member)| doc! { "_id": id, "host": format!("127.0.0.1:{}", member.port()) })
            .collect();
        let settings = doc! { "electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 200 };
        let config = doc! { "_id": "rs0", "members": members, "settings": settings };
        set.run(0, doc! { "replSetInitiate": config })
            .await
            .unwrap_or_else(|error| panic!("the replica set can't be initiated: {error}"));
        set.wait_for_primary().await;
        set
    }

    /// Its URL with all members, without a database.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self
            .members
            .iter()
            .map(|member| format!("127.0.0.1:{}", member.port()))
            .collect();
        format!("mongodb://{}/?replicaSet=rs0", hosts.join(","))
    }

    /// Waits until a member is the primary, and answers which.
    pub async fn wait_for_primary(&self) -> usize {
        loop {
            for (index, member) in self.members.iter().enumerate() {
                if !member.is_running() {
                    continue;
                }
                let hello = self.run(index, doc! { "hello": 1 }).await;
                if hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false)) {
                    return index;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The process of a member: to be killed, frozen and started again.
    pub fn member(&mut self, index: usize) -> &mut ServerProcess {
        &mut self.members[index]
    }

    async fn run(&self, index: usize, command: Document) -> mongodb::error::Result<Document> {
        let url = format!(
            "mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=1000",
            self.members[index].port()
        );
        let client = Client::with_uri_str(url).await?;
        let answer = client.database("admin").run_command(command).await;
        client.shutdown().immediate(true).await;
        answer
    }
}
