//! The client of the shipping API: its rules against scripted answers, and whole orders against the stand-in.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands"
)]

mod downloads;
mod fixtures;
mod purchases;
mod reads;
mod stand_in;
