//! Opens the store that a URL names.

use std::sync::Arc;

use stepkeep_core::{SessionStore, StoreAdministration, StoreError};

use crate::config::{Place, StoreUrl};

/// An open store, with its two sides.
#[derive(Debug, Clone)]
pub struct OpenStore {
    /// Where sessions are read and written.
    pub sessions: Arc<dyn SessionStore>,
    /// What operators look at.
    pub administration: Arc<dyn StoreAdministration>,
    /// What has to be closed at the end.
    handle: Handle,
}

#[derive(Debug, Clone)]
enum Handle {
    #[cfg(feature = "memory")]
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(stepkeep_storage_sqlite::SqliteStorage),
    #[cfg(feature = "redis")]
    Redis(stepkeep_storage_redis::RedisStorage),
    #[cfg(feature = "mongodb")]
    Mongo(stepkeep_storage_mongo::MongoStorage),
}

impl OpenStore {
    /// Opens a store, and makes or migrates its schema unless the URL says otherwise. No layers are around it.
    ///
    /// # Errors
    ///
    /// What the store has to say: `Invalid` when the place can't be used, `TooNew` when a newer version uses it, `Unavailable`.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "redis", feature = "mongodb")),
        expect(
            clippy::unused_async,
            reason = "of the stores only those outside of the process make one wait"
        )
    )]
    pub async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        match url.place() {
            #[cfg(feature = "memory")]
            Place::Memory => {
                let store = Arc::new(stepkeep_core::MemoryStorage::new());
                Ok(Self {
                    sessions: Arc::<stepkeep_core::MemoryStorage>::clone(&store),
                    administration: store,
                    handle: Handle::Memory,
                })
            }
            #[cfg(feature = "sqlite")]
            Place::Sqlite(config) => {
                let store = stepkeep_storage_sqlite::SqliteStorage::open(config.clone()).await?;
                Ok(Self {
                    sessions: Arc::new(store.clone()),
                    administration: Arc::new(store.clone()),
                    handle: Handle::Sqlite(store),
                })
            }
            #[cfg(feature = "redis")]
            Place::Redis(config) => {
                let store = stepkeep_storage_redis::RedisStorage::open((**config).clone()).await?;
                Ok(Self {
                    sessions: Arc::new(store.clone()),
                    administration: Arc::new(store.clone()),
                    handle: Handle::Redis(store),
                })
            }
            #[cfg(feature = "mongodb")]
            Place::Mongo(config) => {
                let store = stepkeep_storage_mongo::MongoStorage::open((**config).clone()).await?;
                Ok(Self {
                    sessions: Arc::new(store.clone()),
                    administration: Arc::new(store.clone()),
                    handle: Handle::Mongo(store),
                })
            }
        }
    }

    /// Opens a store to look at it: as [`OpenStore::open`], but its schema stays as it is, and what is not there is not made.
    ///
    /// # Errors
    ///
    /// As [`OpenStore::open`].
    pub async fn inspect(url: &StoreUrl) -> Result<Self, StoreError> {
        Self::open(&url.without_set_up()).await
    }

    /// Does what waits, and closes the store, whoever else still holds it. Dropping the future doesn't undo it.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "redis", feature = "mongodb")),
        expect(
            clippy::unused_async,
            reason = "of the stores only those outside of the process make one wait"
        )
    )]
    pub async fn close(&self) {
        match &self.handle {
            #[cfg(feature = "memory")]
            Handle::Memory => {}
            #[cfg(feature = "sqlite")]
            Handle::Sqlite(store) => store.close().await,
            #[cfg(feature = "redis")]
            Handle::Redis(store) => store.close().await,
            #[cfg(feature = "mongodb")]
            Handle::Mongo(store) => store.close().await,
        }
    }
}

#[cfg(all(test, feature = "memory", feature = "sqlite"))]
mod tests {
    use stepkeep_core::{BotId, NewSession, SessionChange, SessionKey, Timestamp, UserId};

    use super::*;

    fn new_session() -> NewSession {
        let key = SessionKey::private(BotId(1), UserId(2));
        NewSession::new(key, SessionChange::new(Timestamp::from_millis(3)))
    }

    #[tokio::test]
    async fn each_url_opens_its_store_with_both_sides_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite://{}/x.sqlite", folder.path().display());
        for (url, name) in [("memory:", "memory"), (sqlite.as_str(), "sqlite")] {
            let store = OpenStore::open(&StoreUrl::parse(url).unwrap()).await.unwrap();
            assert_eq!(store.administration.backend(), name);

            store.sessions.create(new_session()).await.unwrap();
            let statistics = store.administration.statistics().await.unwrap();
            assert_eq!(statistics.sessions, 1, "both sides see the same sessions");
            store.close().await;
        }
    }

    #[tokio::test]
    async fn a_closed_file_has_what_was_written_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::parse(&format!("sqlite://{}/x.sqlite", folder.path().display())).unwrap();
        let store = OpenStore::open(&url).await.unwrap();
        let written = store.sessions.create(new_session()).await.unwrap();
        store.close().await;

        let again = OpenStore::open(&url).await.unwrap();
        let read = again.sessions.get(written.key()).await.unwrap().unwrap();
        assert_eq!(read.revision(), written.revision());
    }

    #[tokio::test]
    async fn a_place_that_can_not_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::parse(&format!("sqlite://{}/missing/x.sqlite", folder.path().display())).unwrap();
        let error = OpenStore::open(&url).await.unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
