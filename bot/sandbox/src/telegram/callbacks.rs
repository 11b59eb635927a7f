//! Presses of inline buttons, and what the bot answered to them.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// As long after the press a bot can still answer it, in seconds: Telegram keeps the update no longer either.
pub(crate) const ANSWER_WITHIN_SECONDS: i64 = 150;

/// As many presses are remembered; older ones count as unknown.
const CAPACITY: usize = 100_000;

/// What the person sees after the press.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CallbackAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    pub(crate) show_alert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Press {
    pub(crate) bot: i64,
    pub(crate) chat: i64,
    pub(crate) at: i64,
    pub(crate) answer: Option<CallbackAnswer>,
}

/// The presses of all bots, by the id of the callback query.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Presses {
    by_id: HashMap<String, Press>,
    order: VecDeque<String>,
}

impl Presses {
    pub(crate) fn add(&mut self, id: String, press: Press) {
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.by_id.insert(id, press);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Press> {
        self.by_id.get(id)
    }

    /// Takes the bot's one answer. `None`: the press is unknown, of another bot, too old, or answered before.
    pub(crate) fn answer(&mut self, bot: i64, id: &str, now: i64, answer: CallbackAnswer) -> Option<&Press> {
        let press = self.by_id.get_mut(id)?;
        if press.bot != bot || press.answer.is_some() || now - press.at > ANSWER_WITHIN_SECONDS {
            return None;
        }
        press.answer = Some(answer);
        Some(press)
    }
}
