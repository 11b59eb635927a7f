//! Stepkeep, the bot: delivery, flows, and the clients of the outside APIs.

pub mod shipping;
