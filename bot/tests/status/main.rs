//! What operators see of a bot, and who may, over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test's set-up can't do fails the test"
)]

mod access;
mod browser;
mod content;
mod health;
mod support;
