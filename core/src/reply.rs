//! What a turn says to the person, in terms of no particular messenger.

use serde::{Deserialize, Serialize};

/// One thing to send. It is stored with the turn, so it holds references, never the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Reply {
    /// A message.
    Message(Message),
    /// A file with a text below it.
    Document {
        /// Where whoever sends it gets it from.
        source: String,
        /// The name that the person sees.
        file_name: String,
        /// The text and buttons below it.
        message: Message,
    },
    /// A photo, video or recording with a text below it, shown as such.
    Media {
        /// What it is shown as.
        media: MediaKind,
        /// Where whoever sends it gets it from.
        source: String,
        /// The name that the person sees, where a name is shown.
        file_name: String,
        /// The text and buttons below it.
        message: Message,
    },
    /// Takes the place of a message that the bot sent before.
    Edit {
        /// That message.
        target: i64,
        /// What it says now. Its buttons are the new ones, or none.
        message: Message,
    },
    /// Takes the buttons away from a message that the bot sent before.
    RemoveButtons {
        /// That message.
        target: i64,
    },
    /// Shows that something is under way, for a few seconds.
    Progress(Progress),
    /// A bill that the person can pay in the messenger.
    Invoice(Invoice),
}

/// A bill that the person can pay in the messenger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// What is paid for, in a few words.
    pub title: String,
    /// The same in a sentence.
    pub description: String,
    /// What comes back with the payment: it says which bill was paid.
    pub payload: String,
    /// The currency's code.
    pub currency: String,
    /// The price, in the currency's smallest unit.
    pub amount: u32,
}

/// What a file is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Photo,
    /// A video with a player.
    Video,
    /// A recording with a player.
    Audio,
}

/// A text with buttons below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text.
    pub text: String,
    /// Rows of buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Vec<Button>>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What it does. In a turn, an action of the flow; in the outbox, what the messenger gives back at a tap.
    pub action: String,
}

/// What kind of thing is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// A text is being written.
    Typing,
    /// A file is being sent.
    SendingFile,
}

impl Message {
    /// A text without buttons.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// The same message with a row of buttons more; each a label and an action.
    #[must_use]
    pub fn row<L: Into<String>, A: Into<String>>(
        mut self,
        buttons: impl IntoIterator<Item = (L, A)>,
    ) -> Self {
        let row = buttons.into_iter().map(|(text, action)| Button {
            text: text.into(),
            action: action.into(),
        });
        let row: Vec<_> = row.collect();
        if !row.is_empty() {
            self.buttons.push(row);
        }
        self
    }
}

impl Reply {
    /// A message without buttons.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Message(Message::text(text))
    }

    /// The message that it has, if it has one.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message)
            | Self::Document { message, .. }
            | Self::Media { message, .. }
            | Self::Edit { message, .. } => Some(message),
            Self::RemoveButtons { .. } | Self::Progress(_) | Self::Invoice(_) => None,
        }
    }

    /// The same, to change it.
    pub fn message_mut(&mut self) -> Option<&mut Message> {
        match self {
            Self::Message(message)
            | Self::Document { message, .. }
            | Self::Media { message, .. }
            | Self::Edit { message, .. } => Some(message),
            Self::RemoveButtons { .. } | Self::Progress(_) | Self::Invoice(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_stored_by_name_and_documents_as_before() {
        let old = r#"{"kind":"document","source":"label/1","file_name":"a.pdf","message":{"text":"x"}}"#;
        let document: Reply = serde_json::from_str(old).unwrap();
        assert!(matches!(document, Reply::Document { .. }));
        assert_eq!(serde_json::to_string(&document).unwrap(), old);
        let new =
            r#"{"kind":"media","media":"photo","source":"s","file_name":"a.png","message":{"text":"x"}}"#;
        let media: Reply = serde_json::from_str(new).unwrap();
        assert_eq!(media.message().map(|message| message.text.as_str()), Some("x"));
        assert_eq!(serde_json::to_string(&media).unwrap(), new);
    }
}
