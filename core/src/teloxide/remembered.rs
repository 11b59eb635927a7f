//! What the last read or write of each dialogue saw, so that the next write is for that and nothing else.

use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use crate::key::SessionKey;
use crate::session::Session;

/// What was there.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// Positively nothing.
    Nothing,
    /// This session.
    Session(Session),
    /// Nobody knows: it was asked for, and could not be read; or it turned out to be another one than was thought.
    Unread,
}

/// The latest of them, up to a number.
#[derive(Debug)]
pub(super) struct Remembered(Mutex<LruCache<SessionKey, Seen>>);

impl Remembered {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(limit)))
    }

    pub(super) fn remember(&self, key: SessionKey, seen: Seen) {
        self.0.lock().put(key, seen);
    }

    pub(super) fn recall(&self, key: &SessionKey) -> Option<Seen> {
        self.0.lock().get(key).cloned()
    }

    pub(super) fn forget(&self, key: &SessionKey) {
        self.0.lock().pop(key);
    }
}
