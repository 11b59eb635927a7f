//! Whether a recorded history of one key can be explained by operations that happen one at a time.
//!
//! The search is that of Wing and Gong, with Lowe's memory of configurations that were tried: exact, and fast while few
//! operations overlap at any time.

use std::collections::HashSet;
use std::fmt;

use crate::revision::Revision;

/// One operation of a history.
///
/// The instants come from one counter that all tasks share. An operation takes effect between its two instants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) called: u64,
    pub(super) returned: u64,
    pub(super) action: Action,
}

/// What was asked for, and what was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get {
        answer: Option<Revision>,
    },
    Create {
        revision: Revision,
        answer: Write,
    },
    Update {
        held: Revision,
        revision: Revision,
        answer: Write,
    },
    Clear {
        expected: Option<Revision>,
        answer: Write,
    },
}

/// What a write answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// It changed the record.
    Done,
    /// It found another revision.
    Refused(Revision),
    /// It found nothing.
    Nothing,
}

/// A history that no order of its operations explains.
#[derive(Debug)]
pub(super) struct Violation {
    explained: u32,
    of: usize,
    stored: Option<Revision>,
    stuck: Vec<Operation>,
}

/// How many operations a history has at most.
pub(super) const MAX_OPERATIONS: usize = 128;

/// Whether there is an order of the operations that keeps to real time (who returned before another was called comes
/// before it) and in which each answer is the one that a lone store would give, beginning with nothing stored.
///
/// Only the first [`MAX_OPERATIONS`] are looked at.
pub(super) fn check(history: &[Operation]) -> Result<(), Violation> {
    let history = &history[..history.len().min(MAX_OPERATIONS)];
    let mut tried = HashSet::new();
    let mut open = vec![(Explained::default(), None)];
    let mut furthest = (Explained::default(), None);
    while let Some((explained, stored)) = open.pop() {
        if explained.count() as usize == history.len() {
            return Ok(());
        }
        if !tried.insert((explained, stored)) {
            continue;
        }
        if explained.count() > furthest.0.count() {
            furthest = (explained, stored);
        }
        for (index, operation) in explained.next_of(history) {
            if let Ok(stored) = operation.action.effect_on(stored) {
                open.push((explained.with(index), stored));
            }
        }
    }
    let (explained, stored) = furthest;
    Err(Violation {
        explained: explained.count(),
        of: history.len(),
        stored,
        stuck: explained
            .next_of(history)
            .map(|(_, operation)| *operation)
            .collect(),
    })
}

/// The operations that an order has already, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Explained(u128);

impl Explained {
    fn count(self) -> u32 {
        self.0.count_ones()
    }

    fn with(self, index: usize) -> Self {
        Self(self.0 | 1 << index)
    }

    /// The operations that may come next: those that were called before any other open one returned.
    fn next_of(self, history: &[Operation]) -> impl Iterator<Item = (usize, &Operation)> {
        let open = move |index: usize| self.0 & (1 << index) == 0;
        let first_return = history
            .iter()
            .enumerate()
            .filter(|(index, _)| open(*index))
            .map(|(_, operation)| operation.returned)
            .min()
            .unwrap_or(u64::MAX);
        history
            .iter()
            .enumerate()
            .filter(move |(index, operation)| open(*index) && operation.called < first_return)
    }
}

/// The answer is not one that the operation gives to what is stored.
struct Misfit;

impl Action {
    /// What is stored after it, if its answer fits what was stored before.
    fn effect_on(self, stored: Option<Revision>) -> Result<Option<Revision>, Misfit> {
        let (fits, after) = match self {
            Self::Get { answer } => (stored == answer, stored),
            Self::Create { revision, answer } => match answer {
                Write::Done => (stored.is_none(), Some(revision)),
                Write::Refused(current) => (stored == Some(current), stored),
                Write::Nothing => (false, stored),
            },
            Self::Update {
                held,
                revision,
                answer,
            } => match answer {
                Write::Done => (stored == Some(held), Some(revision)),
                Write::Refused(current) => (stored == Some(current) && current != held, stored),
                Write::Nothing => (stored.is_none(), stored),
            },
            Self::Clear { expected, answer } => match answer {
                Write::Done => (
                    stored.is_some() && (expected.is_none() || stored == expected),
                    None,
                ),
                Write::Refused(current) => (
                    stored == Some(current) && expected.is_some_and(|expected| expected != current),
                    stored,
                ),
                Write::Nothing => (stored.is_none(), stored),
            },
        };
        if fits { Ok(after) } else { Err(Misfit) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "no order explains the answers: after {} of {} operations ",
            self.explained, self.of
        )?;
        match self.stored {
            Some(revision) => write!(formatter, "{revision:?} is stored")?,
            None => formatter.write_str("nothing is stored")?,
        }
        formatter.write_str(", and one of these has to come next:")?;
        for Operation {
            called,
            returned,
            action,
        } in &self.stuck
        {
            write!(formatter, " [{called}..{returned}: {action:?}]")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;

    fn revision(number: u64) -> Revision {
        (1..number).fold(Revision::first(Draw::from_u64(1)), |revision, draw| {
            revision.next(Draw::from_u64(draw))
        })
    }

    fn create(number: u64) -> Action {
        Action::Create {
            revision: revision(number),
            answer: Write::Done,
        }
    }

    fn update(held: u64, next: u64) -> Action {
        Action::Update {
            held: revision(held),
            revision: revision(next),
            answer: Write::Done,
        }
    }

    fn refused(held: u64, current: u64) -> Action {
        Action::Update {
            held: revision(held),
            revision: revision(99),
            answer: Write::Refused(revision(current)),
        }
    }

    fn get(number: u64) -> Action {
        let answer = Some(revision(number));
        Action::Get { answer }
    }

    const GET_NOTHING: Action = Action::Get { answer: None };
    const CLEAR: Action = Action::Clear {
        expected: None,
        answer: Write::Done,
    };

    fn is_linearizable(operations: &[(u64, u64, Action)]) -> bool {
        let history: Vec<_> = operations
            .iter()
            .map(|&(called, returned, action)| Operation {
                called,
                returned,
                action,
            })
            .collect();
        check(&history).is_ok()
    }

    #[test]
    fn a_history_without_overlap_is_explained_in_its_own_order() {
        assert!(is_linearizable(&[]));
        assert!(is_linearizable(&[
            (0, 1, GET_NOTHING),
            (2, 3, create(1)),
            (4, 5, get(1)),
            (6, 7, update(1, 2)),
            (8, 9, refused(1, 2)),
            (10, 11, CLEAR),
            (12, 13, GET_NOTHING),
        ]));
    }

    #[test]
    fn overlapping_operations_may_have_happened_in_any_order() {
        let reads = |first, second| {
            [
                (0, 1, create(1)),
                (2, 9, update(1, 2)),
                (3, 4, first),
                (5, 6, second),
            ]
        };
        assert!(is_linearizable(&reads(get(1), get(2))));
        assert!(is_linearizable(&reads(get(2), get(2))));
        assert!(!is_linearizable(&reads(get(2), get(1))), "time went back");
    }

    #[test]
    fn the_order_in_which_operations_are_listed_makes_no_difference() {
        assert!(is_linearizable(&[
            (10, 11, get(2)),
            (4, 8, update(1, 2)),
            (0, 1, create(1))
        ]));
    }

    #[test]
    fn two_winners_of_one_revision_are_a_violation() {
        assert!(!is_linearizable(&[
            (0, 1, create(1)),
            (2, 9, update(1, 2)),
            (3, 8, update(1, 3)),
        ]));
    }

    #[test]
    fn two_creates_without_a_clear_between_are_a_violation() {
        let creates = [(0, 9, create(1)), (1, 8, create(2))];
        assert!(!is_linearizable(&creates));
        assert!(is_linearizable(&[creates[0], creates[1], (2, 7, CLEAR)]));
    }

    #[test]
    fn an_acknowledged_write_that_a_later_read_misses_is_a_violation() {
        assert!(!is_linearizable(&[
            (0, 1, create(1)),
            (2, 3, update(1, 2)),
            (4, 5, get(1))
        ]));
        assert!(!is_linearizable(&[(0, 1, create(1)), (2, 3, GET_NOTHING)]));
        assert!(!is_linearizable(&[
            (0, 1, create(1)),
            (2, 3, CLEAR),
            (4, 5, get(1))
        ]));
    }

    #[test]
    fn a_lost_update_is_a_violation() {
        // The second update was acknowledged over the first, which the third then goes on from.
        assert!(!is_linearizable(&[
            (0, 1, create(1)),
            (2, 3, update(1, 2)),
            (4, 5, update(1, 3)),
            (6, 7, update(2, 4)),
        ]));
    }

    #[test]
    fn a_conflict_against_what_was_never_stored_is_a_violation() {
        assert!(!is_linearizable(&[(0, 1, create(1)), (2, 3, refused(2, 3))]));
        assert!(!is_linearizable(&[(0, 1, create(1)), (2, 3, refused(1, 1))]));
    }

    #[test]
    fn one_session_cleared_twice_is_a_violation() {
        assert!(!is_linearizable(&[
            (0, 1, create(1)),
            (2, 9, CLEAR),
            (3, 8, CLEAR)
        ]));
    }

    #[test]
    fn a_violation_says_where_every_explanation_ends() {
        let history = [(0, 1, create(1)), (2, 3, GET_NOTHING)].map(|(called, returned, action)| Operation {
            called,
            returned,
            action,
        });
        let violation = check(&history).unwrap_err();
        insta::assert_snapshot!(violation, @"no order explains the answers: after 1 of 2 operations 1-0000000000000001 is stored, and one of these has to come next: [2..3: Get { answer: None }]");
    }
}
