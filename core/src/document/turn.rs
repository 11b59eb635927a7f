//! Writing what the turn engine keeps in a session.
//!
//! What was seen and the way back are most of it, and every turn writes all of them, so they are written without asking what
//! they are made of.

use serde::Serialize;

use super::Writer;
use crate::session::Position;
use crate::turn_state::{HistoryEntry, TurnState};

/// Writes the turn state as a JSON object.
pub(crate) fn write(bytes: &mut Vec<u8>, turn: &TurnState) {
    // Taken apart, so that a new field can't be forgotten here.
    let TurnState {
        seen,
        outbox,
        menu,
        effects,
        timer,
        idle,
        history,
        last_error,
        language,
        moved_to,
        unknown,
    } = turn;
    let mut object = Object {
        writer: Writer(bytes),
        before: "{",
    };
    if !seen.is_empty() {
        object.name("seen").string(seen.as_str());
    }
    if !outbox.is_empty() {
        object.member("outbox", outbox);
    }
    object.optional("menu", menu.as_ref());
    if !effects.is_empty() {
        object.member("effects", effects);
    }
    object.optional("timer", timer.as_ref());
    object.optional("idle", idle.as_ref());
    if !history.is_empty() {
        write_history(object.name("history"), history);
    }
    object.optional("last_error", last_error.as_ref());
    if let Some(language) = language {
        object.name("language").string(language);
    }
    object.optional("moved_to", moved_to.as_ref());
    for (member, value) in unknown.iter() {
        let before = object.before();
        object
            .writer
            .text(before)
            .string(member)
            .text(":")
            .text(value.json());
    }
    let end = if object.before == "{" { "{}" } else { "}" };
    object.writer.text(end);
}

/// An object that is being written.
struct Object<'a> {
    writer: Writer<'a>,
    /// What stands before the next member.
    before: &'static str,
}

impl<'a> Object<'a> {
    fn before(&mut self) -> &'static str {
        std::mem::replace(&mut self.before, ",")
    }

    /// Writes a member's name, which has nothing to be escaped.
    fn name(&mut self, name: &str) -> &mut Writer<'a> {
        let before = self.before();
        self.writer.text(before).text("\"").text(name).text("\":")
    }

    fn member<T: Serialize>(&mut self, name: &str, value: &T) {
        self.name(name).json(value);
    }

    fn optional<T: Serialize>(&mut self, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.member(name, value);
        }
    }
}

fn write_history(writer: &mut Writer<'_>, history: &[HistoryEntry]) {
    let mut before = "[{\"position\":";
    for HistoryEntry { position, fields } in history {
        writer.text(before);
        match position {
            Some(Position { flow, version, step }) => writer
                .text("{\"flow\":\"")
                .text(flow.as_str())
                .text("\",\"version\":")
                .integer(*version)
                .text(",\"step\":\"")
                .text(step.as_str())
                .text("\"}"),
            None => writer.text("null"),
        };
        let mut before_field = ",\"fields\":{\"";
        for (name, value) in fields {
            writer
                .text(before_field)
                .text(name.as_str())
                .text("\":")
                .text(value.as_ref().map_or("null", |value| value.json()));
            before_field = ",\"";
        }
        writer.text(if fields.is_empty() { "}" } else { "}}" });
        before = ",{\"position\":";
    }
    writer.text("]");
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A turn state with something in every part, as it is written.
    pub(in crate::document) const WRITTEN: &str = concat!(
        r#"{"seen":"@29931034 u7 t5:3f:0 @29931035 u8","#,
        r#""outbox":[{"input":"u8","at":5,"replies":[{"kind":"message","text":"\"a\"\n","buttons":[[{"text":"Yes","action":"t:0"}]]}],"recover_at":6}],"#,
        r#""menu":{"token":"t","actions":["yes","sk\tip"]},"#,
        r#""effects":[{"id":"e-1","flow":"order","name":"rates","payload":{"zip":"78701","kg":[0.5,null]},"outlives_flow":true,"recoveries":2,"lease_millis":30000,"requested_at":5,"recover_at":6}],"#,
        r#""timer":{"name":"reminder","at":9},"idle":{"stage":"remind","at":7},"#,
        r#""history":[{"position":{"flow":"order","version":3,"step":"city-of"},"fields":{"city":"Aus\"tin","sizes":[1,{"a":null}],"state":null}},{"position":null},{"position":{"flow":"order","version":0,"step":"zip"}}],"#,
        r#""last_error":{"kind":"k","message":"no rates","at":5,"user":42,"chat":-100,"step":"rates"},"#,
        r#""language":"en","moved_to":-100,"mo\"od":{"of":["day"]}}"#,
    );

    /// The member of it that only a newer version knows.
    pub(in crate::document) const UNKNOWN: &str = r#","mo\"od":{"of":["day"]}"#;

    #[test]
    fn everything_is_written_as_its_type_says() {
        let turn: TurnState = serde_json::from_str(WRITTEN).unwrap();
        let mut bytes = Vec::new();
        write(&mut bytes, &turn);
        assert_eq!(String::from_utf8(bytes).unwrap(), WRITTEN);
        assert_eq!(serde_json::to_string(&turn).unwrap(), WRITTEN);
        let history = serde_json::to_string(&*turn.history).unwrap();
        assert!(WRITTEN.contains(&history), "{history}");
    }

    #[test]
    fn nothing_is_an_object_too() {
        let mut bytes = Vec::new();
        write(&mut bytes, &TurnState::default());
        assert_eq!(bytes, b"{}");
    }
}
