//! Telegram.

pub mod incoming;
pub mod outgoing;
