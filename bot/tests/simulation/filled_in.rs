//! An order that is filled in but for its last answer, to come to the purchase without the way there.

use std::sync::{Arc, LazyLock};

use stepkeep::flows::{FlowSettings, flows};
use stepkeep_core::{
    BotId, ChatId, FieldName, FieldValue, Input, InputId, InputKind, MemoryStorage, NewSession, Outcome,
    Session, SessionChange, SessionKey, SystemClock, Tap, TurnEngine, UserId,
};

use crate::person::QUESTIONS;
use crate::process::{LOCALIZER, PausedClock};
use crate::telegram::BOT;

static FILLED_IN: LazyLock<Session> = LazyLock::new(fill_in);

/// The record of a person who has one answer left to give.
pub(crate) fn session_of(person: i64, clock: PausedClock) -> NewSession {
    let key = SessionKey::private(BotId(BOT), UserId(person));
    let mut change = SessionChange::new(stepkeep_core::Clock::now(&clock));
    if let Some(position) = FILLED_IN.position() {
        change = change.go_to(position.clone());
    }
    let data = FILLED_IN.data().iter();
    change = data.fold(change, |change, (name, value)| {
        change.set(name.clone(), value.clone())
    });
    // What tells one order from another, as the beginning of each draws it.
    change = change.set(
        FieldName::constant("order_id"),
        FieldValue::text(&format!("order-{person}")),
    );
    NewSession::new(key, change)
}

/// Answers all questions but the last, where nothing fails.
fn fill_in() -> Session {
    let engine = TurnEngine::new(
        Arc::new(MemoryStorage::new()),
        flows(&LOCALIZER, &FlowSettings::default()),
        Arc::new(SystemClock),
    );
    let key = SessionKey::new(BotId(BOT), ChatId(1), UserId(1));
    let mut update = 0;
    let mut hear = |kind| {
        update += 1;
        let input = Input {
            id: InputId::Update(update),
            at: stepkeep_core::Clock::now(&SystemClock),
            language: None,
            kind,
        };
        match futures::executor::block_on(engine.handle(&key, &input)) {
            Ok(Outcome::Applied(committed)) => committed.session,
            other => panic!("a turn that is no turn: {other:?}"),
        }
    };
    let start = InputKind::Command {
        name: "start".to_owned(),
        arguments: String::new(),
    };
    let menu = hear(start).turn().menu.clone().expect("the main menu");
    let mut session = hear(InputKind::Tap(Tap {
        message: 1,
        data: format!("{}:0", menu.token),
    }));
    for (_, _, answer) in &QUESTIONS[..QUESTIONS.len() - 1] {
        session = hear(InputKind::Text((*answer).to_owned()));
    }
    session
}
