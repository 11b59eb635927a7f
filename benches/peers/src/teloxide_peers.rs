//! teloxide's dialogue storages, each as its documentation opens it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use teloxide::dispatching::dialogue::serializer::Json;
use teloxide::dispatching::dialogue::{InMemStorage, RedisStorage, SqliteStorage, Storage};
use teloxide::types::ChatId;

use crate::load::Peer;
use crate::order::Order;

struct Teloxide<S>(Arc<S>);

#[async_trait]
impl<S> Peer for Teloxide<S>
where
    S: Storage<Order> + Send + Sync + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
{
    async fn begin(&self, person: i64) -> anyhow::Result<()> {
        Arc::clone(&self.0)
            .update_dialogue(ChatId(person), Order::complete())
            .await?;
        Ok(())
    }

    async fn answer(&self, person: i64, number: u64) -> anyhow::Result<()> {
        let chat = ChatId(person);
        let found = Arc::clone(&self.0).get_dialogue(chat).await?;
        let mut order = found.context("a dialogue is gone")?;
        order.answer(number);
        Arc::clone(&self.0).update_dialogue(chat, order).await?;
        Ok(())
    }
}

/// In the memory of the process.
pub fn in_memory() -> Arc<dyn Peer> {
    Arc::new(Teloxide(InMemStorage::<Order>::new()))
}

/// In a file.
pub async fn sqlite(path: &Path) -> anyhow::Result<Arc<dyn Peer>> {
    let path = path.to_str().context("the path is no text")?;
    Ok(Arc::new(Teloxide(SqliteStorage::open(path, Json).await?)))
}

/// On a server.
pub async fn redis(url: &str) -> anyhow::Result<Arc<dyn Peer>> {
    Ok(Arc::new(Teloxide(RedisStorage::open(url, Json).await?)))
}
