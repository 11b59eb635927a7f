//! The settings of the status server.

use std::net::SocketAddr;

use super::error::Findings;
use super::{setting, values};
use crate::status::StatusToken;

/// Where operators look at the bot, and what lets them.
#[derive(Debug, Clone)]
pub struct StatusSettings {
    /// Where the server listens.
    pub listen: StatusListen,
    /// What opens the dashboard. Without it the log has a link that opens it once, on a loopback address only.
    pub token: Option<StatusToken>,
}

/// Where the status server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusListen {
    /// Nowhere.
    Off,
    /// Where nobody said otherwise. Another bot may well have this address, which is no reason not to run.
    Default(SocketAddr),
    /// Here, or at another port when this one is taken: for who tells the address to somebody anyway.
    OrAnotherPort(SocketAddr),
    /// Where somebody said. It has to be free.
    At(SocketAddr),
}

impl StatusSettings {
    pub(super) fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let is_default = findings.is_left_out(&setting::STATUS_LISTEN);
        let listen = findings.read(&setting::STATUS_LISTEN, values::parse_status_listen);
        let token = findings.read(&setting::STATUS_TOKEN, values::parse_status_token);
        let listen = match listen? {
            None => StatusListen::Off,
            Some(address) if is_default => StatusListen::Default(address),
            Some(address) => StatusListen::At(address),
        };
        Some(Self {
            listen,
            token: token?,
        })
    }
}
