//! Messages of a chat.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{files::StoredFile, markup::Markup, people::Person, text::FormattedText};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Author {
    Bot,
    Person(Arc<Person>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Content {
    Text(FormattedText),
    Document {
        file: Arc<StoredFile>,
        caption: FormattedText,
    },
    Photo {
        file: Arc<StoredFile>,
        caption: FormattedText,
    },
}

impl Content {
    /// The text, or the caption.
    pub(crate) fn words(&self) -> &FormattedText {
        match self {
            Self::Text(words)
            | Self::Document { caption: words, .. }
            | Self::Photo { caption: words, .. } => words,
        }
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut Arc<StoredFile>> {
        match self {
            Self::Text(_) => None,
            Self::Document { file, .. } | Self::Photo { file, .. } => Some(file),
        }
    }

    pub(crate) fn caption_mut(&mut self) -> Option<&mut FormattedText> {
        match self {
            Self::Text(_) => None,
            Self::Document { caption, .. } | Self::Photo { caption, .. } => Some(caption),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) date: i64,
    pub(crate) edit_date: Option<i64>,
    pub(crate) author: Author,
    pub(crate) content: Content,
    pub(crate) markup: Option<Markup>,
    pub(crate) reply_to: Option<i64>,
}

/// A message that is still to get its id and date.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) author: Author,
    pub(crate) content: Content,
    pub(crate) markup: Option<Markup>,
    pub(crate) reply_to: Option<i64>,
}
