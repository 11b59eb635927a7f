//! The log of Bot API calls, for tests that ask what a bot did.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::world::World;

/// One answered call.
#[derive(Debug, Serialize)]
pub(crate) struct Call {
    /// Counts up from 1 in the order of the answers, over all bots.
    pub(crate) number: u64,
    pub(crate) bot: i64,
    pub(crate) method: String,
    /// What the bot sent; a file stands as its name and size.
    pub(crate) params: Box<RawValue>,
    #[serde(skip)]
    pub(crate) chat: Option<i64>,
    /// Of the HTTP answer; 0 where the connection was dropped.
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) at: Timestamp,
}

/// A call as the dispatcher reports it.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) bot: i64,
    pub(crate) method: &'a str,
    pub(crate) params: &'a Value,
    pub(crate) chat: Option<i64>,
    pub(crate) status: u16,
    pub(crate) description: Option<&'a str>,
}

impl Answered<'_> {
    /// Writes the call into the log.
    pub(crate) fn log(&self, world: &World) {
        let call = |number| Call {
            number,
            bot: self.bot,
            method: self.method.to_owned(),
            params: to_raw_value(self.params).unwrap_or_default(),
            chat: self.chat,
            status: self.status,
            description: self.description.map(str::to_owned),
            at: world.clock.now(),
        };
        world.calls.lock().push(call);
    }
}

/// Which calls somebody wants to see.
#[derive(Debug, Default)]
pub(crate) struct CallFilter {
    pub(crate) bot: Option<i64>,
    pub(crate) method: Option<String>,
    pub(crate) chat: Option<i64>,
    pub(crate) after: u64,
}

/// A bounded log.
#[derive(Debug)]
pub(crate) struct CallLog {
    /// As many calls are kept; older ones are dropped.
    kept: usize,
    calls: VecDeque<Arc<Call>>,
    last_number: u64,
}

impl CallLog {
    /// A log that keeps so many calls.
    pub(crate) const fn keeping(kept: usize) -> Self {
        Self {
            kept,
            calls: VecDeque::new(),
            last_number: 0,
        }
    }

    /// How many calls there were, kept or not.
    pub(crate) const fn count(&self) -> u64 {
        self.last_number
    }

    /// Forgets everything.
    pub(crate) fn reset(&mut self) {
        *self = Self::keeping(self.kept);
    }

    fn push(&mut self, call: impl FnOnce(u64) -> Call) {
        self.last_number += 1;
        if self.kept == 0 {
            return;
        }
        if self.calls.len() == self.kept {
            self.calls.pop_front();
        }
        self.calls.push_back(Arc::new(call(self.last_number)));
    }

    pub(crate) fn matching(&self, filter: &CallFilter) -> Vec<Arc<Call>> {
        let start = self.calls.partition_point(|call| call.number <= filter.after);
        self.calls
            .range(start..)
            .filter(|call| filter.bot.is_none_or(|bot| bot == call.bot))
            .filter(|call| filter.chat.is_none_or(|chat| Some(chat) == call.chat))
            .filter(|call| {
                filter
                    .method
                    .as_deref()
                    .is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            })
            .map(Arc::clone)
            .collect()
    }
}
