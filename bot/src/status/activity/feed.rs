//! The errors of late: those that are alike are one entry with a count.

use serde::Serialize;
use stepkeep_core::Timestamp;

use super::Place;

/// So many entries are kept.
const MOST_ENTRIES: usize = 50;

/// An error, and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorFigures {
    /// A stable word for what kind of error it is.
    pub kind: String,
    /// What happened, shortened, without what people wrote.
    pub message: String,
    /// Where people were.
    pub place: Option<Place>,
    /// How often it came since the process started, as long as it was not pushed out by others.
    pub count: u64,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Feed(Vec<ErrorFigures>);

impl Feed {
    pub(super) fn record(&mut self, kind: &str, message: String, place: Option<&Place>, at: Timestamp) {
        let known = self
            .0
            .iter_mut()
            .find(|entry| entry.kind == kind && entry.message == message && entry.place.as_ref() == place);
        if let Some(entry) = known {
            entry.count += 1;
            entry.last_at = at;
            return;
        }
        if self.0.len() >= MOST_ENTRIES {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, entry)| entry.last_at);
            if let Some((oldest, _)) = oldest {
                self.0.swap_remove(oldest);
            }
        }
        self.0.push(ErrorFigures {
            kind: kind.to_owned(),
            message,
            place: place.cloned(),
            count: 1,
            first_at: at,
            last_at: at,
        });
    }

    /// The entries, the newest first.
    pub(super) fn entries(&self) -> Vec<ErrorFigures> {
        let mut entries = self.0.clone();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_at));
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn what_is_alike_is_counted_and_the_oldest_goes_first() {
        let mut feed = Feed::default();
        for second in 0..1_000 {
            feed.record("store", "it is down".to_owned(), None, at(second));
            feed.record("other", format!("number {second}"), None, at(second));
        }
        let entries = feed.entries();
        assert_eq!(entries.len(), MOST_ENTRIES);
        let down = entries.iter().find(|entry| entry.kind == "store").unwrap();
        assert_eq!((down.count, down.first_at, down.last_at), (1_000, at(0), at(999)));
        assert!(entries.iter().all(|entry| entry.last_at >= at(900)));
    }
}
