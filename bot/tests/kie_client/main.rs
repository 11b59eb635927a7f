//! The client of the generation API: its rules against scripted answers, and the whole catalogue against the stand-in.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands"
)]

mod callbacks;
mod fixtures;
mod limits;
mod reads;
mod stand_in;
mod stand_in_tasks;
mod writes;
