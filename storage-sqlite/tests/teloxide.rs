//! teloxide's dialogues on the store.

use std::sync::Arc;

use stepkeep_core::teloxide::storage_behaves_as_teloxides;
use stepkeep_core::{SessionStore, StoreAdministration};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage};
use teloxide::dispatching::dialogue::serializer::{Bincode, Cbor, Json};

#[tokio::test]
async fn dialogues_behave_as_in_teloxides_own_storages() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("stepkeep.db"));
    let store = SqliteStorage::open(config).await.unwrap();
    store.set_up_schema().await.unwrap();
    let store: Arc<dyn SessionStore> = Arc::new(store);
    storage_behaves_as_teloxides(Arc::clone(&store), || Json)
        .await
        .unwrap();
    storage_behaves_as_teloxides(Arc::clone(&store), || Cbor)
        .await
        .unwrap();
    storage_behaves_as_teloxides(store, || Bincode).await.unwrap();
}
