//! Bots that are written with teloxide, on our stores.

mod dialogues;
mod keys;
mod session_step;
mod storage;
mod updates;
