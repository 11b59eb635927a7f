//! Who is stored: people in no order, every tenth of whom has been away for long.

use fastrand::Rng;
use stepkeep_core::Timestamp;

use crate::at;
use crate::report::shape::RECENT;

/// Of so many people one is idle.
const ONE_OF: u32 = 10;

/// A day, in milliseconds: the time over which last changes are spread.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// The number of the person at an index; no two have the same. Numbers of one after another are far apart, as those of
/// people are who come to a bot.
pub(super) fn person(index: u32) -> i64 {
    // An odd factor has an inverse modulo a power of two.
    let scattered = u64::from(index).wrapping_mul(2_654_435_761) % (1 << 33);
    scattered.cast_signed() + 1
}

/// When the person's session was last changed, in milliseconds: some time of a day, so that it is in no order either.
pub(super) fn changed_at(index: u32) -> i64 {
    let scattered = u64::from(index).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let of_day = scattered.cast_signed() % DAY;
    if is_idle(index) {
        of_day
    } else {
        RECENT - DAY + of_day
    }
}

/// What was last changed before is idle.
pub(super) fn cutoff() -> Timestamp {
    at(DAY)
}

/// How many of so many are idle.
pub(super) fn idle(stored: u32) -> u32 {
    stored.div_ceil(ONE_OF)
}

fn is_idle(index: u32) -> bool {
    index.is_multiple_of(ONE_OF)
}

/// Who has to be stored so that there are so many, when there were fewer and those who were idle are gone.
pub(super) fn missing(before: u32, stored: u32) -> impl Iterator<Item = u32> + Send {
    (0..stored).filter(move |index| *index >= before || is_idle(*index))
}

/// For each of these callers some people by chance, no person twice, and nobody who is idle.
pub(super) fn callers(stored: u32, callers: u32, each: usize, seed: u64) -> Vec<Vec<i64>> {
    let mut chance = Rng::with_seed(seed);
    let of_caller = |first| {
        let step = usize::try_from(callers).unwrap_or(1);
        let indices = (first..stored).step_by(step);
        let mut indices: Vec<u32> = indices.filter(|index| !is_idle(*index)).collect();
        chance.shuffle(&mut indices);
        indices.truncate(each);
        indices.into_iter().map(person).collect()
    };
    (0..callers).map(of_caller).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_is_somebody_else_and_the_idle_ones_are_those_before_the_cutoff() {
        let people: BTreeSet<i64> = (0..50_000).map(person).collect();
        assert_eq!(people.len(), 50_000);
        let before = |index: &u32| at(changed_at(*index)) < cutoff();
        let idle_ones = (0..50_001).filter(before).count();
        assert_eq!(u32::try_from(idle_ones).unwrap(), idle(50_001));
        assert!((0..50_001).all(|index| changed_at(index) < RECENT));
    }

    #[test]
    fn what_is_missing_are_the_new_ones_and_the_removed_ones() {
        assert_eq!(missing(0, 3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(missing(12, 15).collect::<Vec<_>>(), [0, 10, 12, 13, 14]);
    }

    #[test]
    fn no_two_callers_have_the_same_person_and_none_an_idle_one() {
        let all: Vec<i64> = callers(1_000, 16, 1_000, 1).concat();
        let different: BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!((all.len(), different.len()), (900, 900));
        assert!(
            (0..1_000)
                .step_by(10)
                .all(|index| !different.contains(&person(index)))
        );
        let some = callers(1_000, 2, 5, 1);
        assert_eq!(some.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5]);
        assert_ne!(some, callers(1_000, 2, 5, 2));
    }
}
