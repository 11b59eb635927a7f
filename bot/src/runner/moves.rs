//! Groups that become supergroups: their sessions move to the new id, and who writes there waits until they have.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{ChatId, ScanFilter, SessionKey, TurnError};
use tokio::sync::watch;

use super::{REMEMBERED_PEOPLE, Shared};
use crate::growing_cache::growing_cache;

/// How many sessions are read at a time.
const PAGE: usize = 200;

/// How long an input in the new chat waits for the move at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// The moves under way, by the new id, and the last ones that were made.
#[derive(Debug)]
pub(super) struct Moves {
    under_way: Mutex<HashMap<ChatId, watch::Receiver<()>>>,
    made: Mutex<LruCache<ChatId, ChatId>>,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
            made: Mutex::new(growing_cache(REMEMBERED_PEOPLE)),
        }
    }
}

/// A move under way. Dropping it lets everybody go on who waits for it.
#[derive(Debug)]
pub(super) struct Moving {
    moves: Arc<Moves>,
    to: ChatId,
    _over: watch::Sender<()>,
}

impl Moves {
    /// Begins a move; `None` when it is under way already.
    pub(super) fn begin(self: &Arc<Self>, to: ChatId) -> Option<Moving> {
        let mut moves = self.under_way.lock();
        if moves.contains_key(&to) {
            return None;
        }
        let (over, is_over) = watch::channel(());
        moves.insert(to, is_over);
        Some(Moving {
            moves: Arc::clone(self),
            to,
            _over: over,
        })
    }

    /// The key under which a session is now: what was under way when its chat got a new id comes back to the new one.
    pub(super) fn current(&self, key: SessionKey) -> SessionKey {
        match self.made.lock().get(&key.chat()) {
            Some(to) => key.with_chat(*to),
            None => key,
        }
    }

    /// Waits until no move into this chat is under way.
    pub(super) async fn wait(&self, chat: ChatId) {
        let moving = self.under_way.lock().get(&chat).cloned();
        if let Some(mut moving) = moving {
            // Nothing is ever sent: the wait ends when the sender is dropped, or when it takes too long.
            let _ = tokio::time::timeout(PATIENCE, moving.changed()).await;
        }
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.moves.under_way.lock().remove(&self.to);
    }
}

impl Shared {
    /// Moves the sessions of a chat to another id, or waits until somebody has.
    pub(super) async fn move_chat(self: &Arc<Self>, from: ChatId, to: ChatId) -> Result<(), TurnError> {
        loop {
            if let Some(moving) = self.moves.begin(to) {
                return move_sessions(self, from, moving).await;
            }
            self.moves.wait(to).await;
        }
    }
}

/// Moves the sessions of a chat to the id of this move. It may be called again, by any process, after one that died in
/// between.
pub(super) async fn move_sessions(
    shared: &Arc<Shared>,
    from: ChatId,
    moving: Moving,
) -> Result<(), TurnError> {
    let to = moving.to;
    let store = shared.engine.store();
    let mut after = None;
    let mut moved = 0_usize;
    loop {
        let page = store.scan(&ScanFilter::default(), after, PAGE).await?;
        for unreadable in &page.unreadable {
            tracing::error!(
                error = unreadable as &dyn std::error::Error,
                "a session can't be read, and stays where it is"
            );
        }
        for session in page.sessions {
            let key = session.key();
            if key.bot() == shared.bot && key.chat() == from {
                let outcome = shared.engine.relocate(key, &key.clone().with_chat(to)).await?;
                tracing::debug!(user_id = key.user().0, ?outcome, "a session was moved");
                moved += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    shared.moves.made.lock().put(from, to);
    if moved > 0 {
        tracing::info!(
            from = from.0,
            to = to.0,
            sessions = moved,
            "a group has a new id, and its sessions too"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_writes_in_the_new_chat_waits_for_the_move() {
        let moves = Arc::new(Moves::default());
        moves.wait(ChatId(-1)).await;
        let moving = moves.begin(ChatId(-1)).unwrap();
        assert!(moves.begin(ChatId(-1)).is_none());
        moves.wait(ChatId(-2)).await;
        {
            let waiting = moves.wait(ChatId(-1));
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending());
            drop(moving);
            waiting.await;
        }
        assert!(moves.begin(ChatId(-1)).is_some());
    }
}
