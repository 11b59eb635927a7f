//! What excuses a message that comes again: a process that ended, or a send that failed after its effect.

use std::time::Duration;

/// Between sending and hearing lies a stream of events, so what a process said just before its end is heard after it.
const HEARING: Duration = Duration::from_secs(2);

/// As long after a store came back the bot may still say that it has trouble.
const TROUBLE_AFTER: Duration = Duration::from_secs(30);

/// What was done to the bot or its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisturbanceKind {
    /// A process was killed, asked to end, or stood still.
    Process,
    /// A send of the bot failed after it had its effect.
    SendFailedAfterEffect,
    /// The store was away.
    Store,
    /// Anything else: it excuses nothing, and is left out of the quiet time.
    Other,
}

/// A time in which something was disturbed.
#[derive(Debug, Clone, Copy)]
pub struct Disturbance {
    /// What.
    pub kind: DisturbanceKind,
    /// Only this chat.
    pub chat: Option<i64>,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
}

impl Disturbance {
    /// Whether it overlaps a time in this chat.
    pub fn touches(&self, chat: i64, from: Duration, until: Duration) -> bool {
        self.chat.is_none_or(|disturbed| disturbed == chat) && self.from <= until && from <= self.until
    }
}

/// Whether a message may come again that came first and again at these times.
pub fn is_excused(disturbances: &[Disturbance], chat: i64, first: Duration, again: Duration) -> bool {
    disturbances.iter().any(|disturbance| {
        let excuses = matches!(
            disturbance.kind,
            DisturbanceKind::Process | DisturbanceKind::SendFailedAfterEffect
        );
        excuses && disturbance.touches(chat, first.saturating_sub(HEARING), again)
    })
}

/// Whether what came first at this time may not have been acknowledged, since a process ended right then. Webhooks bring taps
/// beside messages, so the conversation may have gone on by taps before the message comes again.
pub fn is_unacknowledged(disturbances: &[Disturbance], chat: i64, first: Duration) -> bool {
    is_excused(disturbances, chat, first, first + HEARING)
}

/// Whether the bot may say at this time that it has trouble with its store.
pub fn is_trouble_excused(disturbances: &[Disturbance], at: Duration) -> bool {
    disturbances.iter().any(|disturbance| {
        disturbance.kind == DisturbanceKind::Store
            && disturbance.from <= at
            && at <= disturbance.until + TROUBLE_AFTER
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn disturbance(kind: DisturbanceKind, chat: Option<i64>) -> [Disturbance; 1] {
        [Disturbance {
            kind,
            chat,
            from: seconds(100),
            until: seconds(101),
        }]
    }

    #[test]
    fn a_kill_between_the_two_excuses_a_repeat_and_one_before_or_after_does_not() {
        let kill = disturbance(DisturbanceKind::Process, None);
        assert!(is_excused(&kill, 1, seconds(99), seconds(105)));
        // It was heard a little later than it was sent.
        assert!(is_excused(&kill, 1, seconds(102), seconds(105)));
        assert!(!is_excused(&kill, 1, seconds(110), seconds(111)));
        assert!(!is_excused(&kill, 1, seconds(90), seconds(99)));
        assert!(is_unacknowledged(&kill, 1, seconds(99)));
        assert!(!is_unacknowledged(&kill, 1, seconds(90)));
    }

    #[test]
    fn a_failed_send_excuses_its_own_chat_only_and_a_store_none() {
        let send = disturbance(DisturbanceKind::SendFailedAfterEffect, Some(7));
        assert!(is_excused(&send, 7, seconds(99), seconds(105)));
        assert!(!is_excused(&send, 8, seconds(99), seconds(105)));
        let store = disturbance(DisturbanceKind::Store, None);
        assert!(!is_excused(&store, 7, seconds(99), seconds(105)));
        assert!(is_trouble_excused(&store, seconds(110)));
        assert!(!is_trouble_excused(&store, seconds(99)));
        assert!(!is_trouble_excused(&send, seconds(100)));
    }
}
