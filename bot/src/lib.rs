//! Stepkeep, the bot: delivery, flows, and the clients of the outside APIs.

pub mod cli;
pub mod config;
pub mod dead_letters;
pub mod demo;
pub mod doctor;
pub mod effects;
pub mod failure;
pub mod flows;
pub mod leadership;
pub mod localization;
pub mod logging;
pub mod money;
pub mod polling;
pub mod run;
pub mod runner;
pub mod shipping;
pub mod shutdown;
pub mod status;
pub mod store;
pub mod telegram;
pub mod validation;
pub mod webhook_command;
