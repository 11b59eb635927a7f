//! Which answers are still valid, told without knowing the keys: by counting invalidations.
//!
//! Keys share a few slots by their hash. An answer carries the generation that its slot had when its load began, and counts only
//! while the slot is still at it. So an invalidation from elsewhere, or of everything, is an addition, and whatever is being loaded
//! meanwhile is void by itself. Neighbours in a slot go with it: that costs a load now and then, and is never wrong.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

const SLOTS: u16 = 1_024;

/// The generations of one cache.
#[derive(Debug)]
pub(super) struct Generations(Box<[AtomicU64]>);

/// The generation of a slot at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    slot: u16,
    generation: u64,
}

impl Generations {
    pub(super) fn new() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn slot_of<T: Hash + ?Sized>(key: &T) -> u16 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        u16::try_from(hasher.finish() % u64::from(SLOTS)).unwrap_or(0)
    }

    pub(super) fn stamp(&self, slot: u16) -> Stamp {
        let generation = self.0[usize::from(slot)].load(Ordering::Acquire);
        Stamp { slot, generation }
    }

    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.stamp(stamp.slot) == stamp
    }

    /// Voids what the slot has, and what is being loaded into it.
    pub(super) fn advance(&self, slot: u16) {
        self.0[usize::from(slot)].fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn advance_all(&self) {
        for slot in 0..SLOTS {
            self.advance(slot);
        }
    }
}
