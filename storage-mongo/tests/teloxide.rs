//! teloxide's dialogues on the store.

use std::sync::Arc;

use stepkeep_core::SessionStore;
use stepkeep_core::teloxide::storage_behaves_as_teloxides;
use stepkeep_storage_mongo::MongoStorage;
use stepkeep_test_servers::MongoServer;
use teloxide::dispatching::dialogue::serializer::{Bincode, Cbor, Json};

#[tokio::test]
async fn dialogues_behave_as_in_teloxides_own_storages() {
    let url = MongoServer::shared().await.url();
    let store: Arc<dyn SessionStore> = Arc::new(MongoStorage::connect(&url).await.unwrap());
    storage_behaves_as_teloxides(Arc::clone(&store), || Json)
        .await
        .unwrap();
    storage_behaves_as_teloxides(Arc::clone(&store), || Cbor)
        .await
        .unwrap();
    storage_behaves_as_teloxides(store, || Bincode).await.unwrap();
}
