//! Messages of a chat.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    files::StoredFile,
    markup::Markup,
    payments::{Bill, Receipt},
    people::Person,
    text::FormattedText,
};

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
    /// A video, a piece of sound or a voice message: its file says which.
    Clip {
        file: Arc<StoredFile>,
        caption: FormattedText,
    },
    /// The service message that ends a group: it has become the supergroup of this id.
    MigratedTo(i64),
    /// The service message that a supergroup begins with: it was the group of this id.
    MigratedFrom(i64),
    /// What asks to be paid.
    Invoice(Bill),
    /// The service message that says that the person has paid.
    Paid(Receipt),
    /// The service message that says that the person was given back what they paid.
    Refunded(Receipt),
}

impl Content {
    /// The text, or the caption; service messages have none.
    pub(crate) fn words(&self) -> Option<&FormattedText> {
        match self {
            Self::Text(words)
            | Self::Document { caption: words, .. }
            | Self::Photo { caption: words, .. }
            | Self::Clip { caption: words, .. } => Some(words),
            Self::MigratedTo(_)
            | Self::MigratedFrom(_)
            | Self::Invoice(_)
            | Self::Paid(_)
            | Self::Refunded(_) => None,
        }
    }

    pub(crate) fn file_mut(&mut self) -> Option<&mut Arc<StoredFile>> {
        match self {
            Self::Document { file, .. } | Self::Photo { file, .. } | Self::Clip { file, .. } => Some(file),
            Self::Text(_)
            | Self::MigratedTo(_)
            | Self::MigratedFrom(_)
            | Self::Invoice(_)
            | Self::Paid(_)
            | Self::Refunded(_) => None,
        }
    }

    pub(crate) fn caption_mut(&mut self) -> Option<&mut FormattedText> {
        match self {
            Self::Document { caption, .. } | Self::Photo { caption, .. } | Self::Clip { caption, .. } => {
                Some(caption)
            }
            Self::Text(_)
            | Self::MigratedTo(_)
            | Self::MigratedFrom(_)
            | Self::Invoice(_)
            | Self::Paid(_)
            | Self::Refunded(_) => None,
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
    /// What the messages of one album have in common.
    #[serde(default)]
    pub(crate) album: Option<String>,
}

/// A message that is still to get its id and date.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) author: Author,
    pub(crate) content: Content,
    pub(crate) markup: Option<Markup>,
    pub(crate) reply_to: Option<i64>,
    pub(crate) album: Option<String>,
}
