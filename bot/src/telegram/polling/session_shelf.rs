use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use futures::future::try_join_all;
use serde_json::value::RawValue;
use stepkeep_core::{
    BotId, ChatId, Clock, FieldName, FieldValue, NewSession, ScanFilter, Scope, Session, SessionChange,
    SessionKey, SessionStore, StoreError, StoreErrorKind, UserId,
};

use super::{
    super::update::RawUpdate,
    shelf::{Shelf, ShelfError},
};

#[expect(
    clippy::expect_used,
    reason = "a constant of five letters, which every test below makes"
)]
static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("shelf").expect("a valid scope"));

static UPDATE: LazyLock<FieldName> = LazyLock::new(|| FieldName::constant("update"));

const PAGE: usize = 100;

/// A shelf in the store of the sessions, so that it is as durable as they are and needs no place of its own: one record
/// per update, in the scope [`SessionShelf::scope`].
///
/// The cleanup of idle sessions has to [keep](stepkeep_core::CleanupPolicy::keep_scope) that scope: a record goes when its
/// update was handled, however long the bot was down in between.
#[derive(Debug)]
pub struct SessionShelf {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    bot: BotId,
}

impl SessionShelf {
    /// The scope of the records, to be kept by the cleanup.
    pub fn scope() -> Scope {
        SCOPE.clone()
    }

    /// The shelf of `bot` in `store`.
    pub fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId) -> Self {
        Self { store, clock, bot }
    }

    /// The record of an update. Nobody's chat has the id 0, and the update's id stands in the user's place.
    fn key(&self, id: i64) -> SessionKey {
        SessionKey::new(self.bot, ChatId(0), UserId(id)).with_scope(SCOPE.clone())
    }

    async fn keep(&self, update: &RawUpdate) -> Result<(), ShelfError> {
        let value = FieldValue::new(&update.raw)?;
        let change = SessionChange::new(self.clock.now()).set(UPDATE.clone(), value);
        match self
            .store
            .create(NewSession::new(self.key(update.id), change))
            .await
        {
            Err(error) if error.kind() != StoreErrorKind::AlreadyExists => Err(error.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn drop_one(&self, id: i64) -> Result<(), StoreError> {
        self.store.clear(&self.key(id), None).await.map(drop)
    }
}

#[async_trait]
impl Shelf for SessionShelf {
    async fn put(&self, updates: &[RawUpdate]) -> Result<(), ShelfError> {
        // Side by side, because a store may write what comes together in one go.
        try_join_all(updates.iter().map(|update| self.keep(update)))
            .await
            .map(drop)
    }

    async fn remove(&self, ids: &[i64]) -> Result<(), ShelfError> {
        try_join_all(ids.iter().map(|id| self.drop_one(*id))).await?;
        Ok(())
    }

    async fn load(&self) -> Result<Vec<RawUpdate>, ShelfError> {
        let filter = ScanFilter {
            scope: Some(SCOPE.clone()),
            ..ScanFilter::default()
        };
        let mut updates = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.scan(&filter, after, PAGE).await?;
            for error in &page.unreadable {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "an update on the shelf can't be read"
                );
            }
            let ours = page
                .sessions
                .iter()
                .filter(|session| session.key().bot() == self.bot);
            updates.extend(ours.filter_map(update_of));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        updates.sort_by_key(|update| update.id);
        Ok(updates)
    }
}

fn update_of(session: &Session) -> Option<RawUpdate> {
    let raw: Box<RawValue> = session.field(UPDATE.as_str())?.get().ok()?;
    match RawUpdate::new(raw) {
        Ok(update) => Some(update),
        Err(error) => {
            tracing::error!(%error, update_id = session.key().user().0, "an update on the shelf can't be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{MemoryStorage, SystemClock};

    use super::*;

    fn shelf(store: &Arc<MemoryStorage>, bot: i64) -> SessionShelf {
        let store: Arc<dyn SessionStore> = Arc::<MemoryStorage>::clone(store);
        SessionShelf::new(store, Arc::new(SystemClock), BotId(bot))
    }

    fn updates(ids: impl IntoIterator<Item = i64>) -> Vec<RawUpdate> {
        ids.into_iter()
            .map(|id| {
                RawUpdate::new(RawValue::from_string(format!(r#"{{"update_id":{id},"x":{{}}}}"#)).unwrap())
                    .unwrap()
            })
            .collect()
    }

    async fn kept(shelf: &SessionShelf) -> Vec<i64> {
        shelf
            .load()
            .await
            .unwrap()
            .iter()
            .map(|update| update.id)
            .collect()
    }

    #[tokio::test]
    async fn what_is_put_there_stays_until_it_is_removed_and_keeps_its_text_and_order() {
        let store = Arc::new(MemoryStorage::new());
        shelf(&store, 1).put(&updates((-3..250).rev())).await.unwrap();
        let again = shelf(&store, 1);
        assert_eq!(kept(&again).await, (-3..250).collect::<Vec<_>>());
        assert_eq!(
            again.load().await.unwrap()[0].raw.get(),
            r#"{"update_id":-3,"x":{}}"#
        );
        again.remove(&(-3..249).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(kept(&again).await, [249]);
    }

    #[tokio::test]
    async fn doing_it_again_changes_nothing() {
        let store = Arc::new(MemoryStorage::new());
        let shelf = shelf(&store, 1);
        shelf.put(&updates([5])).await.unwrap();
        shelf.put(&updates([5, 6])).await.unwrap();
        assert_eq!(kept(&shelf).await, [5, 6]);
        shelf.remove(&[5, 7]).await.unwrap();
        shelf.remove(&[5, 7]).await.unwrap();
        assert_eq!(kept(&shelf).await, [6]);
    }

    #[tokio::test]
    async fn two_bots_in_one_store_have_a_shelf_each() {
        let store = Arc::new(MemoryStorage::new());
        let (one, other) = (shelf(&store, 1), shelf(&store, 2));
        one.put(&updates([5])).await.unwrap();
        other.put(&updates([5, 6])).await.unwrap();
        one.remove(&[5]).await.unwrap();
        assert_eq!((kept(&one).await, kept(&other).await), (vec![], vec![5, 6]));
    }
}
