use std::{future::Future, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use parking_lot::Mutex;
use teloxide_core::types::AllowedUpdate;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        delivery::Delivery,
        error::{ConflictCause, TelegramError, TelegramErrorKind},
        subscription::subscription,
        update::RawUpdate,
    },
    delivery::{Ledger, delivery},
    shelf::Shelf,
    source::{PAGE_LIMIT, UpdateRequest, UpdateSource},
    window::{Due, Step, Window},
};

/// How a [`Poller`] goes about it.
#[derive(Debug, Clone)]
pub struct PollingConfig {
    /// How long Telegram holds an answer back while there is nothing new; whole seconds, at most 50.
    pub long_poll: Duration,
    /// The most updates that are handed out and not acknowledged. At this many, fetching stops until one comes back.
    pub max_outstanding: usize,
    /// How long an update may hold the offset before it goes to the shelf.
    pub patience: Duration,
    /// After this long an update that isn't acknowledged is reported, once.
    pub stalled_after: Duration,
    /// The kinds of updates to subscribe to.
    pub allowed_updates: Vec<AllowedUpdate>,
}

impl Default for PollingConfig {
    fn default() -> Self {
        Self {
            long_poll: Duration::from_secs(25),
            max_outstanding: 1_000,
            patience: Duration::from_secs(1),
            stalled_after: Duration::from_mins(1),
            allowed_updates: subscription(),
        }
    }
}

/// Why polling can't go on. Everything else is waited out.
#[derive(Debug, thiserror::Error)]
pub enum PollingError {
    /// A webhook is set.
    #[error(
        "a webhook is set for this bot, so Telegram refuses to be polled: remove it with `stepkeep webhook delete` \
         (updates that wait are kept), or let the bot run in webhook mode where the webhook points to"
    )]
    WebhookActive(#[source] TelegramError),
    /// The token is dead.
    #[error(
        "Telegram doesn't accept the bot's token: it was revoked or mistyped; @BotFather shows the current one"
    )]
    Unauthorized(#[source] TelegramError),
}

/// Fetches updates by long polling and hands them out, each with a receipt; see the module for how and why.
///
/// One poller runs per bot. The steps at the end are the caller's to order: cancel [`run`](Self::run), let the updates
/// under way finish, then [`confirm`](Self::confirm).
#[derive(Debug)]
pub struct Poller {
    source: Arc<dyn UpdateSource>,
    shelf: Option<Arc<dyn Shelf>>,
    config: PollingConfig,
    ledger: Arc<Ledger>,
}

/// The pauses after failures; each kind of trouble has its own, and a success ends both.
struct Pauses {
    trouble: ExponentialBackoff,
    conflict: ExponentialBackoff,
}

// The jitter adds up to as much again, so that the longest pause is twice the second figure.
const TROUBLE_PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
const CONFLICT_PAUSE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(15));

/// How often the shelf is looked at for what a process left there that polled before, and put it there too late.
const SHELF_LOOKED_AT_EVERY: Duration = Duration::from_mins(5);

impl Pauses {
    fn new() -> Self {
        let backoff = |(shortest, longest)| {
            ExponentialBuilder::default()
                .with_min_delay(shortest)
                .with_max_delay(longest)
                .without_max_times()
                .with_jitter()
                .build()
        };
        Self {
            trouble: backoff(TROUBLE_PAUSE),
            conflict: backoff(CONFLICT_PAUSE),
        }
    }
}

impl Poller {
    /// A poller without a shelf.
    pub fn new(source: Arc<dyn UpdateSource>, config: PollingConfig) -> Self {
        Self::build(source, None, config)
    }

    /// A poller that puts what takes long on `shelf`.
    pub fn with_shelf(source: Arc<dyn UpdateSource>, shelf: Arc<dyn Shelf>, config: PollingConfig) -> Self {
        Self::build(source, Some(shelf), config)
    }

    fn build(source: Arc<dyn UpdateSource>, shelf: Option<Arc<dyn Shelf>>, config: PollingConfig) -> Self {
        let window = Window::new(config.clone(), shelf.is_some());
        let ledger = Ledger {
            window: Mutex::new(window),
            changed: Notify::new(),
        };
        Self {
            source,
            shelf,
            config,
            ledger: Arc::new(ledger),
        }
    }

    /// How many updates are handed out and not acknowledged.
    pub fn outstanding(&self) -> usize {
        self.ledger.window.lock().outstanding()
    }

    /// Fetches and hands out until `stop` is cancelled. `hand_out` is awaited for one update after the other, in
    /// Telegram's order; while it waits nothing is fetched, so it should hand the update to a queue, not handle it.
    ///
    /// On cancellation it returns at once: an open poll is given up, and nothing is confirmed by that. Updates that were
    /// fetched and not handed out come again.
    ///
    /// # Errors
    /// [`PollingError`] when a person has to do something. Network trouble, 429, 5xx, and a second instance that polls
    /// are waited out, with a warning.
    pub async fn run<H, F>(&self, hand_out: H, stop: &CancellationToken) -> Result<(), PollingError>
    where
        H: Fn(Delivery) -> F + Send + Sync,
        F: Future<Output = ()> + Send,
    {
        stop.run_until_cancelled(self.keep_going(hand_out))
            .await
            .unwrap_or(Ok(()))
    }

    /// Tells Telegram what was acknowledged since the last poll, so that a restart doesn't bring it again; to be called
    /// once, after [`run`](Self::run) has returned and what was under way is finished. Does nothing if there is nothing to
    /// tell.
    ///
    /// # Errors
    /// [`TelegramError`]; the updates are then redelivered by the next process.
    pub async fn confirm(&self) -> Result<(), TelegramError> {
        let handled = self.ledger.window.lock().to_unshelve().to_vec();
        if !handled.is_empty() {
            self.unshelve(handled).await;
        }
        let Some(offset) = self.ledger.window.lock().unconfirmed_offset(Instant::now()) else {
            return Ok(());
        };
        self.source
            .fetch(&self.request(offset, 1, Duration::ZERO))
            .await?;
        self.ledger.window.lock().confirmed(offset, Instant::now());
        Ok(())
    }

    async fn keep_going<H, F>(&self, hand_out: H) -> Result<(), PollingError>
    where
        H: Fn(Delivery) -> F + Send + Sync,
        F: Future<Output = ()> + Send,
    {
        let mut pauses = Pauses::new();
        if let Some(place) = &self.shelf {
            let kept = load(place.as_ref(), &mut pauses).await;
            let due = self.ledger.window.lock().admit_shelved(kept, Instant::now());
            self.hand_out_all(due, &hand_out).await;
        }
        let mut shelf_seen = Instant::now();
        loop {
            self.warn_of_stalled();
            if shelf_seen.elapsed() >= SHELF_LOOKED_AT_EVERY {
                shelf_seen = Instant::now();
                let due = self.look_at_shelf().await;
                self.hand_out_all(due, &hand_out).await;
            }
            let step = self.ledger.window.lock().next_step(Instant::now());
            let Step::Poll(offset) = step else {
                self.do_chore(step, &hand_out).await;
                continue;
            };
            // An open poll may last for long. What is given back meanwhile doesn't wait for its end.
            let poll = self.poll(offset, &mut pauses);
            tokio::pin!(poll);
            let due = loop {
                let chore = self.ledger.window.lock().next_chore(Instant::now());
                let Step::Wait(until) = chore else {
                    self.do_chore(chore, &hand_out).await;
                    continue;
                };
                tokio::select! {
                    biased;
                    due = &mut poll => break due?,
                    () = self.wait(until) => {}
                }
            };
            self.hand_out_all(due, &hand_out).await;
        }
    }

    /// Carries out what is to be done between polls.
    async fn do_chore<H, F>(&self, chore: Step, hand_out: &H)
    where
        H: Fn(Delivery) -> F + Send + Sync,
        F: Future<Output = ()> + Send,
    {
        match chore {
            Step::HandOut(due) => self.hand_out_all(due, hand_out).await,
            Step::Shelve(updates) => self.shelve(updates).await,
            Step::Unshelve(ids) => self.unshelve(ids).await,
            Step::Wait(until) => self.wait(until).await,
            // Decided by the loop above alone.
            Step::Poll(_) => {}
        }
    }

    async fn hand_out_all<H, F>(&self, due: Vec<Due>, hand_out: &H)
    where
        H: Fn(Delivery) -> F + Send + Sync,
        F: Future<Output = ()> + Send,
    {
        // All receipts exist before the first update is handed out, so that those which are not, because the poller
        // was stopped in between, are given back.
        let deliveries: Vec<_> = due
            .into_iter()
            .map(|(update, attempt)| delivery(update, attempt, &self.ledger))
            .collect();
        for delivery in deliveries {
            hand_out(delivery).await;
        }
    }

    async fn poll(&self, offset: i64, pauses: &mut Pauses) -> Result<Vec<Due>, PollingError> {
        self.ledger.window.lock().poll_begins(offset, Instant::now());
        match self
            .source
            .fetch(&self.request(offset, PAGE_LIMIT, self.config.long_poll))
            .await
        {
            Ok(page) => {
                *pauses = Pauses::new();
                Ok(self.ledger.window.lock().admit(page, Instant::now()))
            }
            Err(error) => {
                self.ledger.window.lock().poll_failed();
                sleep(pause_after(error, pauses)?).await;
                Ok(Vec::new())
            }
        }
    }

    fn request(&self, offset: i64, limit: u8, timeout: Duration) -> UpdateRequest {
        UpdateRequest {
            offset,
            limit,
            timeout,
            allowed_updates: self.config.allowed_updates.clone(),
        }
    }

    async fn shelve(&self, updates: Vec<RawUpdate>) {
        // Without a shelf the window asks for nothing of it.
        let Some(place) = &self.shelf else { return };
        match place.put(&updates).await {
            Ok(()) => {
                tracing::debug!(updates = updates.len(), "slow updates were put on the shelf");
                self.ledger.window.lock().shelved(&updates);
            }
            Err(error) => {
                tracing::warn!(
                    error = &*error,
                    "slow updates could not be put on the shelf; trying again"
                );
                self.ledger
                    .window
                    .lock()
                    .shelving_failed(&updates, Instant::now());
            }
        }
    }

    async fn unshelve(&self, ids: Vec<i64>) {
        let Some(place) = &self.shelf else { return };
        match place.remove(&ids).await {
            Ok(()) => self.ledger.window.lock().unshelved(&ids),
            Err(error) => {
                tracing::warn!(
                    error = &*error,
                    "handled updates could not be taken off the shelf; trying again"
                );
                self.ledger.window.lock().shelf_failed(Instant::now());
            }
        }
    }

    /// What lies on the shelf and isn't known. A process that was interrupted in the middle of putting it there no longer
    /// cares for it.
    async fn look_at_shelf(&self) -> Vec<Due> {
        let Some(place) = &self.shelf else {
            return Vec::new();
        };
        match place.load().await {
            Ok(kept) => self.ledger.window.lock().admit_shelved(kept, Instant::now()),
            Err(error) => {
                tracing::warn!(
                    error = &*error,
                    "the shelf of slow updates can't be read; trying again later"
                );
                Vec::new()
            }
        }
    }

    async fn wait(&self, until: Option<Instant>) {
        let changed = self.ledger.changed.notified();
        match until {
            None => changed.await,
            Some(instant) => {
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(instant) => {}
                }
            }
        }
    }

    fn warn_of_stalled(&self) {
        let stalled = self.ledger.window.lock().newly_stalled(Instant::now());
        for update_id in stalled {
            tracing::warn!(update_id, after = ?self.config.stalled_after, "an update is still not acknowledged");
        }
    }
}

/// What was on the shelf when the last process ended. Without it the conversations it belongs to would go on out of order,
/// so nothing is fetched before.
async fn load(shelf: &dyn Shelf, pauses: &mut Pauses) -> Vec<RawUpdate> {
    loop {
        match shelf.load().await {
            Ok(updates) => return updates,
            Err(error) => {
                tracing::warn!(
                    error = &*error,
                    "the shelf of slow updates can't be read; trying again"
                );
                sleep(pauses.trouble.next().unwrap_or(TROUBLE_PAUSE.1)).await;
            }
        }
    }
}

/// How long to wait after `error`, or that there is no point in it.
fn pause_after(error: TelegramError, pauses: &mut Pauses) -> Result<Duration, PollingError> {
    let pause = match error.kind() {
        TelegramErrorKind::Unauthorized => return Err(PollingError::Unauthorized(error)),
        TelegramErrorKind::Conflict(ConflictCause::Webhook) => {
            return Err(PollingError::WebhookActive(error));
        }
        TelegramErrorKind::Conflict(ConflictCause::OtherPoller) => {
            pauses.conflict.next().unwrap_or(CONFLICT_PAUSE.1)
        }
        TelegramErrorKind::RetryAfter(pause) => *pause,
        _ => pauses.trouble.next().unwrap_or(TROUBLE_PAUSE.1),
    };
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        ?pause,
        "no updates could be fetched; trying again"
    );
    Ok(pause)
}

#[cfg(test)]
mod tests;
