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

mod guard;
mod load;
mod mongo;
mod mongo_replica_set;
mod port;
mod process;
mod program;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod store_url;

pub use guard::Guard;
pub use load::{Load, Tally};
pub use mongo::{MONGO_USER, MongoServer};
pub use mongo_replica_set::MongoReplicaSet;
pub use port::free_port;
pub use process::ServerProcess;
pub use program::{mongod, redis_server};
pub use proxy::{Loss, Proxy};
pub use redis::{RedisServer, RedisSettings};
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinel;
pub use store_url::{STORE_VARIABLE, new_store_url};

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpStream;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::redis::until;

    const STARTED: &str = "STEPKEEP_TEST_STARTED";

    /// In the process that is to be killed: starts a server and says where it is.
    fn start_and_wait() {
        let mut server = RedisServer::start(&RedisSettings::default());
        println!(
            "\nserver:{}:{}",
            server.port(),
            server.process().folder().display()
        );
        until("it is killed", || None::<()>);
    }

    fn port_and_folder(line: &str) -> Option<(u16, PathBuf)> {
        let (_, said) = line.split_once("server:")?;
        let (port, folder) = said.split_once(':')?;
        Some((port.parse().ok()?, folder.into()))
    }

    #[test]
    fn a_server_ends_with_the_process_that_started_it_however_that_ends() {
        if std::env::var_os(STARTED).is_some() {
            return start_and_wait();
        }
        let name = "tests::a_server_ends_with_the_process_that_started_it_however_that_ends";
        let mut starter = Command::new(std::env::current_exe().expect("this program"))
            .args([name, "--exact", "--nocapture"])
            .env(STARTED, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let lines = BufReader::new(starter.stdout.take().expect("its output")).lines();
        let found = lines
            .map_while(Result::ok)
            .find_map(|line| port_and_folder(&line));
        let (port, folder) = found.expect("a server");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        starter.kill().expect("a kill");
        starter.wait().expect("its end");
        until("the server is gone", || {
            TcpStream::connect(("127.0.0.1", port)).err()
        });
        until("its folder is gone", || {
            (!Path::new(&folder).exists()).then_some(())
        });
    }

    #[tokio::test]
    async fn a_proxy_loses_what_it_is_told_to_and_nothing_else() {
        let server = RedisServer::shared();
        let proxy = Proxy::start(([127, 0, 0, 1], server.port()).into()).await;
        let client = ::redis::Client::open(format!("redis://{}", proxy.address())).expect("a URL");
        let connect = || client.get_multiplexed_async_connection();
        let mut connection = connect().await.expect("a connection");
        let increment = |name: &str| ::redis::cmd("INCR").arg(name).clone();
        let count = |name: &str| -> i64 {
            let mut direct = server.connection();
            let count: Option<i64> = ::redis::cmd("GET").arg(name).query(&mut direct).expect("a count");
            count.unwrap_or(0)
        };
        for (name, loss, expected) in [("request", Loss::Request, 0), ("answer", Loss::Answer, 1)] {
            proxy.lose_next(loss, name.as_bytes());
            increment("other")
                .exec_async(&mut connection)
                .await
                .expect("an answer");
            increment(name)
                .exec_async(&mut connection)
                .await
                .expect_err("a lost call");
            until("it happened, or did not", || {
                (count(name) == expected).then_some(())
            });
            connection = connect().await.expect("a connection");
        }
        assert_eq!((count("other"), proxy.lost()), (2, 2));
        proxy.cut_off();
        increment("other")
            .exec_async(&mut connection)
            .await
            .expect_err("a cut");
        connect().await.map(drop).expect_err("nobody is let in");
        proxy.restore();
        connection = connect().await.expect("a connection");
        increment("other")
            .exec_async(&mut connection)
            .await
            .expect("an answer");
        assert_eq!(count("other"), 3);
    }
}
