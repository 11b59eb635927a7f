//! A message from an admin to everybody whom the bot knows.
//!
//! A broadcast is one record in a scope of its own. One process works on it at a time: the record says who, every change of it is
//! a conditional write, and a process that stands by takes it over when it was not renewed for a while, or at once when its
//! holder is known to be dead (as with [leadership](crate::leadership)).
//!
//! Telegram has no way to send something once, so it is decided who may be missed: before a message is sent, the record says
//! to whom, five people at most at a time. After a crash nobody can tell which of these five got it; they are counted as
//! unclear, and not tried again. So **nobody gets a broadcast twice**, whatever is killed or stands still, and a crash costs
//! five people at most. The reasons are in `docs/src/decisions/0014-a-broadcast-goes-out-once.md`.

mod board;
mod delivery;
mod figures;
mod job;
mod pace;
mod record;
mod tenure;
mod worker;

pub use figures::BroadcastFigures;
pub use job::{Audience, Board, BroadcastOrder, BroadcastState, BroadcastView, Counts};
pub use record::{Begun, BroadcastError, Broadcasts};
pub use worker::{BroadcastWorker, WorkerParts};

/// The longest text of a broadcast, in UTF-16 code units: that of a message.
pub const LONGEST_TEXT: usize = crate::telegram::outgoing::MAX_TEXT_UNITS;

/// The action of the button that stops a broadcast.
pub const STOP_ACTION: &str = "broadcast:stop";
/// The action of the button that shows anew how far a broadcast is.
pub const SHOW_ACTION: &str = "broadcast:show";
