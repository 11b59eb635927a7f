//! The promises of the turn engine, through its public API: a toy bot on memory, with counts, faults and rivals between
//! them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod effects;
mod exactly_once;
mod idle;
mod relocation;
mod rivals;
mod routing;
mod taps;
mod timers;
mod toy;
mod world;
