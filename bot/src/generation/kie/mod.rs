//! The client of KIE's API.
//!
//! Every answer of it is an envelope `{ "code", "msg", "data" }`, and the code in it decides, whatever the HTTP status is:
//! errors come with the status 200 too.

mod client;
mod pace;
mod retry;
mod transport;
mod wire;

pub use client::{Deadlines, KieClient, KieConfig, KieConfigError};
pub use pace::Pace;
pub use retry::RetryPolicy;
