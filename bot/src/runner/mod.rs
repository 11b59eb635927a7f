//! What takes updates from wherever they come, and runs the turns: one conversation in order, all conversations side by
//! side.

mod background;
mod conversation;
mod executor;
mod flood;
mod keyboards;
mod moves;
mod observation;
mod order;
mod outage;
mod payments;
mod poison;
mod recovery;
mod replay;
mod replies;
mod running_effects;

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use stepkeep_core::{BotId, ChatId, Reply, SessionKey, StoreError, TurnEngine};
use teloxide_core::payloads::AnswerCallbackQuery;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use executor::{Drained, ExecutorConfig, JobPanic, KeyedExecutor, SubmitError};
pub use flood::FloodLimit;
pub use observation::{RunnerLoad, WeakRunner};
pub use recovery::RecoveryConfig;

use crate::dead_letters::{DeadLetter, DeadLetters, LetterId, Reason};
use crate::effects::{Documents, Effects};
use crate::growing_cache::growing_cache;
use crate::localization::{Language, Localizer};
use crate::observation::{Observers, Refusal};
use crate::stars::StarsDesk;
use crate::telegram::incoming::{self, ConversationInput, Incoming};
use crate::telegram::{Delivery, Origin, RawUpdate, Receipt, Sender};
use conversation::Taken;
use executor::panic_message;
use flood::Flood;
use moves::Moves;
use order::Order;
use outage::Outage;
use poison::Poison;
use replies::Replies;
use running_effects::RunningEffects;

/// How many updates that left no trace are remembered: those of the last minutes, in which Telegram redelivers.
const REMEMBERED_ANSWERS: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// Of so many people small things are remembered.
const REMEMBERED_PEOPLE: NonZeroUsize = match NonZeroUsize::new(10_000) {
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
    /// Where updates go that can't be handled.
    pub dead_letters: DeadLetters,
    /// How much runs side by side, and how much of it by one person.
    pub limits: RunnerLimits,
    /// Who is told what goes on.
    pub observers: Observers,
    /// Where payments are answered and booked; without it none goes through.
    pub payments: Option<Arc<StarsDesk>>,
}

/// How much a runner takes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunnerLimits {
    /// How much runs side by side.
    pub executor: ExecutorConfig,
    /// How much one conversation may bring in.
    pub flood: FloodLimit,
    /// How what is due is looked for.
    pub recovery: RecoveryConfig,
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
    recovery: RecoveryConfig,
    dead_letters: DeadLetters,
    order: Order<Taken>,
    poison: Poison,
    outage: Outage,
    flood: Flood,
    moves: Arc<Moves>,
    observers: Observers,
    payments: Option<Arc<StarsDesk>>,
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
            dead_letters,
            limits,
            observers,
            payments,
        } = parts;
        let executor = KeyedExecutor::new(limits.executor, |key: &SessionKey, panic: &JobPanic| {
            tracing::error!(
                chat_id = key.chat().0,
                user_id = key.user().0,
                panic = panic.message,
                "a conversation's job panicked; what it was for comes again"
            );
        });
        let shared = Shared {
            engine: engine.observed_by(Arc::new(observers.clone())),
            replies: Replies::new(sender, documents, Arc::clone(&localizer)),
            localizer,
            effects,
            running: RunningEffects::default(),
            effect_tasks: TaskTracker::new(),
            executor,
            bot,
            bot_name,
            stopping: CancellationToken::new(),
            recovery: limits.recovery,
            dead_letters,
            order: Order::default(),
            poison: Poison::default(),
            outage: Outage::default(),
            flood: Flood::new(limits.flood),
            moves: Arc::default(),
            observers,
            payments,
            answered: Mutex::new(growing_cache(REMEMBERED_ANSWERS)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes an update, and lets its conversation answer it in its turn. It is acknowledged when it was committed and
    /// answered, or put aside; when that fails, it is given back.
    pub async fn take(&self, delivery: Delivery) {
        let Delivery {
            update,
            attempt,
            receipt,
        } = delivery;
        let update_id = update.id;
        let came = Instant::now();
        let read = self.read(&update);
        self.shared
            .tell_of_update(update_id, receipt.origin(), attempt, read.as_ref().ok());
        let incoming = match read {
            Ok(incoming) => incoming,
            Err(error) => {
                let id = LetterId(update_id);
                if self.put_aside(id, update.raw.get(), &error).await.is_ok() {
                    receipt.acknowledge();
                }
                return;
            }
        };
        match incoming {
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
            Incoming::Checkout(checkout) => {
                let shared = Arc::clone(&self.shared);
                self.shared
                    .effect_tasks
                    .spawn(async move { shared.answer_checkout(&checkout, receipt).await });
            }
            Incoming::ChatMoved { from, to } => self.begin_move(from, to, receipt),
            Incoming::Conversation(input) => {
                let key = input.key.clone();
                let waiting = self.shared.executor.waiting(&key);
                // What was paid is no noise, however much there is of it.
                let may_be_refused = attempt == 1 && input.payment.is_none();
                if may_be_refused && !self.shared.flood.allows(&key, waiting) {
                    self.shared.tell_of_refusal(update_id, &key, Refusal::Flood);
                    self.refuse(*input, receipt);
                    return;
                }
                let taken = Taken {
                    incoming: *input,
                    raw: update.raw,
                    attempt,
                    receipt,
                    came,
                    term: self.shared.order.term(),
                };
                let term = taken.term;
                let shared = Arc::clone(&self.shared);
                let is_ordered = taken.receipt.origin() == Origin::Polling;
                // What waits is small: the turn gets its memory, ten times as much, when its time comes.
                let job = async move { Box::pin(shared.answer(taken)).await };
                if let Err(error) = self.shared.executor.submit(key.clone(), job).await {
                    // The receipt went with the job, so the update is given back and comes again.
                    if is_ordered {
                        self.shared.order.given_back(&key, update_id, term);
                    }
                    self.shared.tell_of_refusal(update_id, &key, Refusal::Busy);
                    let (chat_id, user_id) = (key.chat().0, key.user().0);
                    tracing::warn!(update_id, chat_id, user_id, %error, "an update is put off");
                }
            }
        }
    }

    /// Reads an update. A panic over it is caught: it would end whatever brings the updates.
    fn read(&self, update: &RawUpdate) -> Result<Incoming, String> {
        let now = self.shared.engine.clock().now();
        let read = || {
            let (bot, name) = (self.shared.bot, &self.shared.bot_name);
            incoming::read_raw(update, bot, name, now).map_err(|error| error.to_string())
        };
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| Err(panic_message(&*panic)))
    }

    /// Puts an update aside that can't be read, with its text. When that fails it must not be acknowledged.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_aside(&self, id: LetterId, raw: &str, error: &str) -> Result<(), StoreError> {
        let now = self.shared.engine.clock().now();
        let letter = DeadLetter::new(id, Reason::Unreadable, error, raw, now);
        let put_aside = self.shared.dead_letters.put_aside(&letter).await;
        match &put_aside {
            Ok(()) => {
                self.shared.tell_of_letter(&letter);
                tracing::error!(
                    letter = id.0,
                    error,
                    "an update that can't be read is put aside: `stepkeep dead-letters` shows it"
                );
            }
            Err(store) => tracing::error!(
                letter = id.0,
                error = store as &dyn std::error::Error,
                "an update that can't be read could not be put aside"
            ),
        }
        put_aside
    }

    /// Forgets which updates were given back, and gives back what waited behind them: for when whoever brings updates
    /// stops doing so, and another process goes on.
    pub fn let_go(&self) {
        let updates = self.shared.order.clear();
        if updates > 0 {
            tracing::info!(updates, "updates that waited are left to another process");
        }
    }

    /// Doesn't listen to an input that came in a flood, and says so now and then.
    fn refuse(&self, input: ConversationInput, receipt: Receipt) {
        let shared = Arc::clone(&self.shared);
        let key = &input.key;
        tracing::debug!(
            update_id = receipt.update_id(),
            chat_id = key.chat().0,
            user_id = key.user().0,
            "an input is refused: there were too many at once"
        );
        let tell = !input.is_group_remark && shared.flood.should_tell(key, Instant::now());
        receipt.acknowledge();
        if input.query.is_none() && !tell {
            return;
        }
        tokio::spawn(async move {
            if let Some(query) = &input.query {
                shared.replies.answer_tap(query, None).await;
            }
            if tell {
                let language = Language::from_language_code(input.input.language.as_deref());
                let reply = Reply::text(shared.localizer.plain(language, "too-fast"));
                let _ = shared.replies.send(&input.key, &[], &[reply], language).await;
            }
        });
    }

    /// Moves a group's sessions to its new id, beside the conversations; whoever writes there waits for it.
    fn begin_move(&self, from: ChatId, to: ChatId, receipt: Receipt) {
        let shared = Arc::clone(&self.shared);
        let begun = shared.moves.begin(to);
        self.shared.effect_tasks.spawn(async move {
            let moved = match begun {
                Some(moving) => moves::move_sessions(&shared, from, moving).await,
                None => shared.move_chat(from, to).await,
            };
            match moved {
                Ok(()) => receipt.acknowledge(),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    from = from.0,
                    to = to.0,
                    "a group's sessions could not be moved yet"
                ),
            }
        });
    }

    /// How much it has on its hands at the moment.
    pub fn load(&self) -> RunnerLoad {
        RunnerLoad::of(&self.shared)
    }

    /// The runner for whoever only looks at it, and doesn't keep it alive.
    pub fn downgrade(&self) -> WeakRunner {
        WeakRunner::of(&self.shared)
    }

    /// Looks every so often for what a process that died left undone, and for timers that are due; until stopped.
    pub async fn recover(&self, stop: &CancellationToken) {
        recovery::run(&self.shared, stop).await;
    }

    /// Lets what is under way finish: outside calls first, then the conversations. Past the deadline the rest is dropped;
    /// it is taken up by the next process.
    pub async fn shut_down(&self, deadline: Duration) -> Drained {
        let started = Instant::now();
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
