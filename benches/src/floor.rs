//! The floors: what the raw drivers do with the same documents, as well as they can be used.
//!
//! Each uses the technique that was measured to be the fastest for its database, keeps what it acknowledges just as
//! safely as the store beside it, and compares revisions; but it decodes nothing, checks nothing, and explains no
//! error. What a store costs is its distance from here.

mod mongo;
mod redis;
mod sqlite;
mod sqlite_writer;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::Candidate;
use crate::report::shape::RawDocument;

/// A database through its driver.
#[async_trait]
pub trait RawStore: fmt::Debug + Send + Sync {
    /// Stores a document that is not there yet, at revision 1.
    ///
    /// # Errors
    /// When the driver fails, or it is there.
    async fn create(&self, key: &str, document: &RawDocument, idle: bool) -> anyhow::Result<()>;

    /// The revision of a document that is read as a whole.
    ///
    /// # Errors
    /// When the driver fails.
    async fn get(&self, key: &str) -> anyhow::Result<Option<u64>>;

    /// Replaces a document if it has the held revision, by the next one; answers whether it did.
    ///
    /// # Errors
    /// When the driver fails.
    async fn replace(&self, key: &str, held: u64, document: &RawDocument) -> anyhow::Result<bool>;

    /// Whether a refused [`replace`](Self::replace) has brought the document that is there.
    fn refusals_have_the_document(&self) -> bool {
        false
    }

    /// Removes a document, and answers whether there was one.
    ///
    /// # Errors
    /// When the driver fails.
    async fn remove(&self, key: &str) -> anyhow::Result<bool>;

    /// Reads so many documents, whichever; answers how many there were. `known` are keys for those who need them.
    ///
    /// # Errors
    /// When the driver fails.
    async fn page(&self, limit: usize, known: &[String]) -> anyhow::Result<usize>;

    /// Removes all that are idle, at once; answers how many. `known` are their keys for those who need them.
    ///
    /// # Errors
    /// When the driver fails.
    async fn remove_idle(&self, known: &[String]) -> anyhow::Result<u64>;

    /// Removes all.
    ///
    /// # Errors
    /// When the driver fails.
    async fn empty(&self) -> anyhow::Result<()>;
}

/// The floor of a store, in the same place but apart from it; `None` for memory, which has no driver.
///
/// # Errors
/// When the driver can't open it.
pub async fn of(candidate: &Candidate) -> anyhow::Result<Option<Arc<dyn RawStore>>> {
    let url = &*candidate.url;
    Ok(if url.starts_with("sqlite:") {
        Some(Arc::new(sqlite::RawSqlite::open(url)?))
    } else if url.starts_with("redis:") {
        Some(Arc::new(redis::RawRedis::open(url).await?))
    } else if url.starts_with("mongodb:") {
        Some(Arc::new(mongo::RawMongo::open(url).await?))
    } else {
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::shape::Shape;

    /// A floor that doesn't compare, or loses what it acknowledged, would be none.
    #[tokio::test]
    async fn the_floor_of_sqlite_compares_revisions_and_keeps_what_it_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/x.sqlite?synchronous=full", folder.path().display());
        let raw = sqlite::RawSqlite::open(&url).unwrap();
        let document = Shape::of(600).raw();
        raw.create("a", &document, false).await.unwrap();
        assert!(raw.create("a", &document, false).await.is_err());
        assert!(raw.replace("a", 1, &document).await.unwrap());
        assert!(!raw.replace("a", 1, &document).await.unwrap());
        assert_eq!(raw.get("a").await.unwrap(), Some(2));
        raw.create("b", &document, true).await.unwrap();
        assert_eq!(raw.page(10, &[]).await.unwrap(), 2);
        assert_eq!(raw.remove_idle(&[]).await.unwrap(), 1);
        assert!(raw.remove("a").await.unwrap());
        assert_eq!(raw.get("a").await.unwrap(), None);
    }
}
