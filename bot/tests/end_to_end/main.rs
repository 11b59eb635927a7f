//! The bot as people meet it: the real process, and a sandbox in which people write to it over HTTP.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something fails"
)]

mod bad_input;
mod balancer;
mod bot_here;
mod bot_process;
mod broadcast;
mod conversation;
mod generations;
mod kills;
mod local_bot;
mod logs;
mod money;
mod observed;
mod one_read_one_write;
mod order;
mod own_lease;
mod person;
mod redelivery;
mod settling;
mod shared_cache;
mod shipping_errors;
mod standby;
mod stars;
mod stopping;
mod supergroups;
mod town;
mod troubles;
mod two_bots;
mod webhook;
mod webhook_replicas;
