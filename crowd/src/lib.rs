//! A crowd of virtual people who use the bot while everything around it fails, and an audit of what they saw.
//!
//! The crowd starts a sandbox, a store and the bot's processes, lets people have whole conversations, injects faults,
//! and then audits: was a step skipped or repeated, an answer lost or doubled, did a conversation hang, were people mixed
//! up, is there exactly one label for each confirmed purchase? What people do is drawn from a seed.
//!
//! The bot runs as a process of its own, and the crowd knows nothing of its code but the words of its messages.

pub mod audit;
pub mod balancer;
pub mod bot_process;
pub mod cli;
pub mod dialogue;
pub mod faults;
pub mod fleet;
pub mod happening;
pub mod household;
pub mod intention;
pub mod latency;
pub mod order;
pub mod phrases;
pub mod plan;
pub mod report;
pub mod soak;
pub mod store;
pub mod storm;
pub mod town;
pub mod world;
