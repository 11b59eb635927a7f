//! A local Telegram Bot API with the people who write to its bots, and stand-ins for the other APIs that a bot calls.
//!
//! ```no_run
//! # async fn example() -> Result<(), stepkeep_sandbox::StartError> {
//! use stepkeep_sandbox::{Config, Sandbox};
//!
//! let sandbox = Sandbox::start(Config::default()).await?;
//! println!("the Bot API is at {}", sandbox.url());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! What the calls of the people's side (`/sim`) are stands in the crate's README.

mod bot_api;
#[cfg(feature = "browser")]
pub mod browser;
mod clock;
mod dropped;
pub mod generation;
mod part;
mod server;
pub mod shipping;
mod sim;
mod state;
mod telegram;
pub mod web;

pub use self::{
    part::{Part, UnknownPart},
    server::{Config, Sandbox, SandboxHandle, StartError},
    state::PutAside,
};
