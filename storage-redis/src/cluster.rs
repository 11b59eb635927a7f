//! Commands in a cluster: followed where slots move, and never sent twice where the first time may have counted.
//!
//! The driver would send a command again whose connection broke. A write that had been done the first time, and that
//! others had gone on from meanwhile, would then be answered as a conflict with what it made itself. So the driver's
//! retries are off, and only answers that say that nothing was done are followed here.

use std::time::Duration;

use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, Value, from_redis_value};

/// How often one command is followed.
const MAX_TRIES: u32 = 40;

/// How long to wait while the keys of one command lie on two nodes, since their slot is on its way.
const PAUSE: Duration = Duration::from_millis(20);

/// Where a command goes.
enum Way {
    /// To the node that the driver takes for the slot's.
    BySlot,
    /// To a node that the slot has moved to.
    Moved(SingleNodeRoutingInfo),
    /// To a node that the slot is moving to.
    Asking(SingleNodeRoutingInfo),
}

pub(crate) async fn query<T: FromRedisValue>(
    mut connection: ClusterConnection,
    command: &Cmd,
) -> Result<T, RedisError> {
    let mut way = Way::BySlot;
    let mut tries = 0;
    loop {
        let error = match send(&mut connection, command, &way).await {
            Ok(value) => return Ok(from_redis_value(value)?),
            Err(error) => error,
        };
        tries += 1;
        if tries >= MAX_TRIES {
            return Err(error);
        }
        way = match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => node_of(&error).map_or(Way::BySlot, Way::Moved),
            ErrorKind::Server(ServerErrorKind::Ask) => node_of(&error).map_or(Way::BySlot, Way::Asking),
            ErrorKind::Server(ServerErrorKind::TryAgain) => {
                tokio::time::sleep(PAUSE).await;
                Way::BySlot
            }
            _ => return Err(error),
        };
    }
}

async fn send(connection: &mut ClusterConnection, command: &Cmd, way: &Way) -> Result<Value, RedisError> {
    match way {
        Way::BySlot => command.query_async(connection).await,
        Way::Moved(node) => {
            let routing = RoutingInfo::SingleNode(node.clone());
            connection
                .route_command(command.clone(), routing)
                .await?
                .extract_error()
        }
        Way::Asking(node) => {
            let mut both = redis::pipe();
            both.cmd("ASKING").add_command(command.clone());
            let answers = connection.route_pipeline(both, 0, 2, node.clone()).await?;
            answers.into_iter().last().unwrap_or(Value::Nil).extract_error()
        }
    }
}

fn node_of(error: &RedisError) -> Option<SingleNodeRoutingInfo> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    Some(SingleNodeRoutingInfo::ByAddress {
        host: host.to_owned(),
        port: port.parse().ok()?,
    })
}
