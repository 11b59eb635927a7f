//! What happened lately, in slots of ten seconds.

use std::collections::VecDeque;
use std::time::Duration;

use super::histogram::Histogram;

/// The number of a slot: slots since the Unix epoch.
pub(super) type SlotNumber = i64;

/// The length of a slot, in milliseconds.
pub(super) const SLOT_MILLIS: i64 = 10_000;

/// What a slot keeps of the durations that fall into it.
pub(super) trait Durations: Default + Clone {
    fn record(&mut self, duration: Duration);

    fn add(&mut self, other: &Self);
}

impl Durations for Histogram {
    fn record(&mut self, duration: Duration) {
        Self::record(self, duration);
    }

    fn add(&mut self, other: &Self) {
        Self::add(self, other);
    }
}

/// Only how many there were: a hundredth of a histogram's memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(pub(super) u32);

impl Durations for Count {
    fn record(&mut self, _: Duration) {
        self.0 = self.0.saturating_add(1);
    }

    fn add(&mut self, other: &Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// Durations by when they came. Slots in which nothing happened take no memory, and old ones are dropped.
#[derive(Clone, Debug)]
pub(super) struct Series<D = Histogram> {
    kept: SlotNumber,
    slots: VecDeque<Slot<D>>,
}

#[derive(Clone, Debug)]
pub(super) struct Slot<D = Histogram> {
    pub(super) number: SlotNumber,
    pub(super) durations: D,
    pub(super) errors: u32,
}

impl<D: Durations> Series<D> {
    /// Keeps so many slots.
    pub(super) fn of(kept: SlotNumber) -> Self {
        Self {
            kept,
            slots: VecDeque::new(),
        }
    }

    pub(super) fn record(&mut self, now: SlotNumber, duration: Duration, is_error: bool) {
        // A clock that was set back goes on in the newest slot.
        if self.slots.back().is_none_or(|newest| newest.number < now) {
            self.slots.push_back(Slot {
                number: now,
                durations: D::default(),
                errors: 0,
            });
            let oldest = now - self.kept;
            while self.slots.front().is_some_and(|slot| slot.number <= oldest) {
                self.slots.pop_front();
            }
        }
        if let Some(newest) = self.slots.back_mut() {
            newest.durations.record(duration);
            newest.errors = newest.errors.saturating_add(u32::from(is_error));
        }
    }

    /// The slots of the last time, oldest first.
    pub(super) fn lately(&self, now: SlotNumber) -> impl Iterator<Item = &Slot<D>> {
        let oldest = now - self.kept;
        self.slots.iter().filter(move |slot| slot.number > oldest)
    }

    /// All of the last time together: how long, and how many failed.
    pub(super) fn together(&self, now: SlotNumber) -> (D, u64) {
        let (mut all, mut errors) = (D::default(), 0);
        for slot in self.lately(now) {
            all.add(&slot.durations);
            errors += u64::from(slot.errors);
        }
        (all, errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_old_is_forgotten() {
        let mut series: Series = Series::of(3);
        for slot in [1, 2, 4] {
            series.record(slot, SHORT, slot == 2);
        }
        let numbers = |now| series.lately(now).map(|slot| slot.number).collect::<Vec<_>>();
        assert_eq!(numbers(4), [2, 4]);
        assert_eq!(numbers(5), [4]);
        assert_eq!(series.slots.len(), 2, "and takes no memory");
        let (all, errors) = series.together(4);
        assert_eq!((all.count(), errors), (2, 1));
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let mut series: Series = Series::of(3);
        series.record(10, SHORT, false);
        series.record(5, SHORT, false);
        assert_eq!(series.together(10).0.count(), 2);
    }
}
