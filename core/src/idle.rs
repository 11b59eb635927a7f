//! People who stop answering: when they are reminded, and when the conversation is closed. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::key::SessionKey;

/// What becomes of a step in which nothing happens for long.
///
/// The times are rounded up, and spread by the session's key, by at most a twentieth and at most a minute each: so that
/// an index of wake times hardly changes while somebody answers quickly, and people who stopped at the same moment aren't
/// written to in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdlePolicy {
    /// How long after the last input the person is reminded; `None` is never. Without meaning when it isn't shorter
    /// than `close_after`.
    pub remind_after: Option<Duration>,
    /// How long after the last input the conversation is closed.
    pub close_after: Duration,
    /// A reminder that is late by more than this, since no process was there to send it, isn't sent; the conversation is
    /// closed later by as much as the reminder was late, so that nobody finds it closed without having had the time.
    pub skip_reminder_after: Duration,
}

/// What is due when nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleStage {
    /// The person is reminded.
    Remind,
    /// The conversation is closed.
    Close,
}

/// When a conversation in which nothing happens wants to be woken, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleTimer {
    /// What for.
    pub stage: IdleStage,
    /// When.
    pub at: Timestamp,
}

/// How much of a time rounding and spreading may add.
const SPREAD_PART: u32 = 20;
const LONGEST_SPREAD: Duration = Duration::from_mins(1);

impl IdlePolicy {
    /// The timer of a session in which something happened now.
    pub(crate) fn begin(&self, key: &SessionKey, now: Timestamp) -> IdleTimer {
        match self.remind_after.filter(|after| *after < self.close_after) {
            Some(after) => IdleTimer {
                stage: IdleStage::Remind,
                at: spread(now, after, key),
            },
            None => closing(key, now, self.close_after),
        }
    }

    /// The timer after the reminder, which was due at `due` and is dealt with now.
    pub(crate) fn after_reminder(&self, key: &SessionKey, now: Timestamp) -> IdleTimer {
        let left = self
            .close_after
            .saturating_sub(self.remind_after.unwrap_or_default());
        closing(key, now, left)
    }

    /// Whether a reminder that was due at `due` isn't worth sending any more.
    pub(crate) fn is_too_late(&self, due: Timestamp, now: Timestamp) -> bool {
        now.since(due) > self.skip_reminder_after
    }
}

fn closing(key: &SessionKey, now: Timestamp, after: Duration) -> IdleTimer {
    IdleTimer {
        stage: IdleStage::Close,
        at: spread(now, after, key),
    }
}

fn spread(now: Timestamp, after: Duration, key: &SessionKey) -> Timestamp {
    let at = now + after;
    let spread = (after / SPREAD_PART).min(LONGEST_SPREAD) / 2;
    let Ok(spread) = i64::try_from(spread.as_millis()) else {
        return at;
    };
    if spread < 2 {
        return at;
    }
    let rounded = at
        .as_millis()
        .div_euclid(spread)
        .saturating_add(1)
        .saturating_mul(spread);
    // The key's hash, not chance: the same session computed again gives the same timer.
    let share = key
        .encode()
        .bytes()
        .fold(0_i64, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(i64::from(byte))
        })
        .rem_euclid(spread);
    Timestamp::from_millis(rounded.saturating_add(share))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::{BotId, UserId};

    const MINUTE: Duration = Duration::from_mins(1);

    fn policy() -> IdlePolicy {
        IdlePolicy {
            remind_after: Some(30 * MINUTE),
            close_after: 120 * MINUTE,
            skip_reminder_after: 10 * MINUTE,
        }
    }

    fn key(user: i64) -> SessionKey {
        SessionKey::private(BotId(1), UserId(user))
    }

    proptest! {
        #[test]
        fn a_timer_is_never_early_and_late_by_a_minute_at_most(now in 0_i64..1 << 40, millis in 1_u64..1 << 34, user: i64) {
            let (now, after) = (Timestamp::from_millis(now), Duration::from_millis(millis));
            let at = spread(now, after, &key(user));
            prop_assert!(at >= now + after);
            prop_assert!(at <= now + after + (after / SPREAD_PART).min(LONGEST_SPREAD));
        }
    }

    #[test]
    fn whoever_answers_quickly_keeps_the_same_timer_mostly() {
        let start = Timestamp::from_millis(1_700_000_000_000);
        let mut timers: Vec<_> = (0..10)
            .map(|second| policy().begin(&key(5), start + Duration::from_secs(second)))
            .collect();
        timers.dedup();
        assert!(timers.len() <= 2, "{timers:?}");
    }

    #[test]
    fn people_who_stop_together_are_not_written_to_together() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut instants: Vec<_> = (0..100).map(|user| policy().begin(&key(user), now).at).collect();
        instants.sort_unstable();
        instants.dedup();
        assert!(instants.len() > 50, "{}", instants.len());
    }

    #[test]
    fn after_a_late_reminder_there_is_as_much_time_as_after_a_punctual_one() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let reminder = policy().begin(&key(5), now);
        assert_eq!(reminder.stage, IdleStage::Remind);
        let late = reminder.at + 500 * MINUTE;
        let close = policy().after_reminder(&key(5), late);
        assert_eq!(close.stage, IdleStage::Close);
        assert!(close.at >= late + 90 * MINUTE);
        assert!(policy().is_too_late(reminder.at, late));
        assert!(!policy().is_too_late(reminder.at, reminder.at + 10 * MINUTE));
    }

    #[test]
    fn without_a_reminder_a_conversation_is_closed_all_the_same() {
        let never = IdlePolicy {
            remind_after: None,
            ..policy()
        };
        let late = IdlePolicy {
            remind_after: Some(120 * MINUTE),
            ..policy()
        };
        for policy in [never, late] {
            assert_eq!(policy.begin(&key(5), Timestamp::EPOCH).stage, IdleStage::Close);
        }
    }
}
