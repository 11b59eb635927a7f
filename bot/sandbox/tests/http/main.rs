//! The sandbox as its users meet it: over HTTP.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

mod callbacks;
mod commands;
mod edits;
mod events;
mod faults;
mod files;
mod messages;
mod migration;
mod payments;
mod people;
mod polling;
mod process;
mod shapes;
mod state;
mod support;
mod webhooks;
