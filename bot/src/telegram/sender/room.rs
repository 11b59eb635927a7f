use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// So many calls a second Telegram takes from a bot overall (Bot API FAQ).
const MOST: usize = 30;
const SPAN: Duration = Duration::from_secs(1);

/// The calls of the last second that belong to chats: who has time looks whether there is room for one more.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The oldest in front; more than [`MOST`] of them tell nothing more.
    recent: VecDeque<Instant>,
}

impl Room {
    /// Notes a call that waits for nobody.
    pub(super) fn take(&mut self, now: Instant) {
        if self.recent.len() == MOST {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
    }

    /// Notes a call that waits for room, if there is any; else answers when there may be.
    pub(super) fn take_if_free(&mut self, now: Instant) -> Option<Instant> {
        if self.recent.len() == MOST
            && let Some(oldest) = self.recent.front()
            && *oldest + SPAN > now
        {
            return Some(*oldest + SPAN);
        }
        self.take(now);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_time_gets_what_the_others_leave() {
        let (mut room, start) = (Room::default(), Instant::now());
        for _ in 0..20 {
            room.take(start);
        }
        let taken = (0..100).filter(|_| room.take_if_free(start).is_none()).count();
        assert_eq!(taken, 10);
        // Who doesn't wait is never counted out, and takes the room of those who do.
        for _ in 0..100 {
            room.take(start + SPAN / 2);
        }
        assert_eq!(room.take_if_free(start + SPAN), Some(start + SPAN / 2 + SPAN));
        assert_eq!(room.take_if_free(start + SPAN * 2), None);
    }
}
