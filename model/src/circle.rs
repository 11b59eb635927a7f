//! Whether every run comes to an end.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use stateright::Model;

/// A run that comes back to where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle<State> {
    /// A state on it.
    pub state: State,
}

/// What a walk through the graph knows of a state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is on the path under way.
    Open,
    /// Everything after it was seen, and no circle in it.
    Closed,
}

/// Walks through every state, and looks for one that can be reached from itself. Without one, every run ends, so that
/// what holds whenever nothing is left to do holds eventually in every run. The number is that of the states.
///
/// # Errors
/// [`Circle`], when there is one.
pub fn find_circle<M>(model: &M) -> Result<usize, Circle<M::State>>
where
    M: Model,
    M::State: Clone + Hash,
{
    // By hash, as the checker itself tells states apart: a clash in 64 bits is not to be expected in millions of them.
    let hasher = std::hash::RandomState::new();
    let mut marks: HashMap<u64, Mark> = HashMap::new();
    for first in model.init_states() {
        let first_hash = hasher.hash_one(&first);
        marks.insert(first_hash, Mark::Open);
        let mut path = vec![(first_hash, model.next_states(&first))];
        while let Some((hash, successors)) = path.last_mut() {
            let Some(next) = successors.pop() else {
                marks.insert(*hash, Mark::Closed);
                path.pop();
                continue;
            };
            let next_hash = hasher.hash_one(&next);
            match marks.get(&next_hash) {
                Some(Mark::Open) => return Err(Circle { state: next }),
                Some(Mark::Closed) => {}
                None => {
                    marks.insert(next_hash, Mark::Open);
                    path.push((next_hash, model.next_states(&next)));
                }
            }
        }
    }
    Ok(marks.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts to three, and from there on to the state that it names.
    struct Counter(Option<u8>);

    impl Model for Counter {
        type State = u8;
        type Action = ();

        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }

        fn actions(&self, _: &u8, actions: &mut Vec<()>) {
            actions.push(());
        }

        fn next_state(&self, state: &u8, (): ()) -> Option<u8> {
            if *state < 3 { Some(state + 1) } else { self.0 }
        }
    }

    #[test]
    fn a_run_that_comes_back_is_found_and_one_that_ends_is_not() {
        assert_eq!(find_circle(&Counter(None)), Ok(4));
        assert_eq!(find_circle(&Counter(Some(1))), Err(Circle { state: 1 }));
        assert_eq!(find_circle(&Counter(Some(3))), Err(Circle { state: 3 }));
    }
}
