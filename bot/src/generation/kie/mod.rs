//! The client of KIE's API.
//!
//! Every answer of it is an envelope `{ "code", "msg", "data" }`, and the code in it decides, whatever the HTTP status is:
//! errors come with the status 200 too.

mod client;
mod config;
mod failed;
mod files;
mod pace;
mod retry;
mod transport;
mod wire;
mod wire_task;

pub use client::KieClient;
pub use config::{Deadlines, KieConfig, KieConfigError};
pub use pace::{Allowance, Pace};
pub use retry::RetryPolicy;
pub(super) use wire_task::state_of;
