//! Dialogues per person and per topic.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use stepkeep_core::teloxide::{
    DialogueError, DialogueKeys, DialogueView, JsonFormat, SessionHandle, TeloxideStorage, bot_id,
    enter_dialogue_by, with_session,
};
use stepkeep_core::{
    BotId, Fault, Faults, FieldValue, MemoryStorage, ScanFilter, Scanned, SessionStore, SessionStoreExt,
    StoreOperation, ThreadId, UserId, WithCounts, WithFaults,
};
use teloxide::dispatching::UpdateHandler;
use teloxide::dispatching::dialogue::{Dialogue, Storage};
use teloxide::dptree;
use teloxide::types::{ChatId, Update};

use crate::updates::{business_text, channel_post, group_text, private_text, tap_on_a_gone_message};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Score(u32);

async fn count(dialogue: Dialogue<Score, DialogueView>, Score(score): Score) -> Result<(), Failure> {
    dialogue.update(Score(score + 1)).await?;
    Ok(())
}

fn counting(keys: DialogueKeys) -> UpdateHandler<Failure> {
    dptree::entry()
        .chain(enter_dialogue_by::<JsonFormat, Score, (), Failure>(keys))
        .endpoint(count)
}

async fn dispatch(
    handler: &UpdateHandler<Failure>,
    storage: &Arc<TeloxideStorage>,
    update: Update,
) -> Option<Result<(), Failure>> {
    match handler.dispatch(dptree::deps![Arc::clone(storage), update]).await {
        ControlFlow::Break(result) => Some(result),
        ControlFlow::Continue(_) => None,
    }
}

/// All that is stored, by key.
async fn scores(store: &Arc<dyn SessionStore>) -> Vec<(String, String)> {
    let all = store
        .scan_all(ScanFilter::default())
        .map(|scanned| match scanned {
            Ok(Scanned::Session(session)) => {
                let json = session
                    .field("dialogue")
                    .map(FieldValue::json)
                    .unwrap_or_default();
                (session.key().encode(), json.to_owned())
            }
            other => panic!("{other:?}"),
        });
    let mut all: Vec<_> = all.collect().await;
    all.sort();
    all
}

/// What two people in two topics of one group, and the first in private, come to.
async fn scores_by(keys: DialogueKeys) -> Vec<(String, String)> {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let storage = TeloxideStorage::new(Arc::clone(&store), BotId(7)).into_shared();
    let handler = counting(keys);
    for update in [
        group_text(42, Some(3), "a"),
        group_text(42, Some(3), "b"),
        group_text(42, Some(4), "c"),
        group_text(43, Some(3), "d"),
        group_text(43, None, "e"),
        private_text(42, "f"),
    ] {
        dispatch(&handler, &storage, update).await.unwrap().unwrap();
    }
    scores(&store).await
}

fn of(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected
        .iter()
        .map(|(key, score)| ((*key).to_owned(), (*score).to_owned()));
    owned.collect()
}

#[tokio::test]
async fn a_chat_has_one_dialogue_by_default() {
    let expected = of(&[("7/-1009/-1009///teloxide", "5"), ("7/42/42///teloxide", "1")]);
    assert_eq!(scores_by(DialogueKeys::default()).await, expected);
}

#[tokio::test]
async fn two_people_of_a_group_have_a_dialogue_each() {
    let expected = of(&[
        ("7/-1009/42///teloxide", "3"),
        ("7/-1009/43///teloxide", "2"),
        ("7/42/42///teloxide", "1"),
    ]);
    assert_eq!(scores_by(DialogueKeys::User).await, expected);
}

#[tokio::test]
async fn the_topics_of_a_group_have_a_dialogue_each() {
    let expected = of(&[
        ("7/-1009/-1009///teloxide", "1"),
        ("7/-1009/-1009/3//teloxide", "3"),
        ("7/-1009/-1009/4//teloxide", "1"),
        ("7/42/42///teloxide", "1"),
    ]);
    assert_eq!(scores_by(DialogueKeys::Topic).await, expected);
}

#[tokio::test]
async fn a_person_has_a_dialogue_in_each_topic() {
    let expected = of(&[
        ("7/-1009/42/3//teloxide", "2"),
        ("7/-1009/42/4//teloxide", "1"),
        ("7/-1009/43///teloxide", "1"),
        ("7/-1009/43/3//teloxide", "1"),
        ("7/42/42///teloxide", "1"),
    ]);
    assert_eq!(scores_by(DialogueKeys::UserInTopic).await, expected);
}

#[tokio::test]
async fn an_update_that_does_not_say_whose_it_is_goes_on_to_the_next_branch() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let storage = TeloxideStorage::new(Arc::clone(&store), BotId(7)).into_shared();
    let by_user = counting(DialogueKeys::User);
    assert!(dispatch(&by_user, &storage, channel_post()).await.is_none());
    let by_topic = counting(DialogueKeys::Topic);
    let tap = tap_on_a_gone_message(42);
    assert!(dispatch(&by_topic, &storage, tap.clone()).await.is_none());
    assert_eq!(scores(&store).await, of(&[]));
    dispatch(&by_user, &storage, tap).await.unwrap().unwrap();
    assert_eq!(scores(&store).await, of(&[("7/-1009/42///teloxide", "1")]));
}

#[tokio::test]
async fn a_business_connection_is_not_the_private_chat() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let storage = TeloxideStorage::new(Arc::clone(&store), BotId(7)).into_shared();
    let handler = counting(DialogueKeys::User);
    let update = business_text(42, "shop", "a");
    dispatch(&handler, &storage, update).await.unwrap().unwrap();
    assert_eq!(scores(&store).await, of(&[("7/42/42//shop/teloxide", "1")]));
}

#[tokio::test]
async fn entering_stores_nothing_and_a_failed_read_is_the_handlers_error() {
    let faults = Faults::default();
    let store = WithCounts::new(WithFaults::new(MemoryStorage::new(), &faults));
    let counts = store.counts();
    let storage = TeloxideStorage::new(Arc::new(store), BotId(7)).into_shared();
    let look = dptree::entry()
        .chain(enter_dialogue_by::<JsonFormat, Score, (), Failure>(
            DialogueKeys::User,
        ))
        .endpoint(|score: Score| async move {
            assert_eq!(score, Score(0));
            Ok(())
        });
    let update = private_text(42, "a");
    dispatch(&look, &storage, update.clone()).await.unwrap().unwrap();
    assert_eq!((counts.reads(), counts.writes()), (1, 0));

    faults.inject(Fault::unavailable(StoreOperation::Get));
    let error = dispatch(&look, &storage, update).await.unwrap().unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(DialogueError::Store(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_view_is_a_storage_too() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let storage = TeloxideStorage::new(Arc::clone(&store), BotId(7)).into_shared();
    let view = DialogueView::new(Arc::clone(&storage))
        .for_user(UserId(42))
        .in_thread(ThreadId(3));
    let chat = ChatId(-1_009);
    assert_eq!(view.key(chat).encode(), "7/-1009/42/3//teloxide");
    let view = Arc::new(view).erase();
    Arc::clone(&view).update_dialogue(chat, Score(9)).await.unwrap();
    assert_eq!(
        Arc::clone(&view).get_dialogue(chat).await.unwrap(),
        Some(Score(9))
    );
    let whole_chat: Option<Score> = storage.get_dialogue(chat).await.unwrap();
    assert_eq!(whole_chat, None);
    view.remove_dialogue(chat).await.unwrap();
    assert_eq!(scores(&store).await, of(&[]));
}

#[test]
fn the_bots_id_is_in_its_token() {
    assert_eq!(bot_id(&teloxide::Bot::new("7:AAx")), Some(BotId(7)));
    assert_eq!(bot_id(&teloxide::Bot::new("nonsense")), None);
}

#[tokio::test]
async fn the_steps_say_what_they_need_and_give() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let storage = TeloxideStorage::new(Arc::clone(&store), BotId(7)).into_shared();
    let update = [dptree::Type::of::<Update>()];
    let dialogue = counting(DialogueKeys::User);
    dptree::type_check(dialogue.sig(), &dptree::deps![storage], &update);
    let session: UpdateHandler<Failure> = dptree::entry()
        .chain(with_session(store, BotId(7)))
        .endpoint(|_: SessionHandle| async { Ok(()) });
    dptree::type_check(session.sig(), &dptree::deps![], &update);
}
