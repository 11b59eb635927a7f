//! What a person did, or what happened: the one thing that a turn answers to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::field::FieldValue;
use crate::idle::IdleStage;

/// What tells one input from every other of its session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InputId {
    /// An update, by its id.
    Update(i64),
    /// A press on one button of one message: the same person pressing it again is the same tap, under whatever update.
    Tap {
        /// The message that has the button.
        message: i64,
        /// What the button carries.
        data: String,
    },
    /// An effect that came back, by its id.
    Effect(String),
    /// A wake time of a flow that came.
    Wake(Timestamp),
    /// A time by which nothing happened.
    Idle(Timestamp),
}

impl fmt::Display for InputId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update(id) => write!(formatter, "u{id}"),
            Self::Tap { message, data } => write!(formatter, "t{message}:{data}"),
            Self::Effect(id) => write!(formatter, "e{id}"),
            Self::Wake(at) => write!(formatter, "w{}", at.as_millis()),
            Self::Idle(at) => write!(formatter, "i{}", at.as_millis()),
        }
    }
}

/// A text that is no input's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an input's id is `u` and a number, `t`, a number, `:` and data, `e` and an id, or `w` or `i` and a time"
)]
pub struct InvalidInputId;

impl FromStr for InputId {
    type Err = InvalidInputId;

    fn from_str(text: &str) -> Result<Self, InvalidInputId> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| InvalidInputId);
        let mut chars = text.chars();
        let kind = chars.next();
        let rest = chars.as_str();
        match kind {
            Some('u') => number(rest).map(Self::Update),
            Some('t') => {
                let (message, data) = rest.split_once(':').ok_or(InvalidInputId)?;
                Ok(Self::Tap {
                    message: number(message)?,
                    data: data.to_owned(),
                })
            }
            Some('e') => Ok(Self::Effect(rest.to_owned())),
            Some('w') => Ok(Self::Wake(Timestamp::from_millis(number(rest)?))),
            Some('i') => Ok(Self::Idle(Timestamp::from_millis(number(rest)?))),
            _ => Err(InvalidInputId),
        }
    }
}

impl Serialize for InputId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A session keeps up to 128 of them, so they are written without the machinery of formatting.
        let (kind, number) = match self {
            Self::Update(id) => (b'u', *id),
            Self::Wake(at) => (b'w', at.as_millis()),
            Self::Idle(at) => (b'i', at.as_millis()),
            Self::Tap { .. } | Self::Effect(_) => return serializer.collect_str(self),
        };
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number).as_bytes();
        let mut text = [kind; 24];
        let text = match text.get_mut(1..=digits.len()) {
            Some(rest) => {
                rest.copy_from_slice(digits);
                text.get(..=digits.len())
            }
            None => None,
        };
        match text.map(std::str::from_utf8) {
            Some(Ok(text)) => serializer.serialize_str(text),
            // A number has twenty digits at most, all of them ASCII.
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for InputId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One input of one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What tells it from every other.
    pub id: InputId,
    /// When it is handled, by the caller's clock.
    pub at: Timestamp,
    /// The person's language as their client tells it (an IETF tag such as `en` or `pt-br`).
    pub language: Option<String>,
    /// What it is.
    pub kind: InputKind,
}

/// What an input is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InputKind {
    /// A text, as the person wrote it.
    Text(String),
    /// A command, without its slash and the bot's name, and what follows it.
    Command {
        /// The command's name, in lower case.
        name: String,
        /// What follows it, trimmed.
        arguments: String,
    },
    /// A press on a button.
    Tap(Tap),
    /// A file, photo or the like.
    File(FileInput),
    /// Something that no flow reads: a sticker, a location, a poll. The word names it.
    Other(String),
    /// Something that happened and was dealt with elsewhere already: a payment, say. It only has to be told.
    Happened {
        /// What.
        name: String,
        /// All that is told of it.
        details: FieldValue,
    },
    /// The person can't be reached any more: blocked the bot, or deleted the chat. The conversation ends, and nothing
    /// is said.
    ChatGone,
    /// The person stopped answering.
    Idle(IdleStage),
    /// A timer came due.
    TimerFired {
        /// The timer's name.
        name: String,
    },
    /// An effect came back.
    EffectFinished {
        /// The effect's id.
        id: String,
        /// Its name.
        name: String,
        /// What it brought.
        outcome: FieldValue,
    },
}

/// A press on a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The message that has the button.
    pub message: i64,
    /// What the button carries; never to be trusted.
    pub data: String,
}

/// What a file was sent as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// A photo, which the messenger may have made smaller.
    Photo,
    /// A video with or without sound.
    Video,
    /// A piece of music or another recording.
    Audio,
    /// A voice message.
    Voice,
    /// A short video without sound that plays by itself.
    Animation,
    /// A file of any kind.
    #[default]
    Document,
}

/// A file that the person sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInput {
    /// What to ask the messenger for to get it.
    pub file_id: String,
    /// Its name, where it has one.
    pub file_name: Option<String>,
    /// Its media type, where it is known.
    pub media_type: Option<String>,
    /// Its size in bytes, where it is known.
    pub size: Option<u64>,
    /// The text below it.
    pub caption: Option<String>,
    /// What it was sent as.
    #[serde(default)]
    pub kind: FileKind,
    /// What the files that were sent together have in common; `None` for one sent alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
}

impl Input {
    /// The ids under which the input counts as applied: its own and, for a tap, the button's.
    pub fn marks(&self) -> Vec<InputId> {
        let mut marks = vec![self.id.clone()];
        if let InputKind::Tap(tap) = &self.kind {
            let mark = InputId::Tap {
                message: tap.message,
                data: tap.data.clone(),
            };
            if mark != self.id {
                marks.push(mark);
            }
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_written_before_kinds_and_albums_is_a_document_sent_alone() {
        let old = r#"{"file_id":"f","file_name":"a.pdf","media_type":null,"size":5,"caption":null}"#;
        let file: FileInput = serde_json::from_str(old).unwrap();
        assert_eq!((file.kind, file.album), (FileKind::Document, None));
        assert_eq!(serde_json::to_string(&FileKind::Voice).unwrap(), r#""voice""#);
    }

    proptest! {
        #[test]
        fn the_text_of_an_id_gives_the_same_id_back(number: i64, data in ".{0,64}") {
            let ids = [
                InputId::Update(number),
                InputId::Tap { message: number, data: data.clone() },
                InputId::Effect(data),
                InputId::Wake(Timestamp::from_millis(number)),
                InputId::Idle(Timestamp::from_millis(number)),
            ];
            for id in ids {
                prop_assert_eq!(id.to_string().parse(), Ok(id));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = text.parse::<InputId>();
        }
    }
}
