//! What takes updates from wherever they come, and runs the turns: one conversation in order, all conversations side by
//! side.

mod background;
mod conversation;
mod executor;
mod recovery;
mod replies;
mod running_effects;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{BotId, SessionKey, TurnEngine};
use teloxide_core::payloads::AnswerCallbackQuery;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use executor::{Drained, ExecutorConfig, JobPanic, KeyedExecutor, SubmitError};

use crate::effects::{Documents, Effects};
use crate::localization::Localizer;
use crate::telegram::incoming::{self, Incoming};
use crate::telegram::{Delivery, Sender};
use replies::Replies;
use running_effects::RunningEffects;

/// How many updates that left no trace are remembered: those of the last minutes, in which Telegram redelivers.
const REMEMBERED_ANSWERS: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// Runs the bot's conversations, whatever brings the updates. Clones share the runner.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
}

/// What a runner works with.
#[derive(Debug)]
pub struct RunnerParts {
    /// Computes and commits the turns.
    pub engine: TurnEngine,
    /// Sends.
    pub sender: Arc<Sender>,
    /// The texts for what no turn says.
    pub localizer: Arc<Localizer>,
    /// Makes the outside calls.
    pub effects: Arc<dyn Effects>,
    /// Gets the files that replies name.
    pub documents: Arc<dyn Documents>,
    /// Which bot this is.
    pub bot: BotId,
    /// Its user name.
    pub bot_name: String,
    /// How much runs side by side.
    pub executor: ExecutorConfig,
}

struct Shared {
    engine: TurnEngine,
    replies: Replies,
    localizer: Arc<Localizer>,
    effects: Arc<dyn Effects>,
    running: RunningEffects,
    effect_tasks: TaskTracker,
    executor: KeyedExecutor<SessionKey>,
    bot: BotId,
    bot_name: String,
    stopping: CancellationToken,
    /// The updates that were answered without a trace in any session, so that a redelivered one isn't answered twice.
    answered: Mutex<LruCache<i64, ()>>,
}

impl Runner {
    /// A runner of these parts.
    pub fn new(parts: RunnerParts) -> Self {
        let RunnerParts {
            engine,
            sender,
            localizer,
            effects,
            documents,
            bot,
            bot_name,
            executor,
        } = parts;
        let executor = KeyedExecutor::new(executor, |key: &SessionKey, panic: &JobPanic| {
            tracing::error!(
                chat_id = key.chat().0,
                user_id = key.user().0,
                panic = panic.message,
                "a conversation's job panicked; the update comes again"
            );
        });
        let shared = Shared {
            engine,
            replies: Replies::new(sender, documents, Arc::clone(&localizer)),
            localizer,
            effects,
            running: RunningEffects::default(),
            effect_tasks: TaskTracker::new(),
            executor,
            bot,
            bot_name,
            stopping: CancellationToken::new(),
            answered: Mutex::new(LruCache::new(REMEMBERED_ANSWERS)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes an update, and lets its conversation answer it in its turn. It is acknowledged when it was committed and
    /// answered; when that fails, it is given back.
    pub async fn take(&self, delivery: Delivery) {
        let Delivery {
            update,
            attempt,
            origin: _,
            receipt,
        } = delivery;
        let update_id = update.id;
        let parsed = match update.parse() {
            Ok(parsed) => parsed,
            Err(error) => {
                tracing::warn!(update_id, %error, "an update that can't be read is put aside");
                receipt.acknowledge();
                return;
            }
        };
        let now = self.shared.engine.clock().now();
        match incoming::read(&parsed, self.shared.bot, &self.shared.bot_name, now) {
            Incoming::Ignored(reason) => {
                tracing::debug!(update_id, reason, "an update is not for a conversation");
                receipt.acknowledge();
            }
            Incoming::TapWithoutChat(query) => {
                let answer = AnswerCallbackQuery::new(query);
                if let Err(error) = self.shared.replies.sender().send(None, &answer).await {
                    tracing::debug!(update_id, %error, "a tap could not be answered");
                }
                receipt.acknowledge();
            }
            Incoming::Conversation(input) => {
                let key = input.key.clone();
                let shared = Arc::clone(&self.shared);
                let job = async move { shared.answer(*input, attempt, receipt).await }.boxed();
                if let Err(error) = self.shared.executor.submit(key.clone(), job).await {
                    // The receipt went with the job, so the update is given back and comes again.
                    let (chat_id, user_id) = (key.chat().0, key.user().0);
                    tracing::warn!(update_id, chat_id, user_id, %error, "an update is put off");
                }
            }
        }
    }

    /// Looks every so often for what a process that died left undone, and for timers that are due; until stopped.
    pub async fn recover(&self, every: Duration, stop: &CancellationToken) {
        recovery::run(&self.shared, every, stop).await;
    }

    /// Lets what is under way finish: outside calls first, then the conversations. Past the deadline the rest is dropped;
    /// it is taken up by the next process.
    pub async fn shut_down(&self, deadline: Duration) -> Drained {
        let started = tokio::time::Instant::now();
        self.shared.stopping.cancel();
        self.shared.effect_tasks.close();
        if tokio::time::timeout(deadline, self.shared.effect_tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                calls = self.shared.effect_tasks.len(),
                "outside calls are left to the next process: they were still under way"
            );
        }
        let left = deadline
            .saturating_sub(started.elapsed())
            .max(Duration::from_secs(1));
        self.shared.executor.drain(left).await
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Runner")
            .field("bot", &self.shared.bot)
            .field("pending", &self.shared.executor.pending())
            .finish_non_exhaustive()
    }
}
