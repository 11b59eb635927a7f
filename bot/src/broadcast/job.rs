//! A broadcast as it is stored, and what each event makes of it. Pure.
//!
//! What always holds, whatever happens in whatever order:
//! - everybody who was read from the list is either waiting, claimed, or counted, and once;
//! - nobody who was claimed or counted is ever claimed again, but for those who surely got nothing;
//! - the place in the list only moves forward.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stepkeep_core::{ScanCursor, SessionKey, Timestamp, UserId};

use crate::localization::Language;

/// The version of the record. A newer one is left alone.
pub(super) const VERSION: u32 = 1;

/// What is to be sent, and to how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastOrder {
    /// What tells it from every other.
    pub id: String,
    /// The text, as it is sent: nothing in it is markup.
    pub text: String,
    /// The admin who ordered it.
    pub by: UserId,
    /// The admin's language.
    pub language: Language,
    /// How many people there were.
    pub audience: Audience,
}

/// How many people there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// So many, or more.
    pub people: u64,
    /// Whether all were counted.
    pub is_whole: bool,
}

/// The message in which an admin follows a broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The admin's conversation.
    pub key: SessionKey,
    /// The message.
    pub message: i64,
}

/// What became of the people so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Got it.
    pub sent: u64,
    /// Blocked the bot, or are gone.
    pub blocked: u64,
    /// Did not get it: Telegram refused it.
    pub failed: u64,
    /// May have got it or not: the process died, or the answer was lost. They are not tried again.
    pub unclear: u64,
}

impl Counts {
    /// How many in all.
    pub fn all(&self) -> u64 {
        let Self {
            sent,
            blocked,
            failed,
            unclear,
        } = self;
        sent + blocked + failed + unclear
    }
}

/// What became of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    Blocked,
    Failed,
    Unclear,
    /// Surely nothing was sent: the person waits again.
    Unsent,
}

/// A process that works on a broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hold {
    pub(super) id: String,
    pub(super) machine: Option<String>,
}

/// A broadcast. Each member is a field of its record; an absent one is stored as null, so that it takes the place of what was
/// there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    version: u32,
    pub(super) order: BroadcastOrder,
    pub(super) counts: Counts,
    /// How many were read from the list.
    read: u64,
    /// Where reading goes on.
    cursor: Option<ScanCursor>,
    /// Whether the list was read to its end.
    is_read: bool,
    /// Read, and next in turn.
    waiting: Vec<UserId>,
    /// Being sent to, perhaps.
    claimed: Vec<UserId>,
    pub(super) stop_requested: bool,
    pub(super) board: Option<Board>,
    pub(super) holder: Option<Hold>,
    /// Grows by one whenever another process takes it over.
    pub(super) epoch: u64,
    pub(super) started_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Whether the admin was told of the end.
    pub(super) is_told: bool,
}

/// How far a broadcast is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// It goes on.
    Running,
    /// It is to stop, and soon will.
    Stopping,
    /// Everybody had their turn.
    Done,
    /// It was stopped before.
    Stopped,
}

/// A broadcast as people look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastView {
    /// How far it is.
    pub state: BroadcastState,
    /// What became of the people so far.
    pub counts: Counts,
    /// How many there were at the beginning.
    pub audience: Audience,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl BroadcastView {
    /// How many are still to come, as far as is known.
    pub fn left(&self) -> u64 {
        self.audience.people.saturating_sub(self.counts.all())
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.state, BroadcastState::Running | BroadcastState::Stopping)
    }
}

impl Job {
    /// A broadcast that nobody works on yet.
    pub(super) fn begin(order: BroadcastOrder, board: Option<Board>, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            order,
            counts: Counts::default(),
            read: 0,
            cursor: None,
            is_read: false,
            waiting: Vec::new(),
            claimed: Vec::new(),
            stop_requested: false,
            board,
            holder: None,
            epoch: 0,
            started_at: now,
            ended_at: None,
            is_told: false,
        }
    }

    /// A process takes it over. Those whom the one before had claimed may have got it or not.
    pub(super) fn take_over(&mut self, holder: Hold) {
        let lost = u64::try_from(self.claimed.len()).unwrap_or(u64::MAX);
        self.counts.unclear = self.counts.unclear.saturating_add(lost);
        self.claimed.clear();
        self.holder = Some(holder);
        self.epoch = self.epoch.saturating_add(1);
    }

    /// The process that has it gives it up, with nobody claimed.
    pub(super) fn release(&mut self) {
        self.holder = None;
    }

    /// Whether people are to be read from the list.
    pub(super) fn needs_people(&self) -> bool {
        self.waiting.is_empty() && !self.is_read && !self.stop_requested
    }

    /// Where reading goes on.
    pub(super) fn cursor(&self) -> Option<ScanCursor> {
        self.cursor.clone()
    }

    /// People were read from the list.
    pub(super) fn add_people(&mut self, people: Vec<UserId>, next: Option<ScanCursor>) {
        self.read = self
            .read
            .saturating_add(u64::try_from(people.len()).unwrap_or(u64::MAX));
        self.waiting.extend(people);
        self.is_read = next.is_none();
        self.cursor = next;
    }

    /// The next people to be sent to, at most so many. To be stored before anything is sent.
    pub(super) fn claim(&mut self, most: usize) {
        let most = most.saturating_sub(self.claimed.len()).min(self.waiting.len());
        self.claimed.extend(self.waiting.drain(..most));
    }

    pub(super) fn claimed(&self) -> &[UserId] {
        &self.claimed
    }

    /// What became of those who were claimed. Of whom nothing is said, nothing is known.
    pub(super) fn settle(&mut self, fates: &BTreeMap<UserId, Fate>) {
        let mut again = Vec::new();
        for user in std::mem::take(&mut self.claimed) {
            let count = match fates.get(&user).copied().unwrap_or(Fate::Unclear) {
                Fate::Sent => &mut self.counts.sent,
                Fate::Blocked => &mut self.counts.blocked,
                Fate::Failed => &mut self.counts.failed,
                Fate::Unclear => &mut self.counts.unclear,
                Fate::Unsent => {
                    again.push(user);
                    continue;
                }
            };
            *count += 1;
        }
        self.waiting.splice(..0, again);
    }

    /// Whether there is nothing more to do.
    pub(super) fn is_to_end(&self) -> bool {
        !self.is_over()
            && self.claimed.is_empty()
            && (self.stop_requested || (self.is_read && self.waiting.is_empty()))
    }

    pub(super) fn end(&mut self, now: Timestamp) {
        self.ended_at = Some(now);
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether this is the same broadcast in the same hands.
    pub(super) fn is_held_like(&self, other: &Self) -> bool {
        self.order.id == other.order.id && self.epoch == other.epoch
    }

    /// Takes over from the stored record what others may change while a process works on it.
    pub(super) fn adopt(&mut self, stored: &Self) {
        self.stop_requested |= stored.stop_requested;
        self.board.clone_from(&stored.board);
    }

    pub(super) fn view(&self) -> BroadcastView {
        let state = match (self.is_over(), self.stop_requested) {
            (false, false) => BroadcastState::Running,
            (false, true) => BroadcastState::Stopping,
            (true, true) if !(self.is_read && self.waiting.is_empty()) => BroadcastState::Stopped,
            (true, _) => BroadcastState::Done,
        };
        BroadcastView {
            state,
            counts: self.counts,
            audience: self.order.audience,
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}

#[cfg(test)]
mod tests;
