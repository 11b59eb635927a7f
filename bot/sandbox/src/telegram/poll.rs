//! Long polling: reading the queue, and waiting for it to fill.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{bot::Bot, updates::Update};
use crate::clock::Clock;

/// What one poll asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poll {
    /// See [`UpdateQueue::poll`](super::updates::UpdateQueue::poll).
    pub(crate) offset: i64,
    pub(crate) limit: usize,
    /// As long the poll waits for the first update.
    pub(crate) timeout: Duration,
}

/// Why a poll is refused or cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    WebhookIsActive,
    OtherPoll,
    WebhookWasSet,
}

/// Answers with updates as soon as there are any, or with none after the timeout.
///
/// A newer poll of the same bot terminates this one. Dropping the future leaves all updates in the queue.
///
/// # Errors
/// [`Conflict`], of the kinds that Telegram knows.
pub(crate) async fn poll(bot: &Bot, clock: &Clock, poll: Poll) -> Result<Vec<Arc<Update>>, Conflict> {
    let mut bell = bot.bell();
    let deadline = Instant::now() + poll.timeout;
    let ticket = {
        let mut state = bot.lock();
        if state.webhook.is_some() {
            return Err(Conflict::WebhookIsActive);
        }
        state.poll_ticket += 1;
        state.poll_ticket
    };
    bot.ring();
    loop {
        bell.mark_unchanged();
        {
            let mut state = bot.lock();
            if state.poll_ticket != ticket {
                return Err(Conflict::OtherPoll);
            }
            if state.webhook.is_some() {
                return Err(Conflict::WebhookWasSet);
            }
            let updates = state.queue.poll(poll.offset, poll.limit, clock.unix());
            if !updates.is_empty() {
                return Ok(updates);
            }
        }
        tokio::select! {
            _ = bell.changed() => {}
            () = tokio::time::sleep_until(deadline) => return Ok(Vec::new()),
            () = bot.forgotten.cancelled() => return Ok(Vec::new()),
        }
    }
}
