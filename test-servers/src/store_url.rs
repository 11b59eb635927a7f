//! The store that the tests of a whole bot run on.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::mongo::MongoServer;
use crate::redis::RedisServer;

/// The variable that chooses the store: `sqlite`, which is the default, `redis` or `mongodb`.
pub const STORE_VARIABLE: &str = "STEPKEEP_TEST_STORE";

/// The URL of an empty store of the kind that [`STORE_VARIABLE`] names: a file in the folder, or a namespace of this
/// process's server.
pub async fn new_store_url(folder: &Path) -> String {
    static NAMESPACES: AtomicU32 = AtomicU32::new(0);
    let namespace = NAMESPACES.fetch_add(1, Ordering::Relaxed);
    match std::env::var(STORE_VARIABLE).as_deref() {
        Err(_) | Ok("sqlite") => format!("sqlite://{}", folder.join("sessions.sqlite").display()),
        Ok("redis") => format!("{}?prefix=test{namespace}", RedisServer::shared().url()),
        Ok("mongodb") => {
            let port = MongoServer::shared().await.port();
            format!("mongodb://127.0.0.1:{port}/test{namespace}?directConnection=true")
        }
        Ok(other) => panic!("{STORE_VARIABLE} is sqlite, redis or mongodb, not {other:?}"),
    }
}
