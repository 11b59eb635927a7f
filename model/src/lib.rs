//! The turn protocol of Stepkeep as a model, small enough that a machine goes through every interleaving of it.
//!
//! A [`Protocol`] is one conversation: Telegram's queue, a store, two processes, and a shipping API that sells one label.
//! Anything may happen between any two steps: the other process goes on, a process dies, an answer gets lost, a lease
//! runs out. Which troubles there are, and how many of each, is a [`Scenario`]; [`Rules`] can be broken one by one, to
//! show that the check would notice.
//!
//! What is promised in every state that can be reached stands in [`Protocol::properties`](stateright::Model::properties).
//! That every run comes to an end is shown by [`find_circle`]. The chapter "The protocol, checked" of the book says what
//! corresponds to what in the code, and what is left out.

mod circle;
mod promises;
mod protocol;
mod rules;
mod scenario;
mod session;
mod turns;
mod world;

pub use circle::{Circle, find_circle};
pub use promises::{
    ACKNOWLEDGED_LAST, ALL_ANSWERED, APPLIED_ONCE, BOUGHT_ONCE, COMMITTED_STAYS, CONFLICT, LEASE_TAKEN,
    LOOKED_UP, REPEATED,
};
pub use protocol::{Action, Protocol};
pub use rules::{Acknowledgement, LostAnswer, Rules};
pub use scenario::{Scenario, Trouble, Update};
pub use session::{Id, Ids, Revision, Session};
pub use world::{Call, Job, Purpose, Stage, Task, Worker, World, Write};
