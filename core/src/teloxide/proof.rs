//! What teloxide's own tests ask of a storage, and what ours adds, for the tests of every store.

use std::fmt;
use std::sync::Arc;

use ::teloxide::dispatching::dialogue::{Serializer, Storage};
use ::teloxide::types::ChatId;

use super::error::DialogueError;
use super::format::{DialogueFormat, Serialized};
use super::storage::TeloxideStorage;
use crate::key::BotId;
use crate::store::SessionStore;

const BOT: BotId = BotId(7);
const CHATS: [ChatId; 3] = [ChatId(1), ChatId(11), ChatId(256)];

/// What a storage did that teloxide's own storages don't do.
#[derive(Debug, thiserror::Error)]
#[error("{when}: {what}")]
pub struct Misbehavior {
    when: &'static str,
    what: String,
}

impl Misbehavior {
    fn new(when: &'static str, what: impl fmt::Debug) -> Self {
        Self {
            when,
            what: format!("{what:?}"),
        }
    }
}

/// Runs the body of teloxide's tests of its storages (get, update and remove over the chats 1, 11 and 256) on a store,
/// with our JSON and with one of teloxide's serializers; then that a second storage on the store sees the same, and that
/// the later of two writers gets a conflict.
///
/// The store has no dialogue of the bot 7 in it before, and has none afterwards.
///
/// ```
/// # use std::sync::Arc;
/// # use stepkeep_core::MemoryStorage;
/// use stepkeep_core::teloxide::storage_behaves_as_teloxides;
/// use teloxide::dispatching::dialogue::serializer::{Bincode, Cbor, Json};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let store = Arc::new(MemoryStorage::new());
/// storage_behaves_as_teloxides(store.clone(), || Json).await?;
/// storage_behaves_as_teloxides(store.clone(), || Cbor).await?;
/// storage_behaves_as_teloxides(store, || Bincode).await?;
/// # Ok::<(), stepkeep_core::teloxide::Misbehavior>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Misbehavior`] with the first thing that is different.
pub async fn storage_behaves_as_teloxides<S, N>(
    store: Arc<dyn SessionStore>,
    serializer: N,
) -> Result<(), Misbehavior>
where
    S: Serializer<String> + Send + Sync + 'static,
    N: Fn() -> S + Send + Sync,
{
    let json = || TeloxideStorage::new(Arc::clone(&store), BOT).into_shared();
    teloxides_body(json()).await?;
    two_storages(json(), json()).await?;
    let bytes = || -> Arc<TeloxideStorage<Serialized<S>>> {
        TeloxideStorage::new(Arc::clone(&store), BOT)
            .with_serializer(serializer())
            .into_shared()
    };
    teloxides_body(bytes()).await?;
    two_storages(bytes(), bytes()).await
}

async fn teloxides_body<F: DialogueFormat<String>>(
    storage: Arc<TeloxideStorage<F>>,
) -> Result<(), Misbehavior> {
    const NONE: [Option<&str>; 3] = [None; 3];
    const ALL: [&str; 3] = ["ABC", "DEF", "GHI"];
    expect(&storage, "before any update", NONE).await?;
    for (chat, dialogue) in CHATS.into_iter().zip(ALL) {
        let updated = Arc::clone(&storage).update_dialogue(chat, dialogue.to_owned());
        updated
            .await
            .map_err(|error| Misbehavior::new("an update", error))?;
    }
    expect(&storage, "after the updates", ALL.map(Some)).await?;
    for chat in CHATS {
        remove(&storage, chat)
            .await
            .map_err(|error| Misbehavior::new("a removal", error))?;
    }
    expect(&storage, "after the removals", NONE).await?;
    match remove(&storage, CHATS[0]).await {
        Err(DialogueError::DialogueNotFound { .. }) => Ok(()),
        other => Err(Misbehavior::new("a removal of nothing", other)),
    }
}

async fn two_storages<F: DialogueFormat<String>>(
    first: Arc<TeloxideStorage<F>>,
    second: Arc<TeloxideStorage<F>>,
) -> Result<(), Misbehavior> {
    let chat = CHATS[0];
    let update = |storage: &Arc<TeloxideStorage<F>>, dialogue: &str| {
        Arc::clone(storage).update_dialogue(chat, dialogue.to_owned())
    };
    let failed = |error| Misbehavior::new("two storages", error);
    update(&first, "one").await.map_err(failed)?;
    expect(&second, "through a second storage", [Some("one"), None, None]).await?;
    update(&second, "two").await.map_err(failed)?;
    match update(&first, "late").await {
        Err(DialogueError::Conflict(_)) => {}
        other => return Err(Misbehavior::new("a late update", other)),
    }
    expect(&first, "after a late update", [Some("two"), None, None]).await?;
    remove(&first, chat).await.map_err(failed)?;
    match update(&second, "late").await {
        Err(DialogueError::Conflict(_)) => {}
        other => return Err(Misbehavior::new("an update of what was removed", other)),
    }
    expect(&second, "after an update of what was removed", [None; 3]).await
}

async fn expect<F: DialogueFormat<String>>(
    storage: &Arc<TeloxideStorage<F>>,
    when: &'static str,
    expected: [Option<&str>; 3],
) -> Result<(), Misbehavior> {
    for (chat, expected) in CHATS.into_iter().zip(expected) {
        let got: Result<Option<String>, _> = Arc::clone(storage).get_dialogue(chat).await;
        match got {
            Ok(got) if got.as_deref() == expected => {}
            other => return Err(Misbehavior::new(when, (chat, other))),
        }
    }
    Ok(())
}

async fn remove<F: DialogueFormat<String>>(
    storage: &Arc<TeloxideStorage<F>>,
    chat: ChatId,
) -> Result<(), DialogueError> {
    <TeloxideStorage<F> as Storage<String>>::remove_dialogue(Arc::clone(storage), chat).await
}
