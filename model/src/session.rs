//! The session as it is stored.

use crate::scenario::{Scenario, Update};

/// What tells one input from every other: an update, a button, or the outcome of the purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u8);

impl Id {
    /// The outcome of the purchase.
    pub const OUTCOME: Self = Self(7);
    const PRESS: Self = Self(5);
    const BUY: Self = Self(6);

    /// The update at this place in the scenario.
    pub fn update(place: usize) -> Self {
        debug_assert!(place < Scenario::MOST_UPDATES, "more updates than are told apart");
        Self(u8::try_from(place).unwrap_or(u8::MAX))
    }

    /// The button that an update presses.
    pub const fn button(update: Update) -> Option<Self> {
        match update {
            Update::Answer => None,
            Update::Press => Some(Self::PRESS),
            Update::Buy => Some(Self::BUY),
        }
    }

    const fn bit(self) -> u8 {
        1 << self.0
    }
}

/// A set of ids.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ids(u8);

impl Ids {
    /// The set of this one.
    pub const fn of(id: Id) -> Self {
        Self(id.bit())
    }

    /// Whether this one is in it.
    pub const fn has(self, id: Id) -> bool {
        self.0 & id.bit() != 0
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the two have one in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Takes one in.
    pub fn insert(&mut self, id: Id) {
        self.0 |= id.bit();
    }

    /// Takes all of the other in.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Lets all of the other go.
    pub fn remove_all(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Whether all of the other are in it.
    pub const fn has_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_set()
            .entries((0..8).filter(|bit| self.0 & (1 << bit) != 0))
            .finish()
    }
}

/// The revision: the number of the commit, and a draw that no other write has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision {
    /// How many commits there were.
    pub number: u8,
    /// What tells two writers of one number apart. Only whether two draws are equal means anything, so the world gives
    /// them new names after every step: the smallest ones.
    pub draw: u8,
}

/// The one record of the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Session {
    /// What a conditional write compares.
    pub revision: Revision,
    /// How often each update of the scenario changed the data. Presses of one button count in one place.
    pub applied: [u8; Scenario::MOST_UPDATES],
    /// The marks of the inputs that were applied.
    pub seen: Ids,
    /// The inputs whose replies are stored.
    pub outbox: Ids,
    /// Which term the lease on sending the outcome's replies is in.
    pub send_term: u8,
    /// "Buy" was pressed, so that it isn't offered any more.
    pub bought: bool,
    /// The purchase that is under way: the term of its lease, which is how often it was taken up.
    pub call: Option<u8>,
    /// How often the outcome of the purchase changed the data.
    pub outcomes: u8,
}
