//! Dialogues through teloxide's own handlers, without a network.

use std::error::Error;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepkeep_core::teloxide::{Conflict, DialogueError, TeloxideStorage};
use stepkeep_core::{BotId, Fault, Faults, MemoryStorage, SessionStore, StoreOperation, WithFaults};
use teloxide::dispatching::dialogue::{self, ErasedStorage, InMemStorage, Storage};
use teloxide::dispatching::{HandlerExt, UpdateFilterExt, UpdateHandler};
use teloxide::prelude::{Dialogue, dptree};
use teloxide::types::{ChatId, Message, Update};

use crate::updates::private_text;

type Failure = Box<dyn Error + Send + Sync>;
type MyDialogue = Dialogue<State, ErasedStorage<State>>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum State {
    #[default]
    Start,
    ReceiveFullName,
    ReceiveAge {
        full_name: String,
    },
}

async fn start(dialogue: MyDialogue) -> Result<(), Failure> {
    dialogue.update(State::ReceiveFullName).await?;
    Ok(())
}

async fn receive_full_name(dialogue: MyDialogue, message: Message) -> Result<(), Failure> {
    let full_name = message.text().unwrap_or_default().to_owned();
    dialogue.update(State::ReceiveAge { full_name }).await?;
    Ok(())
}

async fn receive_age(dialogue: MyDialogue, full_name: String, message: Message) -> Result<(), Failure> {
    assert_eq!((full_name.as_str(), message.text()), ("Ada", Some("36")));
    dialogue.exit().await?;
    Ok(())
}

fn branches(entered: UpdateHandler<Failure>) -> UpdateHandler<Failure> {
    entered
        .branch(dptree::case![State::Start].endpoint(start))
        .branch(dptree::case![State::ReceiveFullName].endpoint(receive_full_name))
        .branch(dptree::case![State::ReceiveAge { full_name }].endpoint(receive_age))
}

fn erased(store: &Arc<dyn SessionStore>) -> Arc<ErasedStorage<State>> {
    TeloxideStorage::new(Arc::clone(store), BotId(7))
        .into_shared()
        .erase()
}

async fn state(storage: &Arc<ErasedStorage<State>>) -> Option<State> {
    Arc::clone(storage).get_dialogue(ChatId(42)).await.unwrap()
}

async fn turn(handler: &UpdateHandler<Failure>, storage: &Arc<ErasedStorage<State>>, text: &str) {
    let dependencies = dptree::deps![Arc::clone(storage), private_text(42, text)];
    let flow = handler.dispatch(dependencies).await;
    assert!(matches!(flow, ControlFlow::Break(Ok(()))), "{flow:?}");
}

#[tokio::test]
async fn enter_and_enter_dialogue_lead_through_a_dialogue() {
    let by_update = dialogue::enter::<Update, ErasedStorage<State>, State, _>();
    let by_update = branches(by_update.chain(Update::filter_message()));
    let by_message = Update::filter_message().enter_dialogue::<Message, ErasedStorage<State>, State>();
    for handler in [by_update, branches(by_message)] {
        let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
        let storage = erased(&store);
        turn(&handler, &storage, "hello").await;
        assert_eq!(state(&storage).await, Some(State::ReceiveFullName));
        turn(&handler, &storage, "Ada").await;
        // A restart: nothing but the store is left.
        let storage = erased(&store);
        let full_name = "Ada".to_owned();
        assert_eq!(state(&storage).await, Some(State::ReceiveAge { full_name }));
        turn(&handler, &storage, "36").await;
        assert_eq!(state(&storage).await, None);
    }
}

#[tokio::test]
async fn a_dialogue_that_can_not_be_read_is_not_entered_and_stays() {
    let faults = Faults::default();
    let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(MemoryStorage::new(), &faults));
    let storage = erased(&store);
    let handler = branches(Update::filter_message().enter_dialogue::<Message, ErasedStorage<State>, State>());
    turn(&handler, &storage, "hello").await;

    faults.inject(Fault::unavailable(StoreOperation::Get));
    let dependencies = dptree::deps![Arc::clone(&storage), private_text(42, "Ada")];
    assert!(handler.dispatch(dependencies).await.is_continue());
    faults.heal();
    assert_eq!(state(&storage).await, Some(State::ReceiveFullName));
}

/// teloxide reads the variable where it enters a dialogue, so the test above runs again in a process that has it.
#[test]
fn even_when_teloxide_is_told_to_write_the_default_over_it() {
    const TEST: &str = "dialogues::a_dialogue_that_can_not_be_read_is_not_entered_and_stays";
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env("TELOXIDE_DIALOGUE_BEHAVIOUR", "default")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_conflict_comes_out_of_the_handler_as_its_type() {
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let (storage, other_process) = (erased(&store), erased(&store));
    let late = move |dialogue: MyDialogue| {
        let other_process = Arc::clone(&other_process);
        async move {
            other_process
                .update_dialogue(dialogue.chat_id(), State::ReceiveFullName)
                .await?;
            dialogue.update(State::Start).await?;
            Ok::<(), Failure>(())
        }
    };
    let handler = Update::filter_message()
        .enter_dialogue::<Message, ErasedStorage<State>, State>()
        .endpoint(late);
    let dependencies = dptree::deps![Arc::clone(&storage), private_text(42, "hello")];
    let ControlFlow::Break(Err(error)) = handler.dispatch(dependencies).await else {
        panic!("no error")
    };
    let Some(DialogueError::Conflict(conflict)) = error.downcast_ref() else {
        panic!("{error:?}")
    };
    let _: &Conflict = conflict;
    assert_eq!(state(&storage).await, Some(State::ReceiveFullName));
}

// ANCHOR: move
async fn move_dialogues(
    chats: impl IntoIterator<Item = ChatId>,
    old: Arc<ErasedStorage<State>>,
    new: Arc<TeloxideStorage>,
) -> Result<(), Failure> {
    for chat in chats {
        // A look first: a run that was broken off can go on, and a dialogue that went on here is not set back.
        let moved: Option<State> = Arc::clone(&new).get_dialogue(chat).await?;
        if let (None, Some(state)) = (moved, Arc::clone(&old).get_dialogue(chat).await?) {
            Arc::clone(&new).update_dialogue(chat, state).await?;
        }
    }
    Ok(())
}
// ANCHOR_END: move

#[tokio::test]
async fn dialogues_of_another_storage_can_be_moved() {
    let old = InMemStorage::<State>::new().erase();
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStorage::new());
    let new = TeloxideStorage::new(store, BotId(7)).into_shared();
    for chat in [1, 2] {
        let updated = Arc::clone(&old).update_dialogue(ChatId(chat), State::ReceiveFullName);
        updated.await.unwrap();
    }
    let full_name = "Ada".to_owned();
    let gone_on = State::ReceiveAge { full_name };
    Arc::clone(&new)
        .update_dialogue(ChatId(2), gone_on.clone())
        .await
        .unwrap();
    move_dialogues([1, 2, 3].map(ChatId), old, Arc::clone(&new))
        .await
        .unwrap();
    for (chat, expected) in [(1, Some(State::ReceiveFullName)), (2, Some(gone_on)), (3, None)] {
        let moved: Option<State> = Arc::clone(&new).get_dialogue(ChatId(chat)).await.unwrap();
        assert_eq!(moved, expected);
    }
}
