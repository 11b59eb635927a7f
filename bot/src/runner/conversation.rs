//! One input of one conversation, from the read to the acknowledgement.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{
    Committed, Input, InputId, InputKind, Outcome, Reply, Retry, Session, SessionKey, TurnError,
};
use tokio::time::Instant;
use tracing::Instrument;

use super::Shared;
use super::replies::Unsent;
use crate::flows::language_of_session;
use crate::localization::Language;
use crate::telegram::Receipt;
use crate::telegram::incoming::{ConversationInput, message_id};

/// A tap is answered after this long, whatever else happens: the person's client shows that it waits until then.
const TAP_PATIENCE: Duration = Duration::from_secs(2);

/// How long a store that fails is asked again before the update is given back.
const STORE_PATIENCE: Duration = Duration::from_secs(20);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What became of an input, for the log.
enum Answered {
    /// It is done with.
    Yes(&'static str),
    /// It comes again.
    NotYet(&'static str),
}

impl Shared {
    /// Answers a person's input, and acknowledges it when it was committed and answered.
    pub(super) async fn answer(
        self: &Arc<Self>,
        incoming: ConversationInput,
        attempt: u32,
        receipt: Receipt,
    ) {
        let key = incoming.key.clone();
        let span = tracing::info_span!(
            "turn",
            chat_id = key.chat().0,
            user_id = key.user().0,
            update_id = receipt.update_id(),
            flow = tracing::field::Empty,
            step = tracing::field::Empty,
        );
        async {
            let started = Instant::now();
            let answered = self.answer_in_span(&incoming, attempt).await;
            let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            match answered {
                Answered::Yes(outcome) => {
                    receipt.acknowledge();
                    tracing::info!(outcome, duration_ms, "answered");
                }
                Answered::NotYet(reason) => {
                    tracing::warn!(reason, attempt, duration_ms, "given back, to come again");
                }
            }
        }
        .instrument(span)
        .await;
    }

    async fn answer_in_span(self: &Arc<Self>, incoming: &ConversationInput, attempt: u32) -> Answered {
        let ConversationInput {
            key,
            input,
            query,
            is_group_remark,
        } = incoming;
        let language = Language::from_language_code(input.language.as_deref());
        let mut query = query.as_ref();
        let turn = self.handle(key, input);
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
                return self.failed(key, &error, attempt, language).await;
            }
        };
        let tap_answer = match &outcome {
            Outcome::Applied(committed) | Outcome::Repeated(committed) => committed.tap_answer.as_deref(),
            Outcome::Answered { tap_answer, .. } => tap_answer.as_deref(),
            Outcome::OutdatedTap { answer } => Some(answer.as_str()),
            _ => None,
        };
        if let Some(query) = query {
            self.replies.answer_tap(query, tap_answer).await;
        }
        match outcome {
            Outcome::Applied(committed) => {
                record_place(&committed.session);
                match self.carry_out(key, committed, tapped(input), language).await {
                    Ok(()) => Answered::Yes("applied"),
                    Err(()) => Answered::NotYet("unsent"),
                }
            }
            Outcome::Repeated(committed) => {
                record_place(&committed.session);
                match self.carry_out(key, committed, None, language).await {
                    Ok(()) => Answered::Yes("repeated"),
                    Err(()) => Answered::NotYet("unsent"),
                }
            }
            Outcome::Answered { .. } if *is_group_remark => Answered::Yes("group_remark"),
            Outcome::Answered { replies, .. } => self.say_once(key, &input.id, &replies, language).await,
            Outcome::OutdatedTap { .. } => {
                if let Some(message) = tapped(input).and_then(message_id) {
                    self.replies.remove_buttons(key, message).await;
                }
                Answered::Yes("outdated_tap")
            }
            _ => Answered::Yes("settled"),
        }
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
        if let Err(Unsent::Later) = self.replies.send(key, replies, language).await {
            return Answered::NotYet("unsent");
        }
        if let Some(update) = update {
            self.answered.lock().put(update, ());
        }
        Answered::Yes("answered")
    }

    /// Hands an input to the engine, for a while also when the store fails: the person's next input would fail as well,
    /// and its turn comes after this one's.
    pub(super) async fn handle(&self, key: &SessionKey, input: &Input) -> Result<Outcome, TurnError> {
        let give_up_at = Instant::now() + STORE_PATIENCE;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let error = match self.engine.handle(key, input).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let again = match &error {
                TurnError::Store(error) => error.retry() != Retry::Never,
                _ => true,
            };
            if !again || self.stopping.is_cancelled() || Instant::now() + pause > give_up_at {
                return Err(error);
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                ?pause,
                "a turn failed; trying again"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn failed(
        &self,
        key: &SessionKey,
        error: &TurnError,
        attempt: u32,
        language: Language,
    ) -> Answered {
        let may_pass = match error {
            TurnError::Store(error) => error.retry() != Retry::Never,
            _ => true,
        };
        tracing::error!(
            error = error as &dyn std::error::Error,
            "a turn could not be committed"
        );
        // Said once, not at every attempt.
        if attempt == 1 || !may_pass {
            let text = if may_pass {
                "store-trouble"
            } else {
                "something-went-wrong"
            };
            let reply = Reply::text(self.localizer.plain(language, text));
            let _ = self.replies.send(key, &[reply], language).await;
        }
        if may_pass {
            Answered::NotYet("store")
        } else {
            Answered::Yes("failed")
        }
    }

    /// Sends what was committed, and starts the outside calls.
    ///
    /// An error means that the replies were not sent, and that the input may come again.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        key: &SessionKey,
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
        let language = language_of_session(&session, language);
        let old_keyboard = tapped.and_then(message_id).or_else(|| self.replies.keyboard(key));
        // The calls don't wait for the replies: they were committed with them.
        for effect in effects {
            self.start_effect(key, effect);
        }
        match self.replies.send(key, &replies, language).await {
            Ok(()) => {
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
                self.end_quietly(key).await;
                Ok(())
            }
            Err(Unsent::Later) => Err(()),
        }
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

pub(super) fn record_place(session: &Session) {
    let span = tracing::Span::current();
    if let Some(position) = session.position() {
        span.record("flow", position.flow.as_str());
        span.record("step", position.step.as_str());
    }
}
