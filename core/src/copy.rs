//! All sessions of one store, copied into another.

use std::fmt;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::{StoreError, StoreErrorKind};
use crate::session::{NewSession, Session};
use crate::store::{ScanCursor, ScanFilter, SessionStore};

/// How many sessions are read at a time. The copy can be resumed after each such page.
const PAGE: usize = 200;

/// How many sessions are written side by side.
const WRITES_AT_ONCE: usize = 16;

/// How often one session is replaced again, because somebody else changed it in the target meanwhile.
const MAX_ROUNDS: u32 = 4;

/// How many records that were not copied a report lists. It counts all.
const MAX_LISTED: usize = 1_000;

/// A copy of all sessions from one store into another, whatever stores they are.
///
/// Every session arrives exactly as it is: with its revision, so whoever holds it can go on, its times, and the members
/// that this version doesn't know. A session that the target has already, at the same revision, is left alone; so a copy
/// that broke off may simply be started again, or go on from the last cursor that [`on_progress`] handed out.
///
/// ```
/// # use stepkeep_core::{BotId, NewSession, SessionChange, SessionKey, SessionStore, Timestamp, UserId};
/// use stepkeep_core::{MemoryStorage, SessionCopy, verify_copy};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let (from, to) = (MemoryStorage::new(), MemoryStorage::new());
/// # let key = SessionKey::private(BotId(7), UserId(42));
/// # from.create(NewSession::new(key, SessionChange::new(Timestamp::from_millis(1_000)))).await?;
/// let report = SessionCopy::new(&from, &to)
///     .on_progress(|progress| println!("{}", progress.counts))
///     .run()
///     .await?;
/// assert_eq!(report.counts.copied, 1);
/// assert!(verify_copy(&from, &to).await?.is_exact());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A bot that writes to the source meanwhile is not disturbed, and what it writes may be missed. Stop it for a last
/// pass with [`Existing::Replace`], from the beginning, and let it begin again on the target.
///
/// A store that fails ends the copy. Put a [`WithRetry`](crate::WithRetry) around each store if that shall not happen at
/// the first time.
///
/// [`on_progress`]: SessionCopy::on_progress
#[must_use = "nothing is copied until it is run"]
pub struct SessionCopy<'a> {
    from: &'a dyn SessionStore,
    to: &'a dyn SessionStore,
    existing: Existing,
    resume_from: Option<ScanCursor>,
    on_progress: Box<dyn FnMut(&CopyProgress) + Send + 'a>,
}

/// What becomes of a session that the target has already, at another revision than the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// The copy ends with the error of that session: such a target was not meant.
    #[default]
    Fail,
    /// The target's stays.
    Keep,
    /// The source's takes its place: for another pass, while nobody works on the target yet.
    ///
    /// The target's is cleared, at the revision that was seen, and the source's created. A process that dies between the
    /// two leaves neither there until the copy is made again.
    Replace,
}

/// How far a copy is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyProgress {
    /// What this run came across so far.
    pub counts: CopyCounts,
    /// Where another run can go on, as everything before is done; `None` at the end.
    pub resume_from: Option<ScanCursor>,
}

/// How many records a run of a copy came across, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyCounts {
    /// In the target as in the source, put there now or by an earlier run.
    pub copied: u64,
    /// Put in the place of another revision: [`Existing::Replace`].
    pub replaced: u64,
    /// Not copied, as the target has another revision: [`Existing::Keep`].
    pub kept: u64,
    /// Not copied, as they can't be read in the source.
    pub unreadable: u64,
    /// Not copied, as they are too large for the target, or it has a record there that can't be read.
    pub refused: u64,
}

impl CopyCounts {
    /// All of them: to be compared with how many the source has.
    pub fn total(&self) -> u64 {
        let Self {
            copied,
            replaced,
            kept,
            unreadable,
            refused,
        } = *self;
        copied + replaced + kept + unreadable + refused
    }
}

impl fmt::Display for CopyCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            copied,
            replaced,
            kept,
            unreadable,
            refused,
        } = self;
        write!(
            formatter,
            "{copied} copied, {replaced} replaced, {kept} kept, {unreadable} unreadable, {refused} refused"
        )
    }
}

/// What a copy that came to its end did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CopyReport {
    /// What it came across.
    pub counts: CopyCounts,
    /// Why records are unreadable and refused, each with its key where that can be told: the first thousand. The log has
    /// all.
    pub problems: Vec<StoreError>,
}

/// A copy that did not come to its end. What it copied is in the target.
#[derive(Debug, thiserror::Error)]
#[error("the copy broke off after {} records ({})", .report.counts.total(), .report.counts)]
#[non_exhaustive]
pub struct CopyError {
    /// What it did before.
    pub report: CopyReport,
    /// Where another run can go on; `None` is the beginning.
    pub resume_from: Option<ScanCursor>,
    /// Why.
    #[source]
    pub source: StoreError,
}

impl<'a> SessionCopy<'a> {
    /// A copy from one store into another. With [`Existing::Fail`], until something else is asked for.
    pub fn new(from: &'a dyn SessionStore, to: &'a dyn SessionStore) -> Self {
        Self {
            from,
            to,
            existing: Existing::default(),
            resume_from: None,
            on_progress: Box::new(|_| {}),
        }
    }

    /// What becomes of sessions that the target has at another revision.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Goes on where an earlier copy from the same source was, by a cursor that it handed out. `None` is the beginning.
    pub fn resume_from(mut self, cursor: impl Into<Option<ScanCursor>>) -> Self {
        self.resume_from = cursor.into();
        self
    }

    /// Calls this after each page, when all its sessions are in the target.
    pub fn on_progress(mut self, on_progress: impl FnMut(&CopyProgress) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Copies, 16 sessions at a time.
    ///
    /// Records that can't be copied for what they are (unreadable, too large) are counted and reported, and stop nothing.
    ///
    /// # Errors
    /// [`CopyError`] when a store fails, and for a session that the target has already if that is not to be.
    ///
    /// # Cancellation
    /// Dropping the future stops the copy. What is in the target stays there, and the last cursor that was handed out
    /// is good.
    pub async fn run(mut self) -> Result<CopyReport, CopyError> {
        let mut report = CopyReport::default();
        loop {
            let next = match self.copy_page(&mut report).await {
                Ok(next) => next,
                Err(source) => {
                    return Err(CopyError {
                        report,
                        resume_from: self.resume_from,
                        source,
                    });
                }
            };
            (self.on_progress)(&CopyProgress {
                counts: report.counts,
                resume_from: next.clone(),
            });
            if next.is_none() {
                return Ok(report);
            }
            self.resume_from = next;
        }
    }

    async fn copy_page(&mut self, report: &mut CopyReport) -> Result<Option<ScanCursor>, StoreError> {
        let after = self.resume_from.clone();
        let page = self.from.scan(&ScanFilter::default(), after, PAGE).await?;
        for error in page.unreadable {
            report.counts.unreadable += 1;
            report.list(error);
        }
        let (to, existing) = (self.to, self.existing);
        let mut copies = stream::iter(page.sessions)
            .map(|session| copy_session(to, session, existing))
            .buffer_unordered(WRITES_AT_ONCE);
        while let Some(copied) = copies.try_next().await? {
            report.count(copied);
        }
        Ok(page.next)
    }
}

impl fmt::Debug for SessionCopy<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionCopy")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("existing", &self.existing)
            .field("resume_from", &self.resume_from)
            .finish_non_exhaustive()
    }
}

/// What became of one session.
enum Copied {
    Stored,
    Replaced,
    Kept,
    Refused(StoreError),
}

impl CopyReport {
    fn count(&mut self, copied: Copied) {
        let counts = &mut self.counts;
        match copied {
            Copied::Stored => counts.copied += 1,
            Copied::Replaced => counts.replaced += 1,
            Copied::Kept => counts.kept += 1,
            Copied::Refused(error) => {
                counts.refused += 1;
                self.list(error);
            }
        }
    }

    fn list(&mut self, error: StoreError) {
        tracing::warn!(%error, "a record is not copied");
        if self.problems.len() < MAX_LISTED {
            self.problems.push(error);
        }
    }
}

async fn copy_session(
    to: &dyn SessionStore,
    session: Session,
    existing: Existing,
) -> Result<Copied, StoreError> {
    let mut cleared: Option<Session> = None;
    let mut round = 0;
    loop {
        round += 1;
        let Err(error) = to.create(NewSession::copy_of(session.clone())).await else {
            return Ok(if cleared.is_some() {
                Copied::Replaced
            } else {
                Copied::Stored
            });
        };
        match error.kind() {
            StoreErrorKind::TooLarge | StoreErrorKind::Corrupt | StoreErrorKind::TooNew => {
                if let Some(cleared) = cleared {
                    // Rather the older one than none.
                    to.create(NewSession::copy_of(cleared)).await?;
                }
                return Ok(Copied::Refused(error));
            }
            StoreErrorKind::AlreadyExists if existing == Existing::Keep => return Ok(Copied::Kept),
            StoreErrorKind::AlreadyExists if existing == Existing::Replace && round < MAX_ROUNDS => {
                let Some(stored) = error.current() else {
                    return Err(error);
                };
                match to.clear(session.key(), Some(stored.revision())).await {
                    Ok(_) => cleared = error.into_current(),
                    // Changed meanwhile: the next round sees it.
                    Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                    Err(error) => return Err(error),
                }
            }
            _ => return Err(error),
        }
    }
}
