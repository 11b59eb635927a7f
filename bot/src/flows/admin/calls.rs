//! The calls that admins' commands make, as they are stored in the session: whoever makes them and the home agree on these types.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepkeep_core::{EffectRequest, FlowError};

use crate::broadcast::{Audience, Board, BroadcastOrder, BroadcastView};
use crate::overview::Overview;

/// Counts who is known and where people are. Payload: [`StatisticsRequest`]; outcome: [`StatisticsOutcome`].
pub const FETCH_STATISTICS: &str = "fetch_statistics";
/// Finds out to whom a broadcast would go. Payload: [`BroadcastDraft`]; outcome: [`DraftOutcome`].
pub const PREPARE_BROADCAST: &str = "prepare_broadcast";
/// Begins a broadcast. Payload: [`BroadcastStart`]; outcome: [`StartOutcome`].
pub const START_BROADCAST: &str = "start_broadcast";
/// Looks how far the broadcast is. Payload: [`BroadcastLook`]; outcome: [`LookOutcome`].
pub const LOOK_AT_BROADCAST: &str = "look_at_broadcast";

/// How long a process has for any of them: counting has its own limit well below.
const LEASE: Duration = Duration::from_secs(30);

/// A wish for the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsRequest {
    /// The message whose place they take; a message of their own without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<i64>,
}

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatisticsOutcome {
    /// The figures.
    Counted(Box<Overview>),
    /// They can't be counted now.
    Unavailable,
}

/// A text that an admin may send to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastDraft {
    /// The text.
    pub text: String,
}

/// What there is to know before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftOutcome {
    /// It would go to so many.
    Ready(Audience),
    /// Another one goes on.
    Busy(BroadcastView),
    /// It can't be looked up now.
    Unavailable,
}

/// A broadcast that is to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastStart {
    /// What is sent, and by whom.
    pub order: BroadcastOrder,
    /// Where the admin follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Board>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartOutcome {
    /// It begins.
    Started(BroadcastView),
    /// Another one goes on.
    Busy(BroadcastView),
    /// It is not known whether it begins.
    Unavailable,
}

/// A look at the broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastLook {
    /// Whether it is to stop.
    #[serde(default)]
    pub stops: bool,
    /// The message in which the admin follows it from now on; without one it stays where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<Board>,
}

/// What there is to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookOutcome {
    /// The broadcast that goes on, or the last one.
    Seen(BroadcastView),
    /// There never was one.
    Nothing,
    /// It can't be looked up now.
    Unavailable,
}

/// The answer comes wherever the person is by then.
pub(super) fn request<T: Serialize>(name: &str, payload: &T) -> Result<EffectRequest, FlowError> {
    crate::flows::parts::request(name, payload, LEASE, true)
}
