//! The one record of a bot's broadcast: read, begun, and changed by whoever isn't at work on it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Deserialize;
use stepkeep_core::{
    BotId, ChatId, Clock, DataError, ModifyError, NewSession, ScanCursor, Scope, Session, SessionChange,
    SessionKey, SessionStore, SessionStoreExt as _, StoreError, StoreErrorKind, Timestamp, UserId,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::figures::BroadcastFigures;
use super::job::{Audience, Board, BroadcastOrder, BroadcastView, Job, VERSION};
use crate::people::People;

#[expect(
    clippy::expect_used,
    reason = "a constant of nine letters, which every test of this module makes"
)]
static SCOPE: LazyLock<Scope> = LazyLock::new(|| Scope::new("broadcast").expect("a valid scope"));

/// How many people are counted at a time, and the pause after that, so that people's answers get through.
const COUNTED_AT_A_TIME: usize = 500;
const PAUSE: Duration = Duration::from_millis(5);

/// How long people are counted before a broadcast; then it is said that there are more.
const COUNTED_FOR: Duration = Duration::from_secs(10);

/// So often a record that others change is tried to be changed.
const TRIES: u32 = 8;

/// Why the record could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The record can't be read. It is left as it is.
    #[error("the record of the broadcast can't be read or written")]
    Unreadable(#[from] DataError),
    /// A newer version wrote the record. It is left as it is.
    #[error("a newer version ({0}) wrote the record of the broadcast")]
    TooNew(u32),
    /// Others were faster every time.
    #[error("the record of the broadcast was changed by others for as long as it was tried")]
    Contention,
}

impl From<ModifyError<Self>> for BroadcastError {
    fn from(error: ModifyError<Self>) -> Self {
        match error {
            ModifyError::Refused(error) => error,
            ModifyError::Store(error) => Self::Store(error),
            _ => Self::Contention,
        }
    }
}

/// What came of the wish to begin a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It begins, or began by an earlier try.
    Started(BroadcastView),
    /// Another one goes on, which has to end first.
    Busy(BroadcastView),
}

/// The broadcasts of one bot, one at a time. Clones share them.
#[derive(Debug, Clone)]
pub struct Broadcasts {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    bot: BotId,
    people: People,
    begun: Arc<Notify>,
    figures: Arc<BroadcastFigures>,
}

impl Broadcasts {
    /// The scope of the record, to be [kept](stepkeep_core::CleanupPolicy::keep_scope) by the cleanup.
    pub fn scope() -> Scope {
        SCOPE.clone()
    }

    /// Those of `bot` in `store`, to the people whom it knows.
    pub fn new(store: Arc<dyn SessionStore>, clock: Arc<dyn Clock>, bot: BotId) -> Self {
        Self {
            people: People::new(Arc::clone(&store), Arc::clone(&clock), bot),
            store,
            clock,
            bot,
            begun: Arc::default(),
            figures: Arc::default(),
        }
    }

    /// What this process did for broadcasts.
    pub fn figures(&self) -> Arc<BroadcastFigures> {
        Arc::clone(&self.figures)
    }

    /// The broadcast that goes on, or the last one.
    ///
    /// # Errors
    /// [`BroadcastError`], of reading.
    pub async fn current(&self) -> Result<Option<BroadcastView>, BroadcastError> {
        let stored = self.read().await?;
        Ok(stored.map(|(_, job)| job.view()))
    }

    /// Counts whom a broadcast would go to, for a while.
    ///
    /// # Errors
    /// [`BroadcastError`], of the store.
    pub async fn audience(&self) -> Result<Audience, BroadcastError> {
        let until = Instant::now() + COUNTED_FOR;
        let (mut people, mut after): (u64, Option<ScanCursor>) = (0, None);
        loop {
            let page = self.people.page(after, COUNTED_AT_A_TIME).await?;
            people += u64::try_from(page.people.len()).unwrap_or(0);
            after = page.next;
            let is_whole = after.is_none();
            if is_whole || Instant::now() >= until {
                return Ok(Audience { people, is_whole });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Begins a broadcast, unless one goes on. The same order given again begins nothing new.
    ///
    /// # Errors
    /// [`BroadcastError`]; it may have begun, and the same order given again tells.
    pub async fn begin(&self, order: BroadcastOrder, board: Option<Board>) -> Result<Begun, BroadcastError> {
        for _ in 0..TRIES {
            let stored = self.read().await?;
            let now = self.clock.now();
            let job = Job::begin(order.clone(), board.clone(), now);
            let change = SessionChange::new(now).set_typed(&job)?;
            let written = match &stored {
                Some((_, running)) if running.order.id == order.id => {
                    return Ok(Begun::Started(running.view()));
                }
                Some((_, running)) if !running.is_over() => return Ok(Begun::Busy(running.view())),
                Some((held, _)) => self.store.update(held, &change).await,
                None => self.store.create(NewSession::new(self.key(), change)).await,
            };
            match written {
                Ok(_) => {
                    self.begun.notify_one();
                    return Ok(Begun::Started(job.view()));
                }
                Err(error) => match error.kind() {
                    StoreErrorKind::Conflict
                    | StoreErrorKind::AlreadyExists
                    | StoreErrorKind::NotFound
                    | StoreErrorKind::Indeterminate => {}
                    _ => return Err(error.into()),
                },
            }
        }
        Err(BroadcastError::Contention)
    }

    /// Asks whichever process is at work on the broadcast to stop; `None` when there is none.
    ///
    /// # Errors
    /// [`BroadcastError`].
    pub async fn request_stop(&self) -> Result<Option<BroadcastView>, BroadcastError> {
        self.change(|job| job.stop_requested |= !job.is_over()).await
    }

    /// Shows the broadcast in this message from now on, while it goes on; `None` when there is none.
    ///
    /// # Errors
    /// [`BroadcastError`].
    pub async fn show_at(&self, board: Board) -> Result<Option<BroadcastView>, BroadcastError> {
        self.change(|job| {
            if !job.is_over() {
                job.board = Some(board.clone());
            }
        })
        .await
    }

    async fn change(
        &self,
        change: impl Fn(&mut Job) + Send + Sync,
    ) -> Result<Option<BroadcastView>, BroadcastError> {
        let key = self.key();
        let changed = self.store.modify(&key, |stored| {
            let mut job = parse(stored)?;
            change(&mut job);
            Ok::<_, BroadcastError>(SessionChange::new(self.clock.now()).set_typed(&job)?)
        });
        match changed.await {
            Ok(stored) => Ok(Some(parse(&stored)?.view())),
            Err(ModifyError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn read(&self) -> Result<Option<(Session, Job)>, BroadcastError> {
        let Some(stored) = self.store.get(&self.key()).await? else {
            return Ok(None);
        };
        let job = parse(&stored)?;
        Ok(Some((stored, job)))
    }

    pub(super) async fn write(&self, held: &Session, job: &Job) -> Result<Session, BroadcastError> {
        let change = SessionChange::new(self.clock.now()).set_typed(job)?;
        Ok(self.store.update(held, &change).await?)
    }

    /// Waits until this process begins a broadcast.
    pub(super) async fn begins(&self) {
        self.begun.notified().await;
    }

    pub(super) fn people(&self) -> &People {
        &self.people
    }

    pub(super) fn store(&self) -> &dyn SessionStore {
        &*self.store
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn bot(&self) -> BotId {
        self.bot
    }

    /// Nobody's chat has the id 0.
    fn key(&self) -> SessionKey {
        SessionKey::new(self.bot, ChatId(0), UserId(0)).with_scope(SCOPE.clone())
    }
}

/// The broadcast of a record.
pub(super) fn parse(stored: &Session) -> Result<Job, BroadcastError> {
    #[derive(Deserialize)]
    struct OfVersion {
        version: u32,
    }
    // Looked at first: what a newer version wrote may not be readable as a whole.
    let OfVersion { version } = stored.typed()?;
    if version > VERSION {
        return Err(BroadcastError::TooNew(version));
    }
    Ok(stored.typed()?)
}
