//! The simulated Telegram: people, bots, chats, messages, files and the updates that tell bots about them.
//!
//! The Bot API ([`crate::bot_api`]) and the people's side ([`crate::sim`]) are two doors to this one state. It lives in
//! memory behind short locks that are never held across an await. Locks nest in one direction only: a bot's state
//! first, then anything else.

pub(crate) mod bot;
pub(crate) mod callbacks;
pub(crate) mod calls;
pub(crate) mod chat;
pub(crate) mod commands;
pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod markup;
pub(crate) mod message;
pub(crate) mod object;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod poll;
pub(crate) mod text;
pub(crate) mod updates;
pub(crate) mod webhook;
pub(crate) mod world;
