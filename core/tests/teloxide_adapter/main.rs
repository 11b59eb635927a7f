//! Bots that are written with teloxide, on our stores.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod dialogues;
mod keys;
mod session_step;
mod storage;
mod updates;
