//! The storage alone.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepkeep_core::teloxide::{DialogueError, DialogueFormat, TeloxideStorage, storage_behaves_as_teloxides};
use stepkeep_core::{
    BotId, Fault, Faults, FieldName, FieldValue, MemoryStorage, NewSession, OperationCounts, Scope,
    SessionChange, SessionStore, StoreErrorKind, StoreOperation, Timestamp, WithCounts, WithFaults,
};
use teloxide::dispatching::dialogue::serializer::{Bincode, Cbor, Json};
use teloxide::dispatching::dialogue::{ErasedStorage, InMemStorage, InMemStorageError, Storage};
use teloxide::types::ChatId;

const CHAT: ChatId = ChatId(42);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum State {
    #[default]
    Start,
    ReceiveAge {
        full_name: String,
    },
}

fn age_of(name: &str) -> State {
    State::ReceiveAge {
        full_name: name.to_owned(),
    }
}

fn storage(store: &Arc<dyn SessionStore>) -> Arc<TeloxideStorage> {
    TeloxideStorage::new(Arc::clone(store), BotId(7)).into_shared()
}

async fn get<F: DialogueFormat<State>>(
    storage: &Arc<TeloxideStorage<F>>,
) -> Result<Option<State>, DialogueError> {
    Arc::clone(storage).get_dialogue(CHAT).await
}

async fn update<F: DialogueFormat<State>>(
    storage: &Arc<TeloxideStorage<F>>,
    state: State,
) -> Result<(), DialogueError> {
    Arc::clone(storage).update_dialogue(CHAT, state).await
}

async fn remove<F: DialogueFormat<State>>(storage: &Arc<TeloxideStorage<F>>) -> Result<(), DialogueError> {
    <TeloxideStorage<F> as Storage<State>>::remove_dialogue(Arc::clone(storage), CHAT).await
}

fn memory() -> Arc<dyn SessionStore> {
    Arc::new(MemoryStorage::new())
}

#[tokio::test]
async fn it_behaves_as_teloxides_own() {
    storage_behaves_as_teloxides(memory(), || Json).await.unwrap();
    storage_behaves_as_teloxides(memory(), || Cbor).await.unwrap();
    storage_behaves_as_teloxides(memory(), || Bincode).await.unwrap();
}

#[tokio::test]
async fn a_removal_of_nothing_fails_as_in_memory() {
    let error = remove(&storage(&memory())).await.unwrap_err();
    assert!(matches!(error, DialogueError::DialogueNotFound { .. }), "{error}");
    let in_memory = InMemStorage::<State>::new();
    let error = in_memory.remove_dialogue(CHAT).await.unwrap_err();
    assert!(matches!(error, InMemStorageError::DialogueNotFound));
}

#[tokio::test]
async fn the_state_is_json_in_a_field_of_a_scope_of_its_own() {
    let store = memory();
    let storage = storage(&store);
    update(&storage, age_of("Ada")).await.unwrap();
    let key = storage.key(CHAT);
    assert_eq!(key.encode(), "7/42/42///teloxide");
    let session = store.get(&key).await.unwrap().unwrap();
    let json = session.field("dialogue").map(FieldValue::json);
    assert_eq!(json, Some(r#"{"ReceiveAge":{"full_name":"Ada"}}"#));
}

#[tokio::test]
async fn an_erased_storage_works_and_keeps_the_typed_error() {
    let erased: Arc<ErasedStorage<State>> = storage(&memory()).erase();
    Arc::clone(&erased)
        .update_dialogue(CHAT, age_of("Ada"))
        .await
        .unwrap();
    assert_eq!(
        Arc::clone(&erased).get_dialogue(CHAT).await.unwrap(),
        Some(age_of("Ada"))
    );
    Arc::clone(&erased).remove_dialogue(CHAT).await.unwrap();
    let error = erased.remove_dialogue(CHAT).await.unwrap_err();
    assert!(matches!(
        error.downcast_ref(),
        Some(DialogueError::DialogueNotFound { .. })
    ));
}

#[tokio::test]
async fn a_turn_costs_one_read_and_one_write() {
    let store = WithCounts::new(MemoryStorage::new());
    let counts: Arc<OperationCounts> = store.counts();
    let storage = storage(&(Arc::new(store) as Arc<dyn SessionStore>));
    for name in ["Ada", "Bob"] {
        counts.reset();
        get(&storage).await.unwrap();
        update(&storage, age_of(name)).await.unwrap();
        assert_eq!((counts.reads(), counts.writes()), (1, 1));
    }
    counts.reset();
    get(&storage).await.unwrap();
    remove(&storage).await.unwrap();
    assert_eq!((counts.reads(), counts.writes()), (1, 1));
}

#[tokio::test]
async fn a_read_error_never_becomes_an_overwritten_dialogue() {
    for kind in [
        StoreErrorKind::Unavailable,
        StoreErrorKind::Timeout,
        StoreErrorKind::Corrupt,
        StoreErrorKind::TooNew,
    ] {
        let faults = Faults::default();
        let inner = Arc::new(MemoryStorage::new());
        let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(Arc::clone(&inner), &faults));
        let storage = storage(&store);
        update(&storage, age_of("Ada")).await.unwrap();

        // As teloxide's `enter` with `TELOXIDE_DIALOGUE_BEHAVIOUR=default`: a failed read, then the default.
        faults.inject(Fault::error(StoreOperation::Get, kind));
        let is_it =
            |error: &DialogueError| matches!(error, DialogueError::Store(error) if error.kind() == kind);
        assert!(is_it(&get(&storage).await.unwrap_err()));
        assert!(is_it(&update(&storage, State::Start).await.unwrap_err()));
        faults.heal();
        // It could be read now, but whoever writes has not seen it.
        let error = update(&storage, State::Start).await.unwrap_err();
        assert!(matches!(error, DialogueError::NotRead { .. }), "{error:?}");
        assert_eq!(get(&storage).await.unwrap(), Some(age_of("Ada")));
        update(&storage, age_of("Bob")).await.unwrap();
    }
}

#[tokio::test]
async fn a_read_that_fails_once_never_becomes_an_overwritten_dialogue() {
    let faults = Faults::default();
    let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(MemoryStorage::new(), &faults));
    let storage = storage(&store);
    update(&storage, age_of("Ada")).await.unwrap();
    faults.inject(Fault::unavailable(StoreOperation::Get).times(1));
    // What a handler does that takes an error for nothing.
    let state = get(&storage).await.unwrap_or_default().unwrap_or_default();
    let error = update(&storage, state).await.unwrap_err();
    assert!(matches!(error, DialogueError::NotRead { .. }), "{error:?}");
    assert_eq!(get(&storage).await.unwrap(), Some(age_of("Ada")));
}

#[tokio::test]
async fn what_is_no_state_of_this_type_and_format_is_never_overwritten() {
    let store = memory();
    let json = storage(&store);
    let cbor = TeloxideStorage::new(Arc::clone(&store), BotId(7))
        .with_serializer(Cbor)
        .into_shared();
    let key = json.key(CHAT);
    let fields = [
        ("dialogue", "\"GoneState\""),
        ("dialogue", "null"),
        ("dialogue_bytes", "\"Z29uZQ==\""),
        ("dialogue_bytes", "\"no base64!\""),
        ("dialogue_bytes", "17"),
    ];
    for (field, value) in fields {
        let value = FieldValue::from_json(value.to_owned()).unwrap();
        let change = SessionChange::new(Timestamp::EPOCH).set(FieldName::constant(field), value);
        let stored = store.create(NewSession::new(key.clone(), change)).await.unwrap();
        for error in [
            get(&json).await.unwrap_err(),
            update(&json, State::Start).await.unwrap_err(),
            get(&cbor).await.unwrap_err(),
            update(&cbor, State::Start).await.unwrap_err(),
        ] {
            assert!(matches!(error, DialogueError::Unreadable { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("GoneState"), "{error:?}");
        }
        assert_eq!(store.get(&key).await.unwrap(), Some(stored));
        // The way to begin anew.
        remove(&json).await.unwrap();
        update(&json, State::Start).await.unwrap();
        remove(&json).await.unwrap();
    }
}

#[tokio::test]
async fn a_conflict_is_typed_and_has_what_is_stored() {
    let store = memory();
    let (ours, theirs) = (storage(&store), storage(&store));
    update(&ours, age_of("Ada")).await.unwrap();
    get(&theirs).await.unwrap();
    update(&theirs, age_of("Bob")).await.unwrap();

    let error = update(&ours, State::Start).await.unwrap_err();
    let DialogueError::Conflict(conflict) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(conflict.key(), &ours.key(CHAT));
    let current = conflict.current().and_then(|session| session.field("dialogue"));
    assert_eq!(current.unwrap().get::<State>().unwrap(), age_of("Bob"));
    assert!(!format!("{error} {error:?}").contains("Bob"));

    // Whoever only tries again writes over nothing: it has to be looked at first.
    let error = update(&ours, State::Start).await.unwrap_err();
    assert!(matches!(error, DialogueError::NotRead { .. }), "{error:?}");
    assert_eq!(get(&ours).await.unwrap(), Some(age_of("Bob")));
    update(&ours, State::Start).await.unwrap();
    assert_eq!(get(&theirs).await.unwrap(), Some(State::Start));
}

#[tokio::test]
async fn a_dialogue_that_another_process_began_or_removed_is_a_conflict() {
    let store = memory();
    let (ours, theirs) = (storage(&store), storage(&store));
    assert_eq!(get(&ours).await.unwrap(), None);
    update(&theirs, age_of("Bob")).await.unwrap();
    let error = update(&ours, State::Start).await.unwrap_err();
    assert!(matches!(&error, DialogueError::Conflict(conflict) if conflict.current().is_some()));

    get(&ours).await.unwrap();
    remove(&theirs).await.unwrap();
    let error = update(&ours, State::Start).await.unwrap_err();
    assert!(matches!(&error, DialogueError::Conflict(conflict) if conflict.current().is_none()));
    assert_eq!(get(&ours).await.unwrap(), None);

    update(&ours, age_of("Ada")).await.unwrap();
    get(&theirs).await.unwrap();
    update(&theirs, age_of("Bob")).await.unwrap();
    let error = remove(&ours).await.unwrap_err();
    assert!(matches!(error, DialogueError::Conflict(_)), "{error:?}");
    assert_eq!(get(&ours).await.unwrap(), Some(age_of("Bob")));
}

#[tokio::test]
async fn a_write_that_could_not_be_made_may_be_made_again() {
    let faults = Faults::default();
    let store: Arc<dyn SessionStore> = Arc::new(WithFaults::new(MemoryStorage::new(), &faults));
    let storage = storage(&store);
    update(&storage, State::Start).await.unwrap();
    faults.inject(Fault::unavailable(StoreOperation::Update).times(1));
    update(&storage, age_of("Ada")).await.unwrap_err();
    update(&storage, age_of("Ada")).await.unwrap();

    // A lost answer: it happened, so the next update is for what it left.
    faults.inject(Fault::lost_answer(StoreOperation::Update).times(1));
    let error = update(&storage, age_of("Bob")).await.unwrap_err();
    assert!(
        matches!(&error, DialogueError::Store(error) if error.kind() == StoreErrorKind::Indeterminate),
        "{error:?}"
    );
    update(&storage, age_of("Cyd")).await.unwrap();
    assert_eq!(get(&storage).await.unwrap(), Some(age_of("Cyd")));
}

#[tokio::test]
async fn what_is_not_remembered_is_read_first() {
    let store = WithCounts::new(MemoryStorage::new());
    let counts = store.counts();
    let storage = TeloxideStorage::new(Arc::new(store), BotId(7))
        .remembering(NonZeroUsize::MIN)
        .into_shared();
    update(&storage, State::Start).await.unwrap();
    Arc::clone(&storage)
        .update_dialogue(ChatId(43), State::Start)
        .await
        .unwrap();
    counts.reset();
    update(&storage, age_of("Ada")).await.unwrap();
    assert_eq!((counts.reads(), counts.writes()), (1, 1));
    update(&storage, age_of("Bob")).await.unwrap();
    assert_eq!((counts.reads(), counts.writes()), (1, 2));
}

#[tokio::test]
async fn bots_and_scopes_keep_their_dialogues_apart() {
    let store = memory();
    let other_bot = TeloxideStorage::new(Arc::clone(&store), BotId(8)).into_shared();
    let other_scope = TeloxideStorage::new(Arc::clone(&store), BotId(7))
        .with_scope(Scope::new("survey").unwrap())
        .into_shared();
    update(&storage(&store), age_of("Ada")).await.unwrap();
    assert_eq!(get(&other_bot).await.unwrap(), None);
    assert_eq!(get(&other_scope).await.unwrap(), None);
}
