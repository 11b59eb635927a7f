//! What comes in, and what may go wrong.

/// One run's bounds: the updates that Telegram has, and the troubles, each of which happens at most so often, at any
/// moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The updates, at most [`Scenario::MOST_UPDATES`]. Telegram hands them out in any order, to either process or both,
    /// again and again until they are acknowledged.
    pub updates: Vec<Update>,
    /// The troubles.
    pub trouble: Trouble,
}

impl Scenario {
    /// More are not told apart.
    pub const MOST_UPDATES: usize = 3;

    /// The update at this place.
    pub(crate) fn update(&self, place: usize) -> ScenarioUpdate {
        let kind = self.updates[place];
        let first_press = self.updates.iter().position(|other| *other == kind);
        ScenarioUpdate {
            kind,
            place,
            counts_at: first_press.filter(|_| kind != Update::Answer).unwrap_or(place),
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = ScenarioUpdate> {
        (0..self.updates.len()).map(|place| self.update(place))
    }
}

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// Answered a question.
    Answer,
    /// Pressed the one button whose menu stays; every press of it is the same tap.
    Press,
    /// Pressed "Buy"; every press of it is the same tap.
    Buy,
}

/// How often each trouble may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// A process dies, and a new one takes its place.
    pub crashes: u8,
    /// A write is made, and its answer lost.
    pub lost_answers: u8,
    /// A write is given up, and happens some time later or never; also after its writer died.
    pub late_writes: u8,
    /// Telegram doesn't take a message, or takes it and doesn't say so.
    pub failed_sends: u8,
    /// The shipping API sells, and its answer is lost.
    pub lost_purchases: u8,
    /// A request to the shipping API is lost on its way.
    pub lost_requests: u8,
    /// A process is so slow that it has to give a call up, or that a lease ends while it is about to commit or to send.
    pub delays: u8,
}

/// An update of a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScenarioUpdate {
    /// What it is.
    pub(crate) kind: Update,
    /// Where it stands, which is its id.
    pub(crate) place: usize,
    /// Where it counts in a session's `applied`: presses of one button are one tap.
    pub(crate) counts_at: usize,
}
