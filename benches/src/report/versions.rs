//! The versions of what is measured.

use std::collections::BTreeMap;

use mongodb::Client;
use mongodb::bson::doc;

/// Those of Stepkeep, SQLite, and the servers of the stores at these URLs.
///
/// # Errors
/// When a server doesn't answer.
pub async fn of(urls: impl IntoIterator<Item = &str>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut versions = BTreeMap::new();
    let mut insert = |name: &str, version: &str| versions.insert(name.to_owned(), version.to_owned());
    insert("Stepkeep", env!("CARGO_PKG_VERSION"));
    insert("SQLite", rusqlite::version());
    for url in urls {
        if url.starts_with("redis:") {
            insert("Redis", &redis_version(url).await?);
        } else if url.starts_with("mongodb:") {
            insert("MongoDB", &mongo_version(url).await?);
        }
    }
    Ok(versions)
}

async fn redis_version(url: &str) -> anyhow::Result<String> {
    let mut connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    let said: String = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await?;
    let found = said.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(found.unwrap_or("unknown").trim().to_owned())
}

async fn mongo_version(url: &str) -> anyhow::Result<String> {
    let client = Client::with_uri_str(url).await?;
    let said = client
        .database("admin")
        .run_command(doc! { "buildInfo": 1 })
        .await?;
    Ok(said.get_str("version").unwrap_or("unknown").to_owned())
}
