//! When a process that stands by takes over: a decision without any I/O.

use std::fmt;

use stepkeep_core::Revision;
use tokio::time::Instant;

use super::UP_AFTER;

/// What a process that stands by has seen of the lease.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: Option<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    revision: Revision,
    /// When it was seen for the first time.
    since: Instant,
    /// When it was seen for the last time.
    last: Instant,
}

/// Why nobody holds a lease, though it is not up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abandoned {
    /// Its holder gave it up.
    Released,
    /// Its holder ran on this machine, and is gone.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wait,
    TakeOver(Because),
}

/// Why a lease is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    Abandoned(Abandoned),
    /// It was not renewed for too long.
    Up,
}

impl Watch {
    /// The lease was read at `now`, and had this revision.
    pub(crate) fn judge(
        &mut self,
        revision: Revision,
        abandoned: Option<Abandoned>,
        now: Instant,
    ) -> Verdict {
        if let Some(reason) = abandoned {
            return Verdict::TakeOver(Because::Abandoned(reason));
        }
        let since = match self.seen {
            // After a longer gap this process stood still itself, perhaps with the whole machine; the leader then needs
            // its time to renew.
            Some(seen) if seen.revision == revision && now.duration_since(seen.last) < UP_AFTER => seen.since,
            _ => now,
        };
        self.seen = Some(Seen {
            revision,
            since,
            last: now,
        });
        if now.duration_since(since) >= UP_AFTER {
            Verdict::TakeOver(Because::Up)
        } else {
            Verdict::Wait
        }
    }

    /// The lease could not be read: the leader may be unable to renew it for the same reason, so waiting begins anew.
    pub(crate) fn lose_sight(&mut self) {
        self.seen = None;
    }
}

impl fmt::Display for Because {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Abandoned(Abandoned::Released) => "it was given up",
            Self::Abandoned(Abandoned::Dead) => "the process is gone",
            Self::Up => "it was not renewed in time",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stepkeep_core::{BotId, NewSession, SessionChange, SessionKey, Timestamp, UserId};

    use super::*;

    fn revision() -> Revision {
        let key = SessionKey::private(BotId(1), UserId(1));
        let change = SessionChange::new(Timestamp::EPOCH);
        NewSession::new(key, change).session().revision()
    }

    /// Looks once a second from the first of these seconds to the last, and answers when it would take over.
    fn takes_over(watch: &mut Watch, revision: Revision, start: Instant, seconds: [u64; 2]) -> Option<u64> {
        let [first, last] = seconds;
        (first..=last).find(|second| {
            let now = start + Duration::from_secs(*second);
            watch.judge(revision, None, now) == Verdict::TakeOver(Because::Up)
        })
    }

    #[test]
    fn a_lease_is_up_when_it_stays_the_same_for_six_seconds() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        assert_eq!(takes_over(&mut watch, revision(), start, [0, 60]), Some(6));
    }

    #[test]
    fn a_renewal_starts_the_time_anew() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        assert_eq!(takes_over(&mut watch, revision(), start, [0, 5]), None);
        assert_eq!(takes_over(&mut watch, revision(), start, [6, 60]), Some(12));
    }

    #[test]
    fn what_nobody_holds_is_taken_at_the_first_look() {
        for abandoned in [Abandoned::Released, Abandoned::Dead] {
            let verdict = Watch::default().judge(revision(), Some(abandoned), Instant::now());
            assert_eq!(verdict, Verdict::TakeOver(Because::Abandoned(abandoned)));
        }
    }

    #[test]
    fn time_in_which_the_store_could_not_be_read_does_not_count() {
        let (mut watch, start, revision) = (Watch::default(), Instant::now(), revision());
        assert_eq!(takes_over(&mut watch, revision, start, [0, 5]), None);
        watch.lose_sight();
        assert_eq!(takes_over(&mut watch, revision, start, [6, 60]), Some(12));
    }

    #[test]
    fn time_in_which_this_process_stood_still_does_not_count() {
        let (mut watch, start, revision) = (Watch::default(), Instant::now(), revision());
        assert_eq!(takes_over(&mut watch, revision, start, [0, 3]), None);
        assert_eq!(takes_over(&mut watch, revision, start, [100, 160]), Some(106));
    }
}
