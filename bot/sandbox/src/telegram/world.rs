//! The one state behind the Bot API and the people's side.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

use super::{
    bot::{Bot, SavedBot},
    callbacks::Presses,
    calls::CallLog,
    faults::Faults,
    payments::Attempts,
    people::{People, Person},
    webhook::Webhook,
};
use crate::{clock::Clock, state::Changes};

/// 2026-01-01, in seconds since 1970: ids count from here.
const IDS_SINCE: i64 = 1_767_225_600;

/// Where ids begin. They go on growing across resets, and from one process to the next: a bot that remembers what it has
/// seen must not take a new update or message for an old one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstIds {
    pub(crate) update: i64,
    pub(crate) message: i64,
}

impl FirstIds {
    /// Higher than those of a process that began before, unless that one saw more than 20 updates, or one message in a
    /// chat, for each second since. Update ids fit into 31 bits, and begin anew after about 3 years.
    fn at(unix_seconds: i64) -> Self {
        let seconds = (unix_seconds - IDS_SINCE).max(0);
        Self {
            update: 100_000_000 + seconds * 20 % 1_800_000_000,
            message: 1 + seconds % 1_000_000_000,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            update: self.update.max(other.update),
            message: self.message.max(other.message),
        }
    }
}

/// Everything that is simulated of Telegram.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) people: People,
    pub(crate) presses: Mutex<Presses>,
    pub(crate) attempts: Mutex<Attempts>,
    pub(crate) calls: Mutex<CallLog>,
    pub(crate) faults: Mutex<Faults>,
    /// By what the pauses between tries of a webhook are multiplied.
    pub(crate) webhook_retry_scale: f64,
    /// To be marked by who changes anything but a bot, which marks by itself.
    pub(crate) changes: Changes,
    bots: RwLock<Bots>,
    next_callback: AtomicU64,
}

#[derive(Debug)]
struct Bots {
    by_id: HashMap<i64, Arc<Bot>>,
    first_ids: FirstIds,
}

impl World {
    pub(crate) fn new(webhook_retry_scale: f64, kept_calls: usize, changes: Changes) -> Self {
        let clock = Clock::default();
        let now = clock.unix();
        let bots = Bots {
            by_id: HashMap::new(),
            first_ids: FirstIds::at(now),
        };
        Self {
            clock,
            people: People::default(),
            presses: Mutex::default(),
            attempts: Mutex::default(),
            calls: Mutex::new(CallLog::keeping(kept_calls)),
            faults: Mutex::default(),
            webhook_retry_scale,
            changes,
            bots: RwLock::new(bots),
            next_callback: AtomicU64::new(now.unsigned_abs().saturating_mul(1_000_000_000)),
        }
    }

    /// The bot of that id, made if there is none yet.
    pub(crate) fn bot(&self, id: i64) -> Arc<Bot> {
        if let Some(bot) = self.bots.read().by_id.get(&id) {
            return Arc::clone(bot);
        }
        let mut bots = self.bots.write();
        let first_ids = bots.first_ids;
        Arc::clone(
            bots.by_id
                .entry(id)
                .or_insert_with(|| Arc::new(Bot::new(id, first_ids, self.changes.clone()))),
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
    pub(crate) fn draw_callback_id(&self) -> String {
        self.next_callback.fetch_add(1, Ordering::Relaxed).to_string()
    }

    /// Forgets everything but where the ids go on.
    pub(crate) fn reset(&self) {
        let forgotten = {
            let mut bots = self.bots.write();
            let next_ids = bots.by_id.values().map(|bot| bot.lock().next_ids());
            bots.first_ids = next_ids.fold(bots.first_ids, FirstIds::max);
            std::mem::take(&mut bots.by_id)
        };
        for bot in forgotten.values() {
            bot.forgotten.cancel();
        }
        self.clock.reset();
        self.people.reset();
        *self.presses.lock() = Presses::default();
        *self.attempts.lock() = Attempts::default();
        self.calls.lock().reset();
        self.faults.lock().clear();
        self.changes.mark();
    }

    /// Ends long polls, event streams and deliveries to webhooks, and forgets nothing.
    pub(crate) fn stop(&self) {
        for bot in self.bots() {
            bot.forgotten.cancel();
        }
    }

    /// What is to be written down.
    pub(crate) fn saved(&self) -> SavedWorld {
        // Bots come first: what is changed under the lock of a bot is whole once that lock was had.
        SavedWorld {
            bots: self.bots().iter().map(|bot| bot.saved()).collect(),
            people: self.people.all(),
            presses: self.presses.lock().clone(),
            attempts: self.attempts.lock().clone(),
            faults: self.faults.lock().clone(),
            advanced_seconds: self.clock.advanced_seconds(),
        }
    }

    /// Takes up what was written down, webhooks too. To be called on a new world, inside the runtime.
    pub(crate) fn restore(self: &Arc<Self>, saved: SavedWorld) {
        let SavedWorld {
            bots,
            people,
            presses,
            attempts,
            faults,
            advanced_seconds,
        } = saved;
        self.people.restore(people);
        *self.presses.lock() = presses;
        *self.attempts.lock() = attempts;
        *self.faults.lock() = faults;
        self.clock.restore(advanced_seconds);
        let first_ids = self.bots.read().first_ids;
        for mut saved in bots {
            let webhook = saved.webhook.take();
            let bot = Arc::new(Bot::restored(saved, first_ids, self.changes.clone()));
            self.bots.write().by_id.insert(bot.id(), Arc::clone(&bot));
            // A certificate that was good enough before is so again.
            if let Some(Ok(webhook)) = webhook.map(|settings| Webhook::start(self, &bot, settings)) {
                bot.lock().webhook = Some(webhook);
            }
        }
    }
}

/// Everything that is written down of a [`World`]; the log of calls is not.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedWorld {
    bots: Vec<SavedBot>,
    people: Vec<Arc<Person>>,
    presses: Presses,
    /// Files of older sandboxes don't have it.
    #[serde(default)]
    attempts: Attempts,
    faults: Faults,
    advanced_seconds: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_later_process_are_higher_and_fit_into_31_bits() {
        let (early, late) = (FirstIds::at(IDS_SINCE + 1000), FirstIds::at(IDS_SINCE + 1060));
        assert!(early.update < late.update && early.message < late.message);
        for seconds in [-5, 0, 89_999_999, 90_000_000, 3_000_000_000] {
            let ids = FirstIds::at(IDS_SINCE + seconds);
            assert!((1..2_000_000_000).contains(&ids.update) && (1..2_000_000_000).contains(&ids.message));
        }
    }
}
