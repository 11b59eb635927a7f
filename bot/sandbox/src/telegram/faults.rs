//! Faults that the people's side orders for the next calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The next `times` matching calls go wrong in this way.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bot: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chat: Option<i64>,
    /// The answer's status; without one, and without a drop, the call is only delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Seconds, for 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default = "once")]
    pub(crate) times: u64,
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// Does the call's work, and then answers with the fault all the same.
    #[serde(default)]
    pub(crate) after_effect: bool,
    /// Breaks the connection off instead of answering.
    #[serde(default)]
    pub(crate) drop_connection: bool,
}

fn once() -> u64 {
    1
}

impl Fault {
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    fn matches(&self, bot: i64, method: &str, chat: Option<i64>) -> bool {
        self.bot.is_none_or(|wanted| wanted == bot)
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.chat.is_none_or(|wanted| Some(wanted) == chat)
    }
}

/// The faults still to come, in the order in which they were ordered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    ordered: Vec<Fault>,
}

impl Faults {
    pub(crate) fn order(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.ordered.push(fault);
        }
    }

    /// The fault that meets this call, which uses it up once.
    pub(crate) fn take(&mut self, bot: i64, method: &str, chat: Option<i64>) -> Option<Fault> {
        let at = self
            .ordered
            .iter()
            .position(|fault| fault.matches(bot, method, chat))?;
        let fault = self.ordered.get_mut(at)?;
        fault.times -= 1;
        if fault.times == 0 {
            Some(self.ordered.remove(at))
        } else {
            Some(fault.clone())
        }
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.ordered
    }

    pub(crate) fn clear(&mut self) {
        self.ordered.clear();
    }
}
