//! A source that does what it is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepkeep_core::cache::{Loaded, Source};
use tokio::sync::watch;

/// Answers the same number under every key: the truth, as it was when the load began.
#[derive(Debug)]
pub(crate) struct Oracle {
    truth: AtomicU64,
    is_absent: AtomicBool,
    manner: Mutex<Manner>,
    ttl: Mutex<Option<Duration>>,
    loads: AtomicU64,
    is_open: watch::Sender<bool>,
}

/// What becomes of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Answer,
    Fail,
    Hang,
    Panic,
}

#[derive(Debug, thiserror::Error)]
#[error("the oracle is silent")]
pub(crate) struct Silent;

impl Default for Oracle {
    fn default() -> Self {
        Self {
            truth: AtomicU64::new(1),
            is_absent: AtomicBool::new(false),
            manner: Mutex::new(Manner::Answer),
            ttl: Mutex::new(None),
            loads: AtomicU64::new(0),
            is_open: watch::Sender::new(true),
        }
    }
}

impl Oracle {
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn tell(&self, truth: u64) {
        self.truth.store(truth, Ordering::SeqCst);
    }

    pub(crate) fn has_nothing(&self, is_absent: bool) {
        self.is_absent.store(is_absent, Ordering::SeqCst);
    }

    pub(crate) fn behaves(&self, manner: Manner) {
        *self.manner.lock() = manner;
    }

    pub(crate) fn gives_ttl(&self, ttl: Duration) {
        *self.ttl.lock() = Some(ttl);
    }

    /// From now on loads begin, and don't end.
    pub(crate) fn close(&self) {
        self.is_open.send_replace(false);
    }

    /// They end.
    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }
}

#[async_trait]
impl Source<u64> for Oracle {
    type Value = u64;
    type Error = Silent;

    async fn load(&self, _: &u64) -> Result<Loaded<u64>, Silent> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let truth = self.truth.load(Ordering::SeqCst);
        let is_absent = self.is_absent.load(Ordering::SeqCst);
        let _ = self.is_open.subscribe().wait_for(|is_open| *is_open).await;
        let manner = *self.manner.lock();
        match manner {
            Manner::Answer => {
                let ttl = *self.ttl.lock();
                let value = (!is_absent).then_some(truth);
                Ok(Loaded { value, ttl })
            }
            Manner::Fail => Err(Silent),
            Manner::Hang => std::future::pending().await,
            Manner::Panic => panic!("the oracle has an accident"),
        }
    }
}
