//! Whom a bot knows: everybody who ever had a dialogue with it in a private chat, also when their session is long gone.
//!
//! Sessions are removed when they are idle, so they can't tell whom to write to. Two small records do, each in a scope of its
//! own: that there is such a person, which is made once, never changed and never removed, so that a walk over all of them
//! meets each exactly once; and when the person was last seen, which is brought up to date once an hour at most, and
//! goes when it is older than anybody asks for.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::StreamExt as _;
use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{
    BotId, Clock, NewSession, ScanCursor, ScanFilter, Scope, Session, SessionChange, SessionKey,
    SessionStore, StoreError, StoreErrorKind, Timestamp, UserId,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::growing_cache::growing_cache;
use crate::observation::{Cause, Observer, TurnFinished};

#[expect(
    clippy::expect_used,
    reason = "a constant of six letters, which every test of this module makes"
)]
static KNOWN: LazyLock<Scope> = LazyLock::new(|| Scope::new("people").expect("a valid scope"));

#[expect(
    clippy::expect_used,
    reason = "a constant of four letters, which every test of this module makes"
)]
static SEEN: LazyLock<Scope> = LazyLock::new(|| Scope::new("seen").expect("a valid scope"));

/// How long is kept when somebody was last seen: a little more than the longest time that is asked for, a week.
pub const SEEN_KEPT_FOR: Duration = Duration::from_hours(8 * 24);

/// Somebody who was noted this recently is not noted again.
const NOTED_AGAIN_AFTER: Duration = Duration::from_hours(1);

/// Of so many people this process remembers that it noted them.
const REMEMBERED: std::num::NonZeroUsize = match std::num::NonZeroUsize::new(100_000) {
    Some(number) => number,
    None => std::num::NonZeroUsize::MIN,
};

/// So many wait to be noted at most. Who finds no place is noted after their next turn.
const WAITING: usize = 10_000;

/// So many are noted at the same time.
const AT_ONCE: usize = 8;

/// The people whom one bot knows. Clones share them.
#[derive(Clone, Debug)]
pub struct People {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    bot: BotId,
}

/// Some of the people.
#[derive(Debug)]
pub struct PeoplePage {
    /// Who, and since when they are known.
    pub people: Vec<(UserId, Timestamp)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<ScanCursor>,
}

impl People {
    /// The scope of the records that say who there is, to be [kept](stepkeep_core::CleanupPolicy::keep_scope) by the cleanup.
    pub fn scope() -> Scope {
        KNOWN.clone()
    }

    /// The scope of the records that say when somebody was last seen, to be removed after [`SEEN_KEPT_FOR`].
    pub fn seen_scope() -> Scope {
        SEEN.clone()
    }

    /// Those whom `bot` knows, in `store`.
    pub fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId) -> Self {
        Self { store, clock, bot }
    }

    /// Notes that somebody is there. It costs a read, and a write once an hour.
    ///
    /// # Errors
    /// [`StoreError`]: the person may be noted or not.
    pub async fn note(&self, user: UserId) -> Result<(), StoreError> {
        let key = SessionKey::private(self.bot, user);
        let (seen_key, now) = (key.clone().with_scope(SEEN.clone()), self.clock.now());
        match self.store.get(&seen_key).await? {
            Some(seen) if now.since(seen.updated_at()) < NOTED_AGAIN_AFTER => Ok(()),
            Some(seen) => {
                let seen = self.store.update(&seen, &SessionChange::new(now)).await;
                unless_somebody_was_faster(seen)
            }
            None => {
                // In this order, so that whoever was seen is known.
                let new = |key| NewSession::new(key, SessionChange::new(now));
                unless_somebody_was_faster(self.store.create(new(key.with_scope(KNOWN.clone()))).await)?;
                unless_somebody_was_faster(self.store.create(new(seen_key)).await)
            }
        }
    }

    /// One page of the people, in an order that stays the same; each of them is met once.
    ///
    /// # Errors
    /// [`StoreError`]; what is known of a single person is never an error.
    pub async fn page(&self, after: Option<ScanCursor>, limit: usize) -> Result<PeoplePage, StoreError> {
        let filter = ScanFilter {
            scope: Some(KNOWN.clone()),
            ..ScanFilter::default()
        };
        let page = self.store.scan(&filter, after, limit).await?;
        // A record that can't be read has nothing in it but its key, which says who it is.
        let unreadable = page
            .unreadable
            .iter()
            .filter_map(|error| Some((error.key()?, Timestamp::EPOCH)));
        let readable = page
            .sessions
            .iter()
            .map(|known| (known.key(), known.created_at()));
        let people = readable
            .chain(unreadable)
            .filter(|(key, _)| key.bot() == self.bot)
            .map(|(key, since)| (key.user(), since));
        Ok(PeoplePage {
            people: people.collect(),
            next: page.next,
        })
    }

    /// What tells whoever keeps the notes, and who that is.
    pub fn noted_by(self) -> (Arc<PeopleObserver>, PeopleKeeper) {
        let (tell, told) = mpsc::channel(WAITING);
        let observer = Arc::new(PeopleObserver {
            noted: Mutex::new(growing_cache(REMEMBERED)),
            tell,
        });
        let keeper = PeopleKeeper {
            people: self,
            observer: Arc::clone(&observer),
            told,
        };
        (observer, keeper)
    }
}

/// Whoever was faster noted the same.
fn unless_somebody_was_faster(written: Result<Session, StoreError>) -> Result<(), StoreError> {
    match written {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            StoreErrorKind::AlreadyExists | StoreErrorKind::Conflict | StoreErrorKind::NotFound => Ok(()),
            _ => Err(error),
        },
    }
}

/// Hears who had a turn, and lets them be noted beside the turns.
#[derive(Debug)]
pub struct PeopleObserver {
    noted: Mutex<LruCache<UserId, Instant>>,
    tell: mpsc::Sender<UserId>,
}

impl Observer for PeopleObserver {
    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let key = event.key;
        let is_a_person = matches!(event.cause, Cause::Update { .. })
            && event.outcome == "applied"
            && key.is_private()
            && key.thread().is_none()
            && key.business().is_none();
        if !is_a_person {
            return;
        }
        let (user, now) = (key.user(), Instant::now());
        let mut noted = self.noted.lock();
        let is_noted = noted
            .get(&user)
            .is_some_and(|at| now.duration_since(*at) < NOTED_AGAIN_AFTER);
        if !is_noted && self.tell.try_send(user).is_ok() {
            noted.put(user, now);
        }
    }
}

/// Notes people in the store.
#[derive(Debug)]
pub struct PeopleKeeper {
    people: People,
    observer: Arc<PeopleObserver>,
    told: mpsc::Receiver<UserId>,
}

impl PeopleKeeper {
    /// Notes whoever had a turn, until stopped. Who can't be noted is noted after their next turn.
    pub async fn run(self, stop: &CancellationToken) {
        let Self {
            people,
            observer,
            told,
        } = self;
        let told = futures::stream::unfold(told, |mut told| async move {
            let user = told.recv().await?;
            Some((user, told))
        });
        let noting = told.for_each_concurrent(AT_ONCE, |user| {
            let (people, observer) = (people.clone(), Arc::clone(&observer));
            async move {
                if let Err(error) = people.note(user).await {
                    observer.noted.lock().pop(&user);
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, user_id = user.0, "a person could not be noted");
                }
            }
        });
        stop.run_until_cancelled(noting).await;
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{ChatId, ManualClock, MemoryStorage};

    use super::*;
    use crate::telegram::Origin;

    const BOT: BotId = BotId(7);

    fn people(store: &MemoryStorage, clock: &Arc<ManualClock>) -> People {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
        People::new(Arc::new(store.clone()), clock, BOT)
    }

    async fn all(people: &People) -> Vec<i64> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = people.page(after, 3).await.unwrap();
            found.extend(page.people.iter().map(|(user, _)| user.0));
            after = page.next;
            if after.is_none() {
                found.sort_unstable();
                return found;
            }
        }
    }

    #[tokio::test]
    async fn everybody_is_met_once_however_often_they_come() {
        let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
        let people = people(&store, &clock);
        for _ in 0..3 {
            for user in 1..=10 {
                people.note(UserId(user)).await.unwrap();
            }
            clock.advance(Duration::from_hours(2));
        }
        let others = People::new(Arc::new(store.clone()), clock, BotId(8));
        others.note(UserId(77)).await.unwrap();
        assert_eq!(all(&people).await, (1..=10).collect::<Vec<_>>());
        assert_eq!(all(&others).await, [77]);
    }

    #[tokio::test]
    async fn when_somebody_was_last_seen_is_brought_up_to_date_once_an_hour() {
        let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
        let people = people(&store, &clock);
        let key = SessionKey::private(BOT, UserId(1)).with_scope(People::seen_scope());
        let mut seen = Vec::new();
        for _ in 0..4 {
            people.note(UserId(1)).await.unwrap();
            seen.push(store.get(&key).await.unwrap().unwrap().updated_at());
            clock.advance(Duration::from_mins(40));
        }
        assert_eq!(seen[0], seen[1]);
        assert!(seen[1] < seen[2]);
        assert_eq!(seen[2], seen[3]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_have_a_turn_in_a_private_chat_are_noted() {
        let (store, clock) = (MemoryStorage::new(), Arc::new(ManualClock::default()));
        let people = people(&store, &clock);
        let (observer, keeper) = people.clone().noted_by();
        let turn = |key: &SessionKey, outcome| {
            observer.turn_finished(&TurnFinished {
                key,
                cause: Cause::Update {
                    id: 1,
                    origin: Origin::Polling,
                },
                place: None,
                outcome,
                duration: Duration::ZERO,
                latency: None,
                failure: None,
            });
        };
        turn(&SessionKey::private(BOT, UserId(1)), "applied");
        turn(&SessionKey::private(BOT, UserId(1)), "applied");
        turn(&SessionKey::private(BOT, UserId(2)), "answered");
        turn(&SessionKey::new(BOT, ChatId(-5), UserId(3)), "applied");
        let stop = CancellationToken::new();
        tokio::select! {
            () = keeper.run(&stop) => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        assert_eq!(all(&people).await, [1]);
    }
}
