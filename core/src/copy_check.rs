//! Whether a copy is one.

use std::fmt;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::content_hash::ContentHash;
use crate::error::{StoreError, StoreErrorKind};
use crate::key::SessionKey;
use crate::session::Session;
use crate::store::{ScanFilter, SessionStore};

/// How many sessions are read at a time.
const PAGE: usize = 200;

/// How many sessions are looked up side by side.
const READS_AT_ONCE: usize = 16;

/// How many differences a check lists. It counts all.
const MAX_LISTED: usize = 1_000;

/// What a store has: how many sessions, and what their contents come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreContents {
    /// How many sessions.
    pub sessions: u64,
    /// The hash of all of them.
    pub hash: ContentHash,
    /// How many records can't be read. They are in neither of the above.
    pub unreadable: u64,
}

impl StoreContents {
    /// Reads all of a store, page by page.
    ///
    /// # Errors
    /// Those of [`scan`](SessionStore::scan).
    ///
    /// # Cancellation
    /// It only reads.
    pub async fn of(store: &dyn SessionStore) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        let mut after = None;
        loop {
            let page = store.scan(&ScanFilter::default(), after, PAGE).await?;
            for session in &page.sessions {
                contents.sessions += 1;
                contents.hash = contents.hash.and(ContentHash::of(session));
            }
            contents.unreadable += page.unreadable.len() as u64;
            after = page.next;
            if after.is_none() {
                return Ok(contents);
            }
        }
    }
}

impl fmt::Display for StoreContents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sessions,
            hash,
            unreadable,
        } = self;
        write!(
            formatter,
            "{sessions} sessions with the content {hash}, {unreadable} unreadable"
        )
    }
}

/// What a comparison of two stores found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CopyCheck {
    /// What the source has.
    pub from: StoreContents,
    /// What the target has.
    pub to: StoreContents,
    /// How many sessions of the source the target lacks.
    pub missing: u64,
    /// How many sessions both have, but not the same.
    pub different: u64,
    /// How many sessions the target has, and the source doesn't.
    pub extra: u64,
    /// Which they are: the first thousand.
    pub differences: Vec<CopyDifference>,
}

/// One session that is not the same in two stores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CopyDifference {
    /// The target lacks it.
    Missing(SessionKey),
    /// Both have it, but not the same, or one of them can't read it.
    Different(SessionKey),
    /// Only the target has it.
    Extra(SessionKey),
}

impl CopyCheck {
    /// Whether both have the same sessions with the same content, of those that can be read.
    pub fn is_exact(&self) -> bool {
        self.from.sessions == self.to.sessions && self.from.hash == self.to.hash
    }

    /// Whether the target has every session of the source that can be read, and perhaps others.
    pub fn is_complete(&self) -> bool {
        self.missing == 0 && self.different == 0
    }

    fn note(&mut self, difference: CopyDifference) {
        match difference {
            CopyDifference::Missing(_) => self.missing += 1,
            CopyDifference::Different(_) => self.different += 1,
            CopyDifference::Extra(_) => self.extra += 1,
        }
        if self.differences.len() < MAX_LISTED {
            self.differences.push(difference);
        }
    }
}

/// Compares two stores by the number of their sessions and by a hash of their content; and when these differ, session by
/// session.
///
/// Nobody may write to either meanwhile, or the answer is about no moment.
///
/// # Errors
/// Those of [`scan`](SessionStore::scan) and [`get`](SessionStore::get). A record that can't be read is none: it is
/// counted.
///
/// # Cancellation
/// It only reads.
pub async fn verify_copy(from: &dyn SessionStore, to: &dyn SessionStore) -> Result<CopyCheck, StoreError> {
    let mut check = CopyCheck {
        from: StoreContents::of(from).await?,
        to: StoreContents::of(to).await?,
        ..CopyCheck::default()
    };
    if !check.is_exact() {
        compare_each(from, to, &mut check, |session, other| match other {
            Other::Absent => Some(CopyDifference::Missing(session.key().clone())),
            Other::Readable(other) if ContentHash::of(session) == ContentHash::of(&other) => None,
            Other::Readable(_) | Other::Unreadable => Some(CopyDifference::Different(session.key().clone())),
        })
        .await?;
        // Those that both can read were compared already.
        compare_each(to, from, &mut check, |session, other| match other {
            Other::Absent => Some(CopyDifference::Extra(session.key().clone())),
            Other::Unreadable => Some(CopyDifference::Different(session.key().clone())),
            Other::Readable(_) => None,
        })
        .await?;
    }
    Ok(check)
}

/// What the other store has under a session's key.
enum Other {
    Absent,
    Readable(Session),
    Unreadable,
}

async fn compare_each(
    one: &dyn SessionStore,
    other: &dyn SessionStore,
    check: &mut CopyCheck,
    compare: impl Fn(&Session, Other) -> Option<CopyDifference> + Send + Sync,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = one.scan(&ScanFilter::default(), after, PAGE).await?;
        let mut pairs = stream::iter(page.sessions)
            .map(|session| look_up(other, session))
            .buffer_unordered(READS_AT_ONCE);
        while let Some((session, other)) = pairs.try_next().await? {
            if let Some(difference) = compare(&session, other) {
                check.note(difference);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn look_up(store: &dyn SessionStore, session: Session) -> Result<(Session, Other), StoreError> {
    let other = match store.get(session.key()).await {
        Ok(None) => Other::Absent,
        Ok(Some(other)) => Other::Readable(other),
        Err(error) if matches!(error.kind(), StoreErrorKind::Corrupt | StoreErrorKind::TooNew) => {
            Other::Unreadable
        }
        Err(error) => return Err(error),
    };
    Ok((session, other))
}
