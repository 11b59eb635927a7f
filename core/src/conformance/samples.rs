//! Keys, data and changes that the cases work with.

use serde_json::Value;

use super::case::{Failure, Outcome};
use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::document;
use crate::field::FieldValue;
use crate::input::InputId;
use crate::key::{BotId, BusinessConnectionId, ChatId, Scope, SessionKey, ThreadId, UserId};
use crate::name::{FieldName, FlowName, StepName};
use crate::reply::{Message, Reply};
use crate::session::{NewSession, Position, Session};
use crate::turn_state::{HistoryEntry, Menu, OutboxEntry, PendingEffect, RecordedError, Timer, TurnState};

/// When things happen in the cases that don't care when, in milliseconds: in November 2023.
pub(super) const NOON: i64 = 1_700_000_000_000;

/// That many milliseconds after [`NOON`].
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOON + millis)
}

/// The key of one person's private chat.
pub(super) fn key(user: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(user))
}

pub(super) fn scoped(user: i64, scope: &str) -> Outcome<SessionKey> {
    Ok(key(user).with_scope(Scope::new(scope)?))
}

pub(super) fn field(name: &'static str) -> FieldName {
    FieldName::constant(name)
}

pub(super) fn position(step: &'static str) -> Position {
    Position {
        flow: FlowName::constant("order"),
        version: 3,
        step: StepName::constant(step),
    }
}

/// A new session under the key, with little in it.
pub(super) fn plain(key: SessionKey, at: Timestamp) -> NewSession {
    let change = SessionChange::new(at)
        .go_to(position("city"))
        .set(field("city"), FieldValue::text("Austin"));
    NewSession::new(key, change)
}

/// A new session under the key, with something in every part.
pub(super) fn full(key: SessionKey, at: Timestamp) -> Outcome<NewSession> {
    let change = SessionChange::new(at)
        .go_to(position("weight"))
        .set(field("city"), FieldValue::text("Austin"))
        .set(field("sizes"), FieldValue::new(&[1, 2, 3])?)
        .turn(turn_state(at))
        .wake_at(Some(at));
    Ok(NewSession::new(key, change))
}

/// A turn state with something in every part.
pub(super) fn turn_state(now: Timestamp) -> TurnState {
    let mut state = TurnState::default();
    let inputs = [
        InputId::Update(i64::MAX),
        InputId::Tap {
            message: -1,
            data: "a:b \u{1F4E6}".to_owned(),
        },
        InputId::Effect("e:1".to_owned()),
        InputId::Wake(now),
    ];
    state.seen.remember(inputs, now);
    state.outbox.push(OutboxEntry {
        input: InputId::Update(1),
        at: now,
        replies: vec![
            Reply::Message(Message::text("\u{1F4E6} \"quoted\"\n").row([("Yes", "t:0"), ("No", "t:1")])),
            Reply::RemoveButtons { target: -5 },
        ]
        .into(),
        recover_at: Some(now),
    });
    state.menu = Some(Menu {
        token: "t".to_owned(),
        actions: vec!["yes".to_owned(), String::new()],
    });
    state.effects.push(PendingEffect {
        id: "e-1".to_owned(),
        flow: FlowName::constant("order"),
        name: "rates".to_owned(),
        payload: FieldValue::from_json_value(&serde_json::json!({ "zip": "78701", "kg": [0.5, null] })),
        outlives_flow: true,
        recoveries: 2,
        lease_millis: 30_000,
        requested_at: now,
        recover_at: now,
    });
    state.timer = Some(Timer {
        skip_after_millis: Some(60_000),
        name: "reminder".to_owned(),
        at: now,
    });
    let changed = [
        (field("city"), Some(FieldValue::text("Dallas"))),
        (field("state"), None),
    ];
    state.history = std::sync::Arc::new(vec![
        HistoryEntry {
            position: Some(position("city")),
            fields: changed.into(),
        },
        HistoryEntry {
            position: None,
            fields: std::collections::BTreeMap::new(),
        },
    ]);
    state.last_error = Some(RecordedError {
        kind: "shipping_api".to_owned(),
        message: "no rates".to_owned(),
        at: now,
        user: UserId(42),
        chat: ChatId(-100),
        step: Some(StepName::constant("rates")),
    });
    state
}

/// A change after which the session's stored form has exactly that many bytes.
///
/// It makes up what is missing in one text of ASCII letters, whose stored form has a byte for each.
pub(super) fn filled_to(
    bytes: usize,
    change: &SessionChange,
    apply: impl Fn(&SessionChange) -> Session,
) -> Outcome<SessionChange> {
    let filled = |length: usize| {
        let text = FieldValue::text(&"x".repeat(length));
        change.clone().set(field("filling"), text)
    };
    let length_of = |change: &SessionChange| {
        document::encode(&apply(change), usize::MAX).map_or_else(|length| length, |form| form.len())
    };
    let missing = bytes
        .checked_sub(length_of(&filled(0)))
        .ok_or_else(|| Failure::Broken(format!("a limit of {bytes} bytes is too small for any session")))?;
    Ok(filled(missing))
}

/// Keys whose parts look alike, or have what separators and quotes are made of.
pub(super) fn odd_keys() -> Outcome<Vec<SessionKey>> {
    let mut keys = Vec::new();
    for id in [0, -1, i64::MIN, i64::MAX, (1 << 53) + 1, -1_001_234_567_890] {
        let chat = SessionKey::new(BotId(7), ChatId(id), UserId(42));
        keys.push(chat.clone());
        keys.push(chat.with_thread(ThreadId(id)));
        keys.push(SessionKey::new(BotId(id), ChatId(1), UserId(2)));
        keys.push(SessionKey::new(BotId(7), ChatId(1), UserId(id)));
    }
    let texts = [
        "/",
        "//",
        "%",
        "%2F",
        "%00",
        ":",
        "*",
        "?",
        "[a]",
        "{a}",
        "$",
        "$where",
        "a.b",
        ".",
        "..",
        "_",
        "__",
        "\\",
        "'",
        "''",
        "\"",
        "`",
        ";--",
        "\0",
        "\n",
        "\r\n",
        " ",
        "a ",
        " a",
        "Main",
        "MAIN",
        "\u{1F4E6}",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "\u{E9}",
        "e\u{301}",
        "\u{5D0}\u{5D1}",
        "\u{202E}",
        "null",
        "1",
        "-1",
    ];
    for text in texts {
        keys.push(key(1).with_scope(Scope::new(text)?));
        keys.push(key(1).with_business(BusinessConnectionId::new(text)?));
    }
    let longest = SessionKey::new(BotId(i64::MIN), ChatId(i64::MIN), UserId(i64::MIN))
        .with_thread(ThreadId(i64::MIN))
        .with_business(BusinessConnectionId::new(
            "/".repeat(BusinessConnectionId::MAX_LENGTH),
        )?);
    for end in ["a", "b"] {
        let scope = format!("{}{end}", "/".repeat(Scope::MAX_LENGTH - 1));
        keys.push(longest.clone().with_scope(Scope::new(scope)?));
    }
    Ok(keys)
}

/// A base key, and keys that differ from it, and from each other, in one part.
pub(super) fn sibling_keys() -> Outcome<Vec<SessionKey>> {
    let base = SessionKey::new(BotId(7), ChatId(-100), UserId(42));
    Ok(vec![
        base.clone(),
        SessionKey::new(BotId(8), ChatId(-100), UserId(42)),
        SessionKey::new(BotId(7), ChatId(100), UserId(42)),
        SessionKey::new(BotId(7), ChatId(-100), UserId(43)),
        base.clone().with_thread(ThreadId(0)),
        base.clone().with_thread(ThreadId(1)),
        base.clone().with_business(BusinessConnectionId::new("0")?),
        base.clone().with_business(BusinessConnectionId::new("main")?),
        base.clone().with_scope(Scope::new("0")?),
        base.clone().with_scope(Scope::new("Main")?),
        base.with_thread(ThreadId(0))
            .with_business(BusinessConnectionId::new("0")?)
            .with_scope(Scope::new("0")?),
    ])
}

/// JSON texts that stores are known to change: big numbers, odd names of members, escapes, empty things, depth.
pub(super) fn json_texts() -> Vec<String> {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "9007199254740993",
        "1.5",
        "-2.5e-3",
        "1e3",
        "0.1",
        "1.7976931348623157e308",
        "5e-324",
        r#""""#,
        r#"" ""#,
        r#""null""#,
        r#""quote \" backslash \\ slash \/ line \n tab \t nul \u0000 bell \u0007""#,
        r#""\u0410\u0451 \ud83d\udce6""#,
        "\"\u{1F4E6} \u{410}\u{451} \u{5D0}\u{5D1} \u{202E}\u{2028}\u{FEFF}\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "[null,null]",
        r#"{"":""}"#,
        r#"{"a.b":1,"$set":{"$inc":2},"$":3,".":4,"a\u0000b":5}"#,
        r#"{"$oid":"x","$date":0,"$numberLong":"1"}"#,
        r#"{"_id":1,"__proto__":2,"revision":"x","schema":9}"#,
        r#"{"b":1,"a":[1,"2",{"c":null}]}"#,
        r#" { "spaced" : [ 1 , 2 ] } "#,
    ];
    let depth = 60;
    let deep = [
        format!("{}1{}", "[".repeat(depth), "]".repeat(depth)),
        format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)),
    ];
    texts.into_iter().map(str::to_owned).chain(deep).collect()
}

/// The stored form of a session as a JSON object, for records that something else left.
pub(super) fn stored_form(session: &Session) -> Outcome<serde_json::Map<String, Value>> {
    let form = document::encode(session, usize::MAX)
        .map_err(|_| Failure::Broken("a session has a stored form".to_owned()))?;
    Ok(serde_json::from_slice(&form)?)
}
