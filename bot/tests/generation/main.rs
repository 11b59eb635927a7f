//! AI generation through its dialogue, against the stand-in of the generation API: what is asked for, made, charged and sent.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where something fails"
)]

mod answers;
mod dialogue;
mod many;
mod money;
mod questions;
mod studio;
mod waiting;
mod walk;
