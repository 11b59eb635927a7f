//! Three masters and a replica of each.

use redis::{Cmd, Connection, FromRedisValue};

use crate::port::free_port;
use crate::redis::{RedisServer, RedisSettings, until};

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

/// A cluster. The nodes from 0 to 2 begin as masters, and from 3 to 5 as their replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    bus_ports: Vec<u16>,
}

impl RedisCluster {
    /// Starts one, and waits until every slot is served and every replica follows.
    pub fn start(settings: &RedisSettings) -> Self {
        let bus_ports: Vec<_> = (0..2 * MASTERS).map(|_| free_port()).collect();
        let nodes = bus_ports.iter().map(|port| {
            RedisServer::start(
                &settings
                    .clone()
                    .with("repl-diskless-sync-delay", "0")
                    .with("cluster-enabled", "yes")
                    .with("cluster-node-timeout", "1000")
                    .with("cluster-port", &port.to_string()),
            )
        });
        let cluster = Self {
            nodes: nodes.collect(),
            bus_ports,
        };
        for (number, first) in (0..MASTERS).zip((0..).step_by(SLOTS.div_ceil(MASTERS))) {
            let last = (first + SLOTS.div_ceil(MASTERS)).min(SLOTS) - 1;
            cluster.command(number, &["ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            cluster.command(number, &["SET-CONFIG-EPOCH", &(number + 1).to_string()]);
        }
        for (node, bus_port) in cluster.nodes.iter().zip(&cluster.bus_ports) {
            let (port, bus_port) = (node.port().to_string(), bus_port.to_string());
            cluster.command(0, &["MEET", "127.0.0.1", &port, &bus_port]);
        }
        for number in 0..2 * MASTERS {
            until("the nodes know each other", || {
                cluster
                    .info(number)
                    .contains("cluster_known_nodes:6")
                    .then_some(())
            });
        }
        for replica in MASTERS..2 * MASTERS {
            let master = cluster.id(replica - MASTERS);
            until("a replica follows", || {
                cluster.try_command::<()>(replica, &["REPLICATE", &master])
            });
        }
        for number in 0..2 * MASTERS {
            until("the cluster is there", || {
                cluster.info(number).contains("cluster_state:ok").then_some(())
            });
        }
        for replica in MASTERS..2 * MASTERS {
            cluster.nodes[replica].wait_until_it_follows();
        }
        cluster
    }

    /// The URL of the store that it is.
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes[..MASTERS]
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// One of its nodes.
    pub fn node(&mut self, number: usize) -> &mut RedisServer {
        &mut self.nodes[number]
    }

    /// Whether this node is a master, and says that every slot is served.
    pub fn is_master_of_whole(&self, number: usize) -> bool {
        let nodes: String = self.try_command(number, &["NODES"]).unwrap_or_default();
        nodes.contains("myself,master") && self.info(number).contains("cluster_state:ok")
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> u16 {
        self.try_command(0, &["KEYSLOT", key])
            .unwrap_or_else(|| panic!("a cluster knows the slot of {key}"))
    }

    /// The node that a slot's keys are on, by the word of the first node.
    pub fn owner(&self, slot: u16) -> usize {
        let owner = (0..2 * MASTERS).find(|number| {
            let nodes: Option<String> = self.try_command(*number, &["NODES"]);
            let nodes = nodes.unwrap_or_default();
            let own = nodes
                .lines()
                .find(|line| line.contains("myself,master"))
                .unwrap_or_default();
            own.split(' ').skip(8).any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let (first, last) = (first.parse::<u16>(), last.parse::<u16>());
                matches!((first, last), (Ok(first), Ok(last)) if (first..=last).contains(&slot))
            })
        });
        owner.unwrap_or_else(|| panic!("no node has the slot {slot}"))
    }

    /// Moves a slot with all its keys to another node, as `redis-cli --cluster reshard` does.
    pub fn move_slot(&self, slot: u16, from: usize, to: usize) {
        let (slot, ids) = (slot.to_string(), (self.id(from), self.id(to)));
        self.command(to, &["SETSLOT", &slot, "IMPORTING", &ids.0]);
        self.command(from, &["SETSLOT", &slot, "MIGRATING", &ids.1]);
        loop {
            let keys: Vec<String> = self
                .try_command(from, &["GETKEYSINSLOT", &slot, "100"])
                .unwrap_or_default();
            if keys.is_empty() {
                break;
            }
            let mut migrate = redis::cmd("MIGRATE");
            migrate
                .arg("127.0.0.1")
                .arg(self.nodes[to].port())
                .arg("")
                .arg(0)
                .arg(5_000);
            migrate.arg("KEYS").arg(keys);
            exec(&migrate, &mut self.nodes[from].connection());
        }
        for number in [to, from] {
            self.command(number, &["SETSLOT", &slot, "NODE", &ids.1]);
        }
    }

    fn id(&self, number: usize) -> String {
        self.try_command(number, &["MYID"])
            .unwrap_or_else(|| panic!("node {number} has an id"))
    }

    fn info(&self, number: usize) -> String {
        self.try_command(number, &["INFO"]).unwrap_or_default()
    }

    fn command(&self, number: usize, arguments: &[&str]) {
        let mut command = redis::cmd("CLUSTER");
        command.arg(arguments);
        exec(&command, &mut self.nodes[number].connection());
    }

    fn try_command<T: FromRedisValue>(&self, number: usize, arguments: &[&str]) -> Option<T> {
        let mut command = redis::cmd("CLUSTER");
        command.arg(arguments);
        command.query(&mut self.nodes[number].connection()).ok()
    }
}

fn exec(command: &Cmd, connection: &mut Connection) {
    if let Err(error) = command.exec(connection) {
        panic!("a cluster refused a command: {error}");
    }
}
