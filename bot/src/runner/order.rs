//! The order of one conversation's updates when some of them were given back and come again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;
use stepkeep_core::SessionKey;

/// Which updates were given back, and what waits behind them. `T` is what is needed to handle an update.
///
/// A person's later answers must not overtake an earlier one that comes again: they would be taken for the answer to its
/// question. So what comes in behind an update that was given back waits here, and is handled right after it.
#[derive(Debug)]
pub(super) struct Order<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    term: Term,
    conversations: HashMap<SessionKey, Behind<T>>,
}

/// How long whoever brings the updates has been doing so without a break: what it brought before comes from somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Term(u64);

#[derive(Debug)]
struct Behind<T> {
    /// The updates that were given back and are to come again.
    given_back: BTreeSet<i64>,
    waiting: BTreeMap<i64, T>,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            term: Term::default(),
            conversations: HashMap::new(),
        }))
    }
}

impl<T> Order<T> {
    /// The present term, to be noted when an update is taken.
    pub(super) fn term(&self) -> Term {
        self.0.lock().term
    }

    /// How many updates wait.
    pub(super) fn waiting(&self) -> usize {
        let conversations = &self.0.lock().conversations;
        conversations.values().map(|behind| behind.waiting.len()).sum()
    }

    /// Lets an update pass, by giving it back to be handled, or keeps it if one before it is to come again.
    pub(super) fn pass(&self, key: &SessionKey, update: i64, item: T) -> Option<T> {
        let conversations = &mut self.0.lock().conversations;
        let Some(behind) = conversations.get_mut(key) else {
            return Some(item);
        };
        if behind.given_back.range(..update).next().is_none() {
            return Some(item);
        }
        // The same update may be delivered twice; one is enough to answer it, and the other is given back.
        behind.waiting.entry(update).or_insert(item);
        None
    }

    /// An update that was taken in this term was given back: what comes behind it waits. One of an earlier term comes again
    /// somewhere else.
    pub(super) fn given_back(&self, key: &SessionKey, update: i64, term: Term) {
        let mut state = self.0.lock();
        if state.term != term {
            return;
        }
        let behind = state.conversations.entry(key.clone()).or_insert_with(|| Behind {
            given_back: BTreeSet::new(),
            waiting: BTreeMap::new(),
        });
        behind.given_back.insert(update);
    }

    /// An update is done with: answers what is to be handled next, if something waited for it.
    pub(super) fn settled(&self, key: &SessionKey, update: i64) -> Option<T> {
        let conversations = &mut self.0.lock().conversations;
        let behind = conversations.get_mut(key)?;
        behind.given_back.remove(&update);
        let next = match (behind.waiting.first_entry(), behind.given_back.first()) {
            (Some(first), Some(given_back)) if given_back < first.key() => None,
            (Some(first), _) => Some(first.remove()),
            (None, _) => None,
        };
        if behind.given_back.is_empty() && behind.waiting.is_empty() {
            conversations.remove(key);
        }
        next
    }

    /// Forgets everything, and answers what waited: whoever brought it brings it again.
    pub(super) fn clear(&self) -> usize {
        let forgotten = {
            let mut state = self.0.lock();
            state.term = Term(state.term.0 + 1);
            std::mem::take(&mut state.conversations)
        };
        forgotten.values().map(|behind| behind.waiting.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{BotId, UserId};

    use super::*;

    fn key(user: i64) -> SessionKey {
        SessionKey::private(BotId(1), UserId(user))
    }

    #[test]
    fn what_comes_behind_an_update_that_was_given_back_follows_it() {
        let order = Order::default();
        assert_eq!(order.pass(&key(1), 10, "a"), Some("a"));
        order.given_back(&key(1), 10, order.term());
        assert_eq!(order.pass(&key(1), 12, "c"), None);
        assert_eq!(order.pass(&key(1), 11, "b"), None);
        assert_eq!(
            order.pass(&key(1), 11, "b again"),
            None,
            "one of the two is enough"
        );
        assert_eq!(order.pass(&key(2), 13, "other"), Some("other"));

        assert_eq!(
            order.pass(&key(1), 10, "a"),
            Some("a"),
            "it may always come again"
        );
        assert_eq!(order.settled(&key(1), 10), Some("b"));
        assert_eq!(order.settled(&key(1), 11), Some("c"));
        assert_eq!(order.settled(&key(1), 12), None);
        assert_eq!(order.pass(&key(1), 14, "d"), Some("d"));
        assert!(
            order.0.lock().conversations.is_empty(),
            "a key without trouble costs nothing"
        );
    }

    #[test]
    fn what_fails_behind_another_keeps_the_rest_waiting() {
        let order = Order::default();
        order.given_back(&key(1), 10, order.term());
        assert_eq!(order.pass(&key(1), 11, "b"), None);
        assert_eq!(order.pass(&key(1), 12, "c"), None);
        assert_eq!(order.settled(&key(1), 10), Some("b"));
        order.given_back(&key(1), 11, order.term());
        assert_eq!(order.pass(&key(1), 13, "d"), None);
        assert_eq!(order.settled(&key(1), 11), Some("c"));
    }

    #[test]
    fn an_older_one_that_comes_late_does_not_wait() {
        let order = Order::default();
        order.given_back(&key(1), 10, order.term());
        assert_eq!(order.pass(&key(1), 9, "old"), Some("old"));
        assert_eq!(order.settled(&key(1), 9), None);
        assert_eq!(order.pass(&key(1), 11, "b"), None);
    }

    #[test]
    fn what_is_let_go_is_forgotten() {
        let order = Order::default();
        order.given_back(&key(1), 10, order.term());
        assert_eq!(order.pass(&key(1), 11, "b"), None);
        let earlier = order.term();
        assert_eq!(order.clear(), 1);
        assert_eq!(order.pass(&key(1), 12, "c"), Some("c"));
        // A job of that time ends late.
        order.given_back(&key(1), 9, earlier);
        assert_eq!(order.pass(&key(1), 13, "d"), Some("d"));
    }
}
