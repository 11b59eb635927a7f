//! What a run is made of.

use std::time::Duration;

use crate::chance::Chance;

/// How processes come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One at a time; it dies, and another starts.
    Alone,
    /// Two at a time, both of which get every update.
    Rivals,
    /// One takes over from the other, which finishes what it has.
    Deploys,
}

/// A run, drawn from its seed.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) mode: Mode,
    /// How many deeds each person has before them.
    pub(crate) people: Vec<usize>,
    /// Whether they are near the end of an order already.
    pub(crate) is_order_filled_in: bool,
    /// How many calls in a thousand fail.
    pub(crate) severity: usize,
    /// After how long a process dies or is stopped, again and again.
    pub(crate) ends: Vec<Duration>,
    /// When the store is down, and for how long.
    pub(crate) outages: Vec<(Duration, Duration)>,
}

impl Schedule {
    pub(crate) fn draw(chance: &Chance) -> Self {
        let mode = match chance.below(3) {
            0 => Mode::Alone,
            1 => Mode::Rivals,
            _ => Mode::Deploys,
        };
        // A few whole orders, many beginnings, and many ends: that is where money is spent.
        let what = chance.below(10);
        let few = |most: usize| 1 + chance.below(most);
        let people = match what {
            0 => vec![24 + few(10)],
            1..=5 => (0..few(2)).map(|_| 2 + few(8)).collect(),
            _ => (0..few(2)).map(|_| 4 + few(5)).collect(),
        };
        let severity = [0, 10, 40, 100][chance.below(4)];
        let ends = (0..chance.below(4)).map(|_| chance.millis(100, 25_000)).collect();
        let outages = (0..chance.below(3))
            .map(|_| (chance.millis(0, 30_000), chance.millis(100, 40_000)))
            .collect();
        Self {
            mode,
            people,
            is_order_filled_in: what > 5,
            severity,
            ends,
            outages,
        }
    }
}
