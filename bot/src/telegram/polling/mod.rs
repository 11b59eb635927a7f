//! Long polling that confirms an update to Telegram only once it was handled.
//!
//! # The window of 100
//!
//! Telegram keeps no mark per update: `getUpdates(offset)` confirms everything below the offset, and answers with at most
//! [100](PAGE_LIMIT) updates from there on. So the offset may never pass an update that is still under way, and while one
//! is, only the 99 behind it can be seen; worse, Telegram then answers at once instead of waiting for news, and a client
//! that asks again at once would spin. The [`Poller`] keeps one slow conversation from stopping the others like this:
//!
//! - The offset is the lowest id that isn't acknowledged. What comes back and is under way already is passed over.
//! - The same offset is never asked for twice within half a second (Telegram's own server would answer that with a single
//!   update), and the pause grows to a second as long as nothing new comes. An acknowledgement that moves the offset ends
//!   the pause.
//! - An update that is still under way after [`PollingConfig::patience`] goes to the [`Shelf`], a durable place of our own.
//!   From then on it no longer holds the offset, and polling goes back to waiting. What lies on the shelf when the process
//!   dies is handed out first by the next one.
//! - Without a shelf the other conversations go on by paced polls while fewer than 100 updates are behind the slow one,
//!   and stop beyond that. Every turn therefore needs a deadline after which its update is acknowledged or put aside;
//!   [`PollingConfig::stalled_after`] brings a warning with the id of the update that holds up the rest.
//!
//! The reasons are in `docs/src/decisions/0002-polling-window.md`.

mod clearing;
mod delivery;
mod poller;
mod session_shelf;
mod shelf;
mod source;
mod window;

pub use clearing::ShelfClearing;
pub use poller::{Poller, PollingConfig, PollingError};
pub use session_shelf::SessionShelf;
pub use shelf::{Shelf, ShelfError};
pub use source::{PAGE_LIMIT, UpdateRequest, UpdateSource};
