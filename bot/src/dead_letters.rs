//! Updates that could not be handled: kept with what went wrong, looked at by an operator, and handled again on request.
//!
//! They lie in the store of the sessions, in a scope of their own, so they are as durable as the sessions, and any process
//! of the bot can replay them: [`DeadLetters::request_replay`] sets a wake time, and whichever process looks for what is due
//! hands the update to its runner.

mod command;
mod letter;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use stepkeep_core::{
    BotId, ChatId, Clock, NewSession, ScanFilter, Scope, Session, SessionKey, SessionStore, StoreError,
    StoreErrorKind, UserId,
};

pub use command::dead_letters;
pub use letter::{DeadLetter, LetterId, Reason};

#[expect(
    clippy::expect_used,
    reason = "a constant of eleven letters, which every test below makes"
)]
static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("dead_letter").expect("a valid scope"));

/// How many letters are read at a time.
const PAGE: usize = 100;

/// How long a process has to handle a letter that it replays, before another one may.
const REPLAY_LEASE: Duration = Duration::from_mins(2);

/// How long a letter is kept.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// The updates of one bot that were put aside.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    bot: BotId,
}

impl DeadLetters {
    /// The scope of the records. They hold what people wrote, so the cleanup should remove them after [`KEPT_FOR`].
    pub fn scope() -> Scope {
        SCOPE.clone()
    }

    /// Those of `bot` in `store`.
    pub fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId) -> Self {
        Self { store, clock, bot }
    }

    /// The record of a letter. Nobody's chat has the id 0, and the letter's id stands in the user's place.
    fn key(&self, id: LetterId) -> SessionKey {
        SessionKey::new(self.bot, ChatId(0), UserId(id.0)).with_scope(SCOPE.clone())
    }

    /// Keeps a letter. One of the same update that is there already is replaced, and no longer to be replayed.
    ///
    /// # Errors
    /// [`StoreError`]: the update must not be acknowledged.
    pub async fn put_aside(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let key = self.key(letter.id);
        loop {
            let change = letter.to_change(self.clock.now());
            let Err(error) = self
                .store
                .create(NewSession::new(key.clone(), change.clone()))
                .await
            else {
                return Ok(());
            };
            let Some(current) = error.current() else {
                return Err(error);
            };
            match self.store.update(current, &change).await {
                Err(error) if matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) => {
                }
                result => return result.map(drop),
            }
        }
    }

    /// All letters, oldest update first. Those that can't be read are only counted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Letters, StoreError> {
        let filter = ScanFilter {
            scope: Some(SCOPE.clone()),
            ..ScanFilter::default()
        };
        let mut letters = Letters::default();
        let mut after = None;
        loop {
            let page = self.store.scan(&filter, after, PAGE).await?;
            letters.unreadable += page.unreadable.len();
            for session in page.sessions {
                if session.key().bot() == self.bot {
                    match DeadLetter::of(&session) {
                        Some(letter) => letters.letters.push(letter),
                        None => letters.unreadable += 1,
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        letters.letters.sort_by_key(|letter| (letter.at, letter.id));
        Ok(letters)
    }

    /// One letter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn get(&self, id: LetterId) -> Result<Option<DeadLetter>, StoreError> {
        let session = self.store.get(&self.key(id)).await?;
        Ok(session.as_ref().and_then(DeadLetter::of))
    }

    /// Asks whichever process runs the bot to handle a letter once more. Answers whether there is such a letter.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn request_replay(&self, id: LetterId) -> Result<bool, StoreError> {
        let key = self.key(id);
        loop {
            let Some(session) = self.store.get(&key).await? else {
                return Ok(false);
            };
            let now = self.clock.now();
            match self
                .store
                .update(&session, &letter::wake_change(now, Some(now)))
                .await
            {
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(false),
                result => return result.map(|_| true),
            }
        }
    }

    /// Takes a letter that is due, for as long as a replay may take; `None` when another process was faster, or when it
    /// can't be read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn claim(&self, session: &Session) -> Result<Option<DeadLetter>, StoreError> {
        let now = self.clock.now();
        let change = letter::wake_change(now, Some(now + REPLAY_LEASE));
        match self.store.update(session, &change).await {
            Ok(session) => Ok(DeadLetter::of(&session)),
            Err(error) if matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a letter that was replayed, unless it was put aside once more meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]: it is replayed again.
    pub(crate) async fn remove_replayed(&self, id: LetterId) -> Result<(), StoreError> {
        let key = self.key(id);
        let session = self.store.get(&key).await?;
        let Some(session) = session.filter(|session| session.wake_at().is_some()) else {
            return Ok(());
        };
        match self.store.clear(&key, Some(session.revision())).await {
            Err(error) if error.kind() != StoreErrorKind::Conflict => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes a letter. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove(&self, id: LetterId) -> Result<bool, StoreError> {
        self.store.clear(&self.key(id), None).await
    }
}

/// What lies there.
#[derive(Debug, Default)]
pub struct Letters {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// How many can't be read.
    pub unreadable: usize,
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{ManualClock, MemoryStorage, Timestamp};

    use super::*;

    const BOT: BotId = BotId(7);

    fn letters(memory: &MemoryStorage, clock: &Arc<ManualClock>) -> DeadLetters {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        DeadLetters::new(Arc::new(memory.clone()), clock, BOT)
    }

    fn letter(id: i64) -> DeadLetter {
        DeadLetter::new(
            LetterId(id),
            Reason::Panicked,
            "out of cheese",
            &format!(r#"{{"update_id":{id}}}"#),
            Timestamp::from_millis(5),
        )
        .after(5)
    }

    #[tokio::test]
    async fn a_letter_is_listed_replayed_once_and_removed() {
        let (memory, clock) = (MemoryStorage::new(), Arc::new(ManualClock::at(Timestamp::EPOCH)));
        let (one, other) = (letters(&memory, &clock), letters(&memory, &clock));
        one.put_aside(&letter(9)).await.unwrap();
        one.put_aside(&letter(8)).await.unwrap();
        let listed = other.list().await.unwrap();
        assert_eq!(listed.letters, [letter(8), letter(9)]);
        assert_eq!(listed.unreadable, 0);

        assert!(!one.request_replay(LetterId(1)).await.unwrap());
        assert!(one.request_replay(LetterId(9)).await.unwrap());
        let due = ScanFilter {
            due_at: Some(clock.now()),
            ..ScanFilter::default()
        };
        let page = memory.scan(&due, None, 10).await.unwrap();
        let [session] = &page.sessions[..] else {
            panic!("one is due: {page:?}");
        };
        assert_eq!(one.claim(session).await.unwrap(), Some(letter(9)));
        assert_eq!(other.claim(session).await.unwrap(), None);
        assert!(memory.scan(&due, None, 10).await.unwrap().sessions.is_empty());

        // It failed again: it waits for the operator once more.
        one.put_aside(&letter(9)).await.unwrap();
        clock.advance(REPLAY_LEASE * 2);
        let due = ScanFilter {
            due_at: Some(clock.now()),
            ..ScanFilter::default()
        };
        assert!(memory.scan(&due, None, 10).await.unwrap().sessions.is_empty());
        assert!(one.remove(LetterId(9)).await.unwrap());
        assert!(!one.remove(LetterId(9)).await.unwrap());
        assert_eq!(one.get(LetterId(9)).await.unwrap(), None);
        assert_eq!(one.get(LetterId(8)).await.unwrap(), Some(letter(8)));
    }

    #[tokio::test]
    async fn another_bots_letters_are_not_ours() {
        let (memory, clock) = (MemoryStorage::new(), Arc::new(ManualClock::at(Timestamp::EPOCH)));
        let ours = letters(&memory, &clock);
        ours.put_aside(&letter(9)).await.unwrap();
        let clock = clock as Arc<dyn Clock>;
        let theirs = DeadLetters::new(Arc::new(memory), clock, BotId(8));
        assert!(theirs.list().await.unwrap().letters.is_empty());
        assert!(!theirs.request_replay(LetterId(9)).await.unwrap());
    }
}
