//! Text that is cheap to clone, and that may be a part of a longer one: what is read of a record shares one copy of it.

use std::sync::Arc;

/// A text. A part keeps the whole that it is of in memory; for a session's fields that is the record, which they are most of.
#[derive(Clone)]
pub(crate) enum Text {
    /// It stands for itself.
    Whole(Arc<str>),
    /// It is a part of a longer one.
    Part {
        /// The longer one.
        whole: Arc<str>,
        /// Where it begins there, in bytes.
        start: u32,
        /// Where it ends.
        end: u32,
    },
}

impl Text {
    /// The part of a text between two places, in bytes.
    pub(crate) fn part(whole: &Arc<str>, start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self::Part {
                whole: Arc::clone(whole),
                start,
                end,
            },
            _ => Self::Whole(Arc::from(whole.get(start..end).unwrap_or_default())),
        }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Whole(text) => text,
            Self::Part { whole, start, end } => whole.get(*start as usize..*end as usize).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_stands_between_its_places() {
        let whole: Arc<str> = Arc::from("one, два");
        assert_eq!(Text::part(&whole, 5, whole.len()).as_str(), "два");
        assert_eq!(Text::part(&whole, 0, 3).as_str(), "one");
        assert_eq!(Text::part(&whole, 3, 3).as_str(), "");
    }
}
