//! Where the randomness of the cases comes from.

use super::case::Outcome;

/// The variable that says which seed the cases that draw operations at random begin with.
pub const SEED_VARIABLE: &str = "STEPKEEP_CONFORMANCE_SEED";

/// That many seeds. Without [`SEED_VARIABLE`] they are the same at every run, so that a failure stays.
pub(super) fn seeds(count: u64) -> Outcome<impl Iterator<Item = u64>> {
    let first = match std::env::var(SEED_VARIABLE) {
        Ok(seed) => seed.parse::<u64>()?,
        Err(_) => 0,
    };
    Ok((0..count).map(move |index| first.wrapping_add(index)))
}
