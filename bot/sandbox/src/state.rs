//! The state file: what a sandbox remembers from one process to the next.
//!
//! Whoever changes the state marks [`Changes`]; a [`StateKeeper`] then writes all of it, as JSON, to a file beside the
//! state file, which takes its place at once. So the file is always a whole one, at most [`PAUSE`] and a write old.

mod file;
mod forms;

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub use self::file::PutAside;
pub(crate) use self::forms::{base64, pairs};
use crate::{generation, shipping, telegram};

/// Between two writes.
const PAUSE: Duration = Duration::from_millis(300);

/// Tells the keeper of the state file, if there is one, that something has changed. Clones tell the same keeper.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Arc<Notify>);

impl Changes {
    /// To be called once the change is made, or under the lock that it is made under.
    pub(crate) fn mark(&self) {
        self.0.notify_one();
    }
}

/// Everything that is written down.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedState {
    telegram: telegram::world::SavedWorld,
    shipping: shipping::SavedWorld,
    /// Files of older sandboxes don't have it.
    #[serde(default)]
    generation: generation::SavedWorld,
}

/// The worlds whose state is kept.
#[derive(Debug, Clone)]
pub(crate) struct Worlds {
    pub(crate) telegram: Arc<telegram::world::World>,
    pub(crate) shipping: Arc<shipping::World>,
    pub(crate) generation: Arc<generation::World>,
}

impl Worlds {
    /// New ones, which mark the same changes.
    pub(crate) fn new(webhook_retry_scale: f64, kept_calls: usize, changes: &Changes) -> Self {
        let telegram = telegram::world::World::new(webhook_retry_scale, kept_calls, changes.clone());
        Self {
            telegram: Arc::new(telegram),
            shipping: Arc::new(shipping::World::new(changes.clone())),
            generation: Arc::new(generation::World::new(changes.clone())),
        }
    }

    /// Takes up what was written down. To be called on new worlds, inside the runtime.
    pub(crate) fn restore(&self, saved: SavedState) {
        let SavedState {
            telegram,
            shipping,
            generation,
        } = saved;
        self.telegram.restore(telegram);
        self.shipping.restore(shipping);
        self.generation.restore(generation);
    }

    fn saved(&self) -> SavedState {
        SavedState {
            telegram: self.telegram.saved(),
            shipping: self.shipping.saved(),
            generation: self.generation.saved(),
        }
    }
}

/// Keeps the state file of the worlds.
#[derive(Debug, Clone)]
pub(crate) struct StateKeeper {
    worlds: Worlds,
    changes: Changes,
    path: Arc<PathBuf>,
    /// Held while the state is looked at and written, so that nothing older is written over something newer.
    writing: Arc<Mutex<()>>,
}

impl StateKeeper {
    /// Opens the state file: takes up what it says, if it is there, and keeps it from then on.
    ///
    /// # Errors
    /// The file is there, and can't be read or be put aside.
    pub(crate) fn open(
        path: PathBuf,
        worlds: Worlds,
        changes: Changes,
    ) -> std::io::Result<(Self, Option<PutAside>)> {
        let (saved, put_aside) = file::read(&path)?;
        if let Some(saved) = saved {
            worlds.restore(saved);
        }
        let keeper = Self {
            worlds,
            changes,
            path: Arc::new(path),
            writing: Arc::default(),
        };
        Ok((keeper, put_aside))
    }

    /// Writes whatever changes, for ever. A write that is under way when the future is dropped goes on to its end.
    pub(crate) async fn keep(&self) -> Infallible {
        loop {
            self.changes.0.notified().await;
            self.write().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes what is. A failure is logged: the next write may succeed.
    pub(crate) async fn write(&self) {
        let Self {
            worlds,
            changes: _,
            path,
            writing,
        } = self.clone();
        let write = move || {
            let _turn = writing.lock();
            file::write(&path, &worlds.saved())
                .map_err(|error| tracing::warn!(path = %path.display(), %error, "the state can't be written"))
        };
        // What it said is logged; a panic in it is the runtime's to tell.
        let _ = tokio::task::spawn_blocking(write).await;
    }
}
