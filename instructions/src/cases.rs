//! The pieces of work.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::Context;
use futures::executor::block_on;
use stepkeep_core::{
    BotId, Event, FieldName, FieldValue, FlowName, Flows, Input, InputId, InputKind, ManualClock,
    MemoryStorage, NewSession, Position, Session, SessionChange, SessionKey, SessionStore, StepName,
    Timestamp, TurnContext, TurnEngine, UserId, document,
};

use crate::answers::Answers;
use crate::form::form;

/// Their names.
pub(crate) const NAMES: [&str; 8] = [
    "key: written",
    "key: read",
    "change: applied",
    "session: written",
    "session: read",
    "memory: get and update",
    "form: an answer",
    "turn: an answer",
];

/// A piece of work, to be done again and again.
type Work = Box<dyn FnMut()>;

/// More than any session here has.
const MOST_BYTES: usize = 64 * 1024;

const FIELDS: [&str; 15] = [
    "field_0", "field_1", "field_2", "field_3", "field_4", "field_5", "field_6", "field_7", "field_8",
    "field_9", "field_10", "field_11", "field_12", "field_13", "field_14",
];

/// Makes everything ready for a piece of work; `None` when there is none of that name.
pub(crate) fn prepare(name: &str) -> anyhow::Result<Option<Work>> {
    let key = SessionKey::private(BotId(7_000_001), UserId(4_200_000_042));
    Ok(Some(match name {
        "key: written" => Box::new(move || drop(black_box(black_box(&key).encode()))),
        "key: read" => {
            let written = key.encode();
            Box::new(move || drop(black_box(black_box(&*written).parse::<SessionKey>())))
        }
        "change: applied" => {
            let session = session(&key);
            let change = answer();
            Box::new(move || drop(black_box(change.apply(black_box(&session)))))
        }
        "session: written" => {
            let session = session(&key);
            Box::new(move || drop(black_box(document::encode(black_box(&session), MOST_BYTES))))
        }
        "session: read" => {
            let encoded = document::encode(&session(&key), MOST_BYTES);
            let bytes = encoded.ok().context("the session is too large")?;
            Box::new(move || drop(black_box(document::decode(&key, black_box(&bytes)))))
        }
        "memory: get and update" => {
            let store = MemoryStorage::new();
            block_on(store.create(new_session(&key)))?;
            let change = answer();
            Box::new(move || {
                block_on(async {
                    if let Ok(Some(held)) = store.get(&key).await {
                        let _ = black_box(store.update(&held, &change).await);
                    }
                });
            })
        }
        "form: an answer" => {
            let (form, session) = (form(), session(&key));
            Box::new(move || {
                let context = TurnContext {
                    session: black_box(&session),
                    event: Event::Text("500 West 2nd St, Apt 4".to_owned()),
                    now: Timestamp::from_millis(1),
                    language: Some("en"),
                    tapped_message: None,
                    token: "token",
                };
                drop(black_box(form.turn(&context)));
            })
        }
        "turn: an answer" => {
            let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
            let engine = TurnEngine::new(Arc::new(MemoryStorage::new()), Flows::new(Answers), clock);
            let mut update = 0;
            Box::new(move || {
                update += 1;
                let input = Input {
                    id: InputId::Update(update),
                    at: engine.clock().now(),
                    language: None,
                    kind: InputKind::Text("500 West 2nd St, Apt 4".to_owned()),
                };
                let _ = black_box(block_on(engine.handle(&key, &input)));
            })
        }
        _ => return Ok(None),
    }))
}

/// A session of about 600 bytes.
fn new_session(key: &SessionKey) -> NewSession {
    let change = FIELDS
        .iter()
        .fold(SessionChange::new(Timestamp::EPOCH), |change, name| {
            change.set(
                FieldName::constant(name),
                FieldValue::text("500 West 2nd St, Apt 4"),
            )
        });
    NewSession::new(key.clone(), change.go_to(position("field_0")))
}

fn session(key: &SessionKey) -> Session {
    new_session(key).session()
}

/// What an answer changes.
fn answer() -> SessionChange {
    SessionChange::new(Timestamp::from_millis(1))
        .set(
            FieldName::constant("field_7"),
            FieldValue::text("2 Santana Row, Suite 1010"),
        )
        .go_to(position("field_8"))
}

fn position(step: &'static str) -> Position {
    Position {
        flow: FlowName::constant("order"),
        version: 1,
        step: StepName::constant(step),
    }
}
