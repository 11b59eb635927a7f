//! Private servers for tests and benchmarks: Redis, MongoDB, and a proxy that loses what it is told to.
//!
//! Every server has a folder and a port of its own on 127.0.0.1, and ends with the process that started it, however
//! that ends: a guard beside it kills it and removes its folder when the process is gone, even by `kill -9`. What is
//! missing is said loudly, with how to get it: `scripts/get-servers`.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "this crate is part of tests: what can't be started fails the test, with the reason"
)]

mod mongo;
mod mongo_replica_set;
mod port;
mod process;
mod program;
mod proxy;
mod redis;

pub use mongo::{MONGO_USER, MongoServer};
pub use mongo_replica_set::MongoReplicaSet;
pub use port::free_port;
pub use process::ServerProcess;
pub use program::{mongod, redis_server};
pub use proxy::{Loss, Proxy};
pub use redis::{RedisServer, RedisSettings};

#[cfg(test)]
mod tests {
    use super::*;
    #[tokio::test]
    async fn servers_start() {
        let mut r = RedisServer::start(&RedisSettings::default());
        r.process().kill();
        r.process().start_again();
        let m = MongoServer::start().await;
        println!("{}", m.url());
    }
}
