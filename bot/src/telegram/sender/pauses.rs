use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use teloxide_core::types::ChatId;
use tokio::time::Instant;

/// So many different chats that are told to wait within [`AT_ONCE`] mean that the bot as a whole was meant.
const CHATS_THAT_MEAN_ALL: usize = 3;
const AT_ONCE: Duration = Duration::from_secs(1);

/// After a pause of everything, those who waited go out at Telegram's overall rate of 30 a second, not all in one instant:
/// that would bring the next pause.
const RELEASE_EVERY: Duration = Duration::from_millis(34);

/// More chats than this are never remembered one by one.
const MOST_CHATS: usize = 4_096;

/// Who has to wait until when. `None` stands for the calls that belong to no chat.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    of_chat: HashMap<Option<ChatId>, Instant>,
    of_all: Option<PauseOfAll>,
    /// The last 429s: at most [`CHATS_THAT_MEAN_ALL`], the oldest in front.
    recent: VecDeque<(Instant, Option<ChatId>)>,
}

#[derive(Debug)]
struct PauseOfAll {
    until: Instant,
    /// When the next one who asks may go.
    next_release: Instant,
}

impl Pauses {
    /// Notes that a call for `chat` was told to wait for `pause`.
    pub(super) fn record(&mut self, chat: Option<ChatId>, pause: Duration, now: Instant) {
        let until = now + pause;
        self.of_chat.retain(|_, end| *end > now);
        self.recent
            .retain(|(at, other)| now.duration_since(*at) < AT_ONCE && *other != chat);
        self.recent.push_back((now, chat));
        if self.recent.len() >= CHATS_THAT_MEAN_ALL || self.of_chat.len() >= MOST_CHATS {
            self.recent.pop_front();
            self.pause_all(until);
        }
        let end = self.of_chat.entry(chat).or_insert(until);
        *end = (*end).max(until);
    }

    /// Until when a call for `chat` has to wait; `None` lets it go. To be asked again afterwards, as a pause may have been
    /// prolonged meanwhile.
    pub(super) fn hold(&mut self, chat: Option<ChatId>, now: Instant) -> Option<Instant> {
        let own = self.of_chat.get(&chat).copied().filter(|until| *until > now);
        let all = self.of_all.as_mut().filter(|all| all.until > now).map(|all| {
            let release = all.next_release;
            all.next_release += RELEASE_EVERY;
            release
        });
        own.max(all)
    }

    fn pause_all(&mut self, until: Instant) {
        if self.of_all.as_ref().is_none_or(|all| all.until < until) {
            self.of_all = Some(PauseOfAll {
                until,
                next_release: until,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(7);

    const ONE: Option<ChatId> = Some(ChatId(1));
    const TWO: Option<ChatId> = Some(ChatId(2));
    const OTHER: Option<ChatId> = Some(ChatId(9));

    #[test]
    fn one_chat_that_has_to_wait_holds_up_no_other() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.record(ONE, WAIT, now);
        pauses.record(ONE, WAIT, now);
        pauses.record(TWO, WAIT, now);
        assert_eq!(pauses.hold(ONE, now), Some(now + WAIT));
        assert_eq!(pauses.hold(OTHER, now), None);
        assert_eq!(pauses.hold(None, now), None);
        assert_eq!(pauses.hold(ONE, now + WAIT), None);
    }

    #[test]
    fn a_pause_is_prolonged_and_never_cut_short() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        pauses.record(ONE, WAIT, now);
        pauses.record(ONE, Duration::from_secs(1), now);
        assert_eq!(pauses.hold(ONE, now), Some(now + WAIT));
        pauses.record(ONE, WAIT * 2, now);
        assert_eq!(pauses.hold(ONE, now), Some(now + WAIT * 2));
    }

    #[test]
    fn three_chats_within_a_second_hold_up_all() {
        let (mut pauses, now) = (Pauses::default(), Instant::now());
        for id in 1..=3 {
            pauses.record(Some(ChatId(id)), WAIT, now);
        }
        let first = pauses.hold(OTHER, now).unwrap();
        let second = pauses.hold(None, now).unwrap();
        assert_eq!(first, now + WAIT);
        assert!(second > first, "they don't all go out in one instant");
        assert_eq!(pauses.hold(OTHER, now + WAIT), None);
    }

    #[test]
    fn three_chats_over_two_seconds_hold_up_themselves_only() {
        let (mut pauses, start) = (Pauses::default(), Instant::now());
        for id in 0..3 {
            pauses.record(
                Some(ChatId(id)),
                WAIT,
                start + Duration::from_millis(600) * u32::try_from(id).unwrap(),
            );
        }
        assert_eq!(pauses.hold(OTHER, start + Duration::from_secs(2)), None);
    }

    #[test]
    fn pauses_that_are_over_are_forgotten() {
        let (mut pauses, mut now) = (Pauses::default(), Instant::now());
        for id in 0..10_000 {
            now += Duration::from_secs(1);
            pauses.record(Some(ChatId(id)), WAIT, now);
        }
        assert!(pauses.of_chat.len() <= 8, "{}", pauses.of_chat.len());
        assert!(pauses.recent.len() <= CHATS_THAT_MEAN_ALL);
    }
}
