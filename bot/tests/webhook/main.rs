//! The webhook's server as Telegram and others meet it: over HTTP, with a test in the runner's place.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

mod answers;
mod command;
mod refusals;
mod stopping;
mod support;
mod unreadable;
