//! Everything that speaks to Telegram: the Bot API client, the source of updates, and the delivery of replies.
//!
//! Types and payloads are those of `teloxide_core`; the transport is our own, because a bot that confirms an update only
//! after it has answered needs to decide itself what a failure means (see [`TelegramErrorKind`]).

mod answers;
mod client;
mod delivery;
mod document;
mod error;
pub mod incoming;
mod leading;
pub mod outgoing;
mod polling;
mod sender;
mod stars;
mod subscription;
mod token;
mod transport;
mod update;
pub mod webhook;

pub use client::{ClientConfig, ClientError, DEFAULT_API_URL, TelegramClient};
pub use delivery::{Delivery, Origin, Receipt, Settled};
pub use document::{NewDocument, Upload};
pub use error::{ConflictCause, Method, TelegramError, TelegramErrorKind};
pub use polling::{
    PAGE_LIMIT, Poller, PollingConfig, PollingError, SessionShelf, Shelf, ShelfClearing, ShelfError,
    UpdateRequest, UpdateSource,
};
pub use sender::{Sender, SenderConfig};
pub use stars::{STARS_PAGE, StarsApi, StarsRefund, StarsTransaction};
pub use subscription::subscription;
pub use token::{BotToken, InvalidToken};
pub use transport::{Answer, Arguments, Call, HttpTransport, Transport};
pub use update::{RawUpdate, UnreadableUpdate};
