//! What happens in a chat, as the sandbox tells it by server-sent events.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What happened in a chat.
#[derive(Debug)]
pub struct Happening {
    /// When it was heard, since the crowd began.
    pub at: Duration,
    /// Whether it is an edit of an earlier message.
    pub is_edit: bool,
    /// The message as the sandbox shows it.
    pub message: Shown,
}

/// What of a message matters to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id in the chat.
    pub id: i64,
    /// The text, or the caption of a file.
    pub text: String,
    /// The buttons, row by row.
    pub buttons: Vec<ShownButton>,
    /// Where its file is to be had, if it has one.
    pub document: Option<String>,
}

/// A button below a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShownButton {
    /// What it says.
    pub text: String,
    /// What it carries.
    #[serde(rename = "callback_data", default)]
    pub data: String,
}

/// The sandbox's own form of a message.
#[derive(Deserialize)]
struct Entry {
    message_id: i64,
    from: String,
    text: Option<String>,
    caption: Option<String>,
    #[serde(default)]
    inline_keyboard: Vec<Vec<ShownButton>>,
    document: Option<EntryFile>,
}

#[derive(Deserialize)]
struct EntryFile {
    url: String,
}

/// Reads a stream of server-sent events, until it ends or nobody listens any more.
pub(crate) async fn listen(
    mut events: BodyDataStream,
    tell: mpsc::UnboundedSender<Happening>,
    began: Instant,
) {
    let mut buffer = Vec::new();
    while let Some(Ok(chunk)) = events.next().await {
        let at = began.elapsed();
        buffer.extend_from_slice(&chunk);
        let mut read_to = 0;
        while let Some(end) = memchr::memmem::find(&buffer[read_to..], b"\n\n") {
            let event = &buffer[read_to..read_to + end];
            read_to += end + 2;
            let Some(happening) = read(event, at) else {
                continue;
            };
            if tell.send(happening).is_err() {
                return;
            }
        }
        buffer.drain(..read_to);
    }
}

/// A message of the bot or an edit of one; nothing else matters here.
fn read(event: &[u8], at: Duration) -> Option<Happening> {
    let event = std::str::from_utf8(event).ok()?;
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    let is_edit = match field("event:")?.trim() {
        "message" => false,
        "edited" => true,
        _ => return None,
    };
    let entry: Entry = serde_json::from_str(field("data:")?.trim()).ok()?;
    if entry.from != "bot" {
        return None;
    }
    let message = Shown {
        id: entry.message_id,
        text: entry.text.or(entry.caption).unwrap_or_default(),
        buttons: entry.inline_keyboard.into_iter().flatten().collect(),
        document: entry.document.map(|file| file.url),
    };
    Some(Happening { at, is_edit, message })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_entry(event: &str, entry: &Value) -> Option<Happening> {
        let text = format!("event: {event}\ndata: {entry}");
        read(text.as_bytes(), Duration::from_secs(1))
    }

    #[test]
    fn a_message_of_the_bot_is_heard_with_its_buttons_and_its_file() {
        let entry = json!({
            "message_id": 5, "from": "bot", "chat": 7, "date": 1, "caption": "Your label",
            "document": {"url": "/sim/files/7/documents/file_1.pdf", "file_size": 3},
            "inline_keyboard": [[{"text": "a", "callback_data": "m:0"}], [{"text": "b", "url": "https://b.example"}]],
        });
        let heard = read_entry("message", &entry).unwrap();
        let button = |text: &str, data: &str| ShownButton {
            text: text.to_owned(),
            data: data.to_owned(),
        };
        let expected = Shown {
            id: 5,
            text: "Your label".to_owned(),
            buttons: vec![button("a", "m:0"), button("b", "")],
            document: Some("/sim/files/7/documents/file_1.pdf".to_owned()),
        };
        assert_eq!((heard.is_edit, heard.message), (false, expected));
        let edit =
            json!({"message_id": 5, "from": "bot", "chat": 7, "date": 1, "text": "Done", "edited": true});
        assert!(read_entry("edited", &edit).unwrap().is_edit);
    }

    #[test]
    fn what_people_say_and_do_is_not_heard() {
        let said =
            json!({"message_id": 5, "from": "person", "person": 7, "chat": 7, "date": 1, "text": "Hi"});
        assert!(read_entry("message", &said).is_none());
        assert!(read_entry("deleted", &json!({"chat": 7, "message_id": 5})).is_none());
        assert!(read(b": nothing happened", Duration::ZERO).is_none());
    }
}
