//! One input of one conversation, from the read to the acknowledgement.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::value::RawValue;
use stepkeep_core::{
    ChatId, Committed, Input, InputId, InputKind, Outcome, PendingEffect, Reply, Retry, Session, SessionKey,
    TurnError,
};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::executor::panic_message;
use super::observation::TurnWatch;
use super::order::Term;
use super::poison::Verdict;
use super::replies::{Notice, Unsent};
use crate::dead_letters::{DeadLetter, LetterId, Reason};
use crate::flows::language_of_session;
use crate::localization::Language;
use crate::logging::TurnIds;
use crate::observation::{Cause, Observer, RunAgain};
use crate::telegram::incoming::{ConversationInput, message_id};
use crate::telegram::{Origin, Receipt};

/// A tap is answered after this long, whatever else happens: the person's client shows that it waits until then.
const TAP_PATIENCE: Duration = Duration::from_secs(2);

/// How long the right to send replies lasts, where another process may have the same update.
const SENDING: Duration = Duration::from_secs(3);

/// How long a store that fails is asked again before the update is given back.
const STORE_PATIENCE: Duration = Duration::from_secs(20);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// An update of a conversation, with what is needed to answer it and to put it aside.
pub(super) struct Taken {
    pub(super) incoming: ConversationInput,
    pub(super) raw: Arc<RawValue>,
    pub(super) attempt: u32,
    pub(super) receipt: Receipt,
    /// When it came.
    pub(super) came: Instant,
    /// In which term it was taken.
    pub(super) term: Term,
}

/// What became of an input.
pub(super) enum Answered {
    /// It is done with.
    Yes(&'static str),
    /// It comes again, through no fault of its own.
    NotYet(&'static str),
    /// It failed, and may fail again.
    Failed { reason: Reason, error: String },
}

impl Shared {
    /// Answers a person's input, and what waited behind it, in their order.
    pub(super) async fn answer(self: &Arc<Self>, taken: Taken) {
        let key = taken.incoming.key.clone();
        self.moves.wait(key.chat()).await;
        // Whoever redelivers by themselves keeps the order of what they redeliver.
        let is_ordered = taken.receipt.origin() == Origin::Polling;
        let update = taken.receipt.update_id();
        let mut next = if is_ordered {
            self.order.pass(&key, update, taken)
        } else {
            Some(taken)
        };
        while let Some(taken) = next {
            let (update, term) = (taken.receipt.update_id(), taken.term);
            let is_done = self.answer_one(taken).await;
            next = match (is_ordered, is_done) {
                (true, true) => self.order.settled(&key, update),
                (true, false) => {
                    self.order.given_back(&key, update, term);
                    None
                }
                (false, _) => None,
            };
        }
    }

    /// Answers one input, and acknowledges it when it was committed and answered, or put aside. Answers whether it is
    /// done with.
    async fn answer_one(self: &Arc<Self>, taken: Taken) -> bool {
        let Taken {
            incoming,
            raw,
            attempt,
            receipt,
            came,
            term: _,
        } = taken;
        let update = receipt.update_id();
        let turn = async {
            let origin = receipt.origin();
            let mut watch = TurnWatch::begin(Cause::Update { id: update, origin }).of_one_who_waits(came);
            let answered = AssertUnwindSafe(self.answer_in_span(&incoming, origin, &mut watch))
                .catch_unwind()
                .await;
            let answered = answered.unwrap_or_else(|panic| Answered::Failed {
                reason: Reason::Panicked,
                error: panic_message(&*panic),
            });
            let answered = match answered {
                Answered::Failed { reason, error } => {
                    watch.failed(reason.as_str(), &error);
                    Box::pin(self.after_failure(&incoming, update, &raw, reason, &error)).await
                }
                answered => answered,
            };
            let duration = watch.end(self, &incoming.key, &answered);
            let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            match answered {
                Answered::Yes(_) => {
                    self.poison.forget(update);
                    receipt.acknowledge();
                    true
                }
                Answered::NotYet(reason) => {
                    tracing::warn!(reason, attempt, duration_ms, "given back, to come again");
                    false
                }
                Answered::Failed { reason, error } => {
                    tracing::error!(
                        reason = reason.as_str(),
                        error,
                        attempt,
                        duration_ms,
                        "failed, and given back to come again"
                    );
                    false
                }
            }
        };
        TurnIds::new(&incoming.key, Some(update)).within(turn).await
    }

    async fn answer_in_span(
        self: &Arc<Self>,
        incoming: &ConversationInput,
        origin: Origin,
        watch: &mut TurnWatch,
    ) -> Answered {
        let ConversationInput {
            key,
            input,
            query,
            is_group_remark,
            payment,
        } = incoming;
        let told_of;
        let input = match payment {
            None => input,
            Some(payment) => match Box::pin(self.book(payment, input)).await {
                Ok(input) => {
                    told_of = input;
                    &told_of
                }
                Err(answered) => return answered,
            },
        };
        let language = Language::from_language_code(input.language.as_deref());
        let mut query = query.as_ref();
        let told = (!is_group_remark).then_some(language);
        let turn = self.handle(key, input, told);
        tokio::pin!(turn);
        let result = tokio::select! {
            // In this order, so that a run of a simulation can be repeated: when both are ready there is an answer.
            biased;
            result = &mut turn => result,
            () = tokio::time::sleep(TAP_PATIENCE), if query.is_some() => {
                if let Some(query) = query.take() {
                    self.replies.answer_tap(query, None).await;
                }
                turn.await
            }
        };
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                if let Some(query) = query {
                    self.replies.answer_tap(query, None).await;
                }
                return failed(&error);
            }
        };
        let tap_answer = match &outcome {
            Outcome::Applied(committed) | Outcome::Repeated(committed) => committed.tap_answer.as_deref(),
            Outcome::Answered { tap_answer, .. } => tap_answer.as_deref(),
            Outcome::OutdatedTap { answer } | Outcome::ForeignTap { answer } => Some(answer.as_str()),
            _ => None,
        };
        if let Some(query) = query {
            self.replies.answer_tap(query, tap_answer).await;
        }
        match outcome {
            Outcome::Applied(committed) => {
                watch.committed(self, &committed.session, input);
                self.send(incoming, committed, origin, true).await
            }
            Outcome::Repeated(committed) => {
                watch.came_to(self, &committed.session);
                self.send(incoming, committed, origin, false).await
            }
            Outcome::Answered { .. } if *is_group_remark => Answered::Yes("group_remark"),
            Outcome::Answered { replies, .. } => self.say_once(key, &input.id, &replies, language).await,
            Outcome::OutdatedTap { .. } => {
                if let Some(message) = tapped(input).and_then(message_id) {
                    self.replies.remove_buttons(key, message).await;
                }
                Answered::Yes("outdated_tap")
            }
            Outcome::ForeignTap { .. } => Answered::Yes("foreign_tap"),
            _ => Answered::Yes("settled"),
        }
    }

    /// Carries out what was committed, now or before, when this process may.
    async fn send(
        self: &Arc<Self>,
        incoming: &ConversationInput,
        committed: Committed,
        origin: Origin,
        is_new: bool,
    ) -> Answered {
        let ConversationInput { key, input, .. } = incoming;
        let language = Language::from_language_code(input.language.as_deref());
        let committed = match self
            .with_the_right_to_send(committed, input, origin, is_new)
            .await
        {
            Ok(committed) => committed,
            Err(effects) => {
                for effect in effects {
                    self.start_effect(key, effect, language, watch::channel(None).1);
                }
                return Answered::NotYet("sent_elsewhere");
            }
        };
        let is_here = committed.session.key() == key;
        let tapped = tapped(input).filter(|_| is_new && is_here);
        match self.carry_out(committed, tapped, language).await {
            Ok(()) if is_new => Answered::Yes("applied"),
            Ok(()) => Answered::Yes("repeated"),
            Err(()) => Answered::NotYet("unsent"),
        }
    }

    /// Sees to it that one process sends the replies. A webhook may bring one update to two at once, so each has the right to
    /// send for a while: the one that applies it from the beginning of its turn on, another one from when it took the right.
    /// Who has no right answers the calls to make nevertheless; the update comes again, and by then the replies were sent, or
    /// the process that had the right is dead.
    async fn with_the_right_to_send(
        &self,
        committed: Committed,
        input: &Input,
        origin: Origin,
        is_new: bool,
    ) -> Result<Committed, Vec<PendingEffect>> {
        let mut outbox = committed.session.turn().outbox.iter();
        let entry = outbox.find(|entry| entry.input == input.id);
        let (Origin::Webhook, Some(entry), false) = (origin, entry, committed.replies.is_empty()) else {
            return Ok(committed);
        };
        // Both may have come at once, and the store have answered this one long after the other. So what counts for who comes
        // second is how much later it came.
        let now = if is_new {
            self.engine.clock().now()
        } else {
            input.at
        };
        let age = now.since(entry.at);
        match (is_new, age < SENDING) {
            (true, true) => return Ok(committed),
            (false, true) => return Err(committed.effects),
            (_, false) => {}
        }
        match self.engine.claim_replies(&committed.session, &input.id).await {
            Ok(Some(session)) => Ok(Committed { session, ..committed }),
            Ok(None) => Err(committed.effects),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the right to send replies could not be taken"
                );
                Err(committed.effects)
            }
        }
    }

    /// Counts a failure; after too many of them the update is put aside, the person is told, and the queue moves on.
    async fn after_failure(
        &self,
        incoming: &ConversationInput,
        update: i64,
        raw: &RawValue,
        reason: Reason,
        error: &str,
    ) -> Answered {
        let attempts = match self.poison.failed(update) {
            Verdict::TryAgain => {
                return Answered::Failed {
                    reason,
                    error: error.to_owned(),
                };
            }
            Verdict::PutAside { attempts } => attempts,
        };
        let now = self.engine.clock().now();
        let letter = DeadLetter::new(LetterId(update), reason, error, raw.get(), now)
            .after(attempts)
            .of_conversation(incoming.key.clone());
        if let Err(error) = self.dead_letters.put_aside(&letter).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an update could not be put aside"
            );
            return Answered::NotYet("store");
        }
        self.tell_of_letter(&letter);
        tracing::error!(
            reason = reason.as_str(),
            error,
            attempts,
            "an update is put aside: `stepkeep dead-letters` shows it"
        );
        if !incoming.is_group_remark {
            let language = Language::from_language_code(incoming.input.language.as_deref());
            let reply = Reply::text(self.localizer.plain(language, "update-put-aside"));
            let _ = self.replies.send(&incoming.key, &[], &[reply], language).await;
        }
        Answered::Yes("put_aside")
    }

    /// Says what left no trace in the session, unless it was said before.
    async fn say_once(
        &self,
        key: &SessionKey,
        id: &InputId,
        replies: &[Reply],
        language: Language,
    ) -> Answered {
        let update = match id {
            InputId::Update(update) => Some(*update),
            _ => None,
        };
        if update.is_some_and(|update| self.answered.lock().contains(&update)) {
            return Answered::Yes("repeated");
        }
        let ids = std::slice::from_ref(id);
        let mut sent = self.replies.send(key, ids, replies, language).await;
        if let Err(Unsent::ChatMoved(to)) = sent {
            let key = key.clone().with_chat(to);
            sent = self.replies.send(&key, ids, replies, language).await;
        }
        if let Err(Unsent::Later) = sent {
            return Answered::NotYet("unsent");
        }
        if let Some(update) = update {
            self.answered.lock().put(update, ());
        }
        Answered::Yes("answered")
    }

    /// Hands an input to the engine, for a while also when the store fails: the person's next input would fail as well,
    /// and its turn comes after this one's. `told` is the language in which the person hears that they have to wait.
    pub(super) async fn handle(
        self: &Arc<Self>,
        key: &SessionKey,
        input: &Input,
        told: Option<Language>,
    ) -> Result<Outcome, TurnError> {
        let started = Instant::now();
        let give_up_at = started + STORE_PATIENCE;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let error = match self.engine.handle(key, input).await {
                Ok(outcome) => {
                    self.outage.succeeded(Instant::now());
                    return Ok(outcome);
                }
                Err(error) => error,
            };
            let again = match &error {
                TurnError::Store(error) => error.retry() != Retry::Never,
                _ => true,
            };
            let now = Instant::now();
            if again
                && matches!(error, TurnError::Store(_))
                && self.outage.failed(key, now.duration_since(started), now)
                && let Some(language) = told
            {
                self.tell_of_outage(key, language);
            }
            if !again || self.stopping.is_cancelled() || now + pause > give_up_at {
                return Err(error);
            }
            self.observers.turn_ran_again(key, RunAgain::Store);
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                ?pause,
                "a turn failed; trying again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Says that the answer is kept, beside the turn that waits for the store.
    fn tell_of_outage(self: &Arc<Self>, key: &SessionKey, language: Language) {
        let (shared, key) = (Arc::clone(self), key.clone());
        tokio::spawn(async move {
            let reply = Reply::text(shared.localizer.plain(language, "store-trouble"));
            let _ = shared.replies.send(&key, &[], &[reply], language).await;
        });
    }

    /// Sends what was committed, and starts the outside calls.
    ///
    /// An error means that the replies were not sent, and that the input may come again.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        committed: Committed,
        tapped: Option<i64>,
        language: Language,
    ) -> Result<(), ()> {
        let Committed {
            session,
            replies,
            inputs,
            effects,
            ..
        } = committed;
        // Not that of the input: the session may have moved to another chat.
        let key = session.key();
        let language = language_of_session(&session, language);
        let old_keyboard = tapped.and_then(message_id).or_else(|| self.replies.keyboard(key));
        // The calls don't wait for the replies: they were committed with them.
        let (said, notice) = watch::channel(None::<Notice>);
        for effect in effects {
            self.start_effect(key, effect, language, notice.clone());
        }
        match self.replies.send(key, &inputs, &replies, language).await {
            Ok(notice) => {
                said.send_replace(notice);
                if let Err(error) = self.engine.confirm_delivery(&session, &inputs).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "replies may be sent once more"
                    );
                }
                if let Some(message) = old_keyboard.filter(|message| is_over(*message, &replies, &session)) {
                    self.tidy(key, message);
                }
                Ok(())
            }
            Err(Unsent::ChatGone) => {
                Box::pin(self.end_quietly(key)).await;
                Ok(())
            }
            Err(Unsent::ChatMoved(to)) => {
                Box::pin(self.carry_over(key, to, &inputs, &replies, language)).await
            }
            Err(Unsent::Later) => Err(()),
        }
    }

    /// The group has a new id, as Telegram tells who writes to the old one: the sessions move, and what was to be said is
    /// said there.
    async fn carry_over(
        self: &Arc<Self>,
        key: &SessionKey,
        to: ChatId,
        inputs: &[InputId],
        replies: &[Reply],
        language: Language,
    ) -> Result<(), ()> {
        let moved = self.move_chat(key.chat(), to).await;
        let new_key = key.clone().with_chat(to);
        let session = match moved {
            Ok(()) => self.engine.store().get(&new_key).await.map_err(TurnError::from),
            Err(error) => Err(error),
        };
        let session = session.map_err(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a group's sessions could not be moved yet"
            );
        })?;
        self.replies
            .send(&new_key, inputs, replies, language)
            .await
            .map_err(drop)?;
        if let Some(session) = session
            && let Err(error) = self.engine.confirm_delivery(&session, inputs).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "replies may be sent once more"
            );
        }
        Ok(())
    }

    /// Takes old buttons away, without holding up the next input.
    fn tidy(self: &Arc<Self>, key: &SessionKey, message: teloxide_core::types::MessageId) {
        let (shared, key) = (Arc::clone(self), key.clone());
        tokio::spawn(async move { shared.replies.remove_buttons(&key, message).await });
    }

    /// Nobody reads what is said here any more: the conversation ends.
    async fn end_quietly(&self, key: &SessionKey) {
        tracing::info!(chat_id = key.chat().0, "the chat is gone; its conversation ends");
        let at = self.engine.clock().now();
        let input = Input {
            id: InputId::Wake(at),
            at,
            language: None,
            kind: InputKind::ChatGone,
        };
        if let Err(error) = self.engine.handle(key, &input).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a conversation could not be ended"
            );
        }
    }
}

/// Whose fault a turn's failure is: a store that can't be reached fails everybody, and is waited for.
pub(super) fn failed(error: &TurnError) -> Answered {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a turn could not be committed"
    );
    match error {
        TurnError::Store(store) if store.retry() != Retry::Never => Answered::NotYet("store"),
        TurnError::Store(_) => Answered::Failed {
            reason: Reason::Store,
            error: error_chain(error),
        },
        _ => Answered::Failed {
            reason: Reason::Contention,
            error: error_chain(error),
        },
    }
}

pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// Whether the buttons of a message are out of date after a turn: others took their place, or none did.
fn is_over(message: teloxide_core::types::MessageId, replies: &[Reply], session: &Session) -> bool {
    let is_edited =
        |reply: &Reply| matches!(reply, Reply::Edit { target, .. } if *target == i64::from(message.0));
    let has_buttons = |reply: &Reply| reply.message().is_some_and(|message| !message.buttons.is_empty());
    !replies.iter().any(is_edited) && (replies.iter().any(has_buttons) || session.turn().menu.is_none())
}

fn tapped(input: &Input) -> Option<i64> {
    match &input.kind {
        InputKind::Tap(tap) => Some(tap.message),
        _ => None,
    }
}
