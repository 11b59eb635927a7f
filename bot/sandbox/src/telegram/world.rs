//! The one state behind the Bot API and the people's side.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};

use super::{bot::Bot, callbacks::Presses, calls::CallLog, faults::Faults, people::People};
use crate::clock::Clock;

/// The id of the first update of a bot. Ids go on after a reset, so that a bot that polls across it misses nothing.
const FIRST_UPDATE_ID: i64 = 500_000_001;

/// Everything that is simulated of Telegram.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) people: People,
    pub(crate) presses: Mutex<Presses>,
    pub(crate) calls: Mutex<CallLog>,
    pub(crate) faults: Mutex<Faults>,
    /// By what the pauses between tries of a webhook are multiplied.
    pub(crate) webhook_retry_scale: f64,
    bots: RwLock<Bots>,
    next_callback: AtomicU64,
}

#[derive(Debug)]
struct Bots {
    by_id: HashMap<i64, Arc<Bot>>,
    first_update_id: i64,
}

impl World {
    pub(crate) fn new(webhook_retry_scale: f64) -> Self {
        let bots = Bots {
            by_id: HashMap::new(),
            first_update_id: FIRST_UPDATE_ID,
        };
        Self {
            clock: Clock::default(),
            people: People::default(),
            presses: Mutex::default(),
            calls: Mutex::default(),
            faults: Mutex::default(),
            webhook_retry_scale,
            bots: RwLock::new(bots),
            next_callback: AtomicU64::new(1),
        }
    }

    /// The bot of that id, made if there is none yet.
    pub(crate) fn bot(&self, id: i64) -> Arc<Bot> {
        if let Some(bot) = self.bots.read().by_id.get(&id) {
            return Arc::clone(bot);
        }
        let mut bots = self.bots.write();
        let first_update_id = bots.first_update_id;
        Arc::clone(
            bots.by_id
                .entry(id)
                .or_insert_with(|| Arc::new(Bot::new(id, first_update_id))),
        )
    }

    /// The bot of that id, if it has been heard of.
    pub(crate) fn known_bot(&self, id: i64) -> Option<Arc<Bot>> {
        self.bots.read().by_id.get(&id).map(Arc::clone)
    }

    /// All bots, by id.
    pub(crate) fn bots(&self) -> Vec<Arc<Bot>> {
        let mut bots: Vec<_> = self.bots.read().by_id.values().map(Arc::clone).collect();
        bots.sort_by_key(|bot| bot.id());
        bots
    }

    /// An id for a press of a button, never drawn before.
    pub(crate) fn draw_callback_id(&self, person: i64) -> String {
        let number = self.next_callback.fetch_add(1, Ordering::Relaxed);
        format!("{person}{number:012}")
    }

    /// Forgets everything but where the ids go on.
    pub(crate) fn reset(&self) {
        let forgotten = {
            let mut bots = self.bots.write();
            let ids = bots.by_id.values().map(|bot| bot.lock().queue.next_id());
            bots.first_update_id = ids.max().unwrap_or(0).max(bots.first_update_id);
            std::mem::take(&mut bots.by_id)
        };
        for bot in forgotten.values() {
            bot.forgotten.cancel();
        }
        self.clock.reset();
        self.people.reset();
        *self.presses.lock() = Presses::default();
        *self.calls.lock() = CallLog::default();
        self.faults.lock().clear();
    }
}
