//! What the runner tells of what goes on: every event of it is made here.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use stepkeep_core::{Input, InputId, InputKind, PendingEffect, Session, SessionKey, StepName};
use tokio::time::Instant;

use super::Shared;
use super::conversation::Answered;
use crate::dead_letters::DeadLetter;
use crate::observation::{
    Cause, EffectChanged, EffectState, Failure, LetterPutAside, Observer, Place, Refusal, TimerFired,
    TimerKind, TurnFinished, UpdateCame, UpdateRefused, kind_of, redaction,
};
use crate::telegram::Origin;
use crate::telegram::incoming::Incoming;

/// How much a runner has on its hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunnerLoad {
    /// Conversations with an input that is handled or waits.
    pub conversations: usize,
    /// Inputs that wait behind another one of their conversation.
    pub waiting: usize,
    /// The most inputs, handled and waiting, that are taken in.
    pub capacity: usize,
    /// Updates that wait behind one that comes again.
    pub held_back: usize,
    /// Outside calls under way.
    pub outside_calls: usize,
}

impl RunnerLoad {
    pub(super) fn of(shared: &Shared) -> Self {
        let executor = &shared.executor;
        let conversations = executor.active_keys();
        Self {
            conversations,
            waiting: executor.pending().saturating_sub(conversations),
            capacity: executor.capacity(),
            held_back: shared.order.waiting(),
            outside_calls: shared.effect_tasks.len(),
        }
    }
}

/// A runner that may be gone.
#[derive(Clone)]
pub struct WeakRunner(Weak<Shared>);

impl WeakRunner {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// How much it has on its hands; `None` when it is gone.
    pub fn load(&self) -> Option<RunnerLoad> {
        Some(RunnerLoad::of(&*self.0.upgrade()?))
    }
}

impl fmt::Debug for WeakRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakRunner").field(&self.load()).finish()
    }
}

/// What went wrong in a turn.
#[derive(Debug)]
struct Failed {
    kind: String,
    message: String,
    step: Option<StepName>,
}

impl Failed {
    fn new(kind: &str, message: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.to_owned(),
            step: None,
        }
    }
}

/// Follows one turn from its beginning to its end.
#[derive(Debug)]
pub(super) struct TurnWatch {
    cause: Cause,
    began: Instant,
    /// Since when somebody waits for the answer.
    came: Option<Instant>,
    place: Option<Place>,
    is_committed: bool,
    failure: Option<Failed>,
}

impl TurnWatch {
    pub(super) fn begin(cause: Cause) -> Self {
        Self {
            cause,
            began: Instant::now(),
            came: None,
            place: None,
            is_committed: false,
            failure: None,
        }
    }

    /// The same, and somebody has waited for the answer since this instant.
    pub(super) fn of_one_who_waits(self, came: Instant) -> Self {
        let came = Some(came);
        Self { came, ..self }
    }

    /// This turn committed the session.
    pub(super) fn committed(&mut self, shared: &Shared, session: &Session, input: &Input) {
        self.is_committed = true;
        self.came_to(shared, session);
        // A flow that fails commits the error, and says so.
        if let Some(error) = &session.turn().last_error
            && error.at == input.at
        {
            self.failure = Some(Failed {
                kind: error.kind.clone(),
                message: redaction::without_answers(&error.message, session),
                step: error.step.clone(),
            });
        }
    }

    /// The session is here.
    pub(super) fn came_to(&mut self, shared: &Shared, session: &Session) {
        // What is louder tells of the place itself, and most turns are told nobody.
        if tracing::span_enabled!(tracing::Level::DEBUG)
            && let Some(position) = session.position()
        {
            let (flow, step) = (position.flow.as_str(), position.step.as_str());
            let span = tracing::Span::current();
            tracing::record_all!(span, flow, step);
        }
        self.place = Some(Place::of(session, shared.engine.flows()));
    }

    pub(super) fn failed(&mut self, kind: &str, message: &str) {
        self.failure = Some(Failed::new(kind, message));
    }

    pub(super) fn is_committed(&self) -> bool {
        self.is_committed
    }

    /// It ended so. Answers how long it took.
    pub(super) fn end(mut self, shared: &Shared, key: &SessionKey, answered: &Answered) -> Duration {
        let outcome = match answered {
            Answered::Yes("applied") if self.failure.is_some() => "flow_failed",
            Answered::Yes(outcome) => outcome,
            Answered::NotYet("sent_elsewhere") => "sent_elsewhere",
            Answered::NotYet(reason) => {
                self.failure.get_or_insert_with(|| Failed::new(reason, ""));
                "given_back"
            }
            Answered::Failed { reason, error } => {
                self.failed(reason.as_str(), error);
                "failed"
            }
        };
        let is_said = !matches!(
            outcome,
            "group_remark" | "settled" | "repeated" | "sent_elsewhere" | "given_back" | "failed"
        );
        let failure = self.failure.as_ref();
        let now = Instant::now();
        let duration = now.duration_since(self.began);
        shared.observers.turn_finished(&TurnFinished {
            key,
            cause: self.cause,
            place: self.place.as_ref(),
            outcome,
            duration,
            latency: self.came.filter(|_| is_said).map(|came| now.duration_since(came)),
            failure: failure.map(|failed| Failure {
                kind: &failed.kind,
                message: &failed.message,
                step: failed.step.as_ref(),
            }),
        });
        duration
    }
}

impl Shared {
    pub(super) fn tell_of_update(
        &self,
        update_id: i64,
        origin: Origin,
        attempt: u32,
        incoming: Option<&Incoming>,
    ) {
        let kind = match incoming {
            Some(Incoming::Conversation(input)) if input.payment.is_some() => "payment",
            Some(Incoming::Conversation(input)) => kind_of(&input.input.kind),
            Some(Incoming::Ignored(_)) => "ignored",
            Some(Incoming::TapWithoutChat(_)) => "tap_without_chat",
            Some(Incoming::ChatMoved { .. }) => "chat_moved",
            Some(Incoming::Checkout(_)) => "checkout",
            None => "unreadable",
        };
        self.observers.update_came(&UpdateCame {
            update_id,
            origin,
            kind,
            attempt,
        });
    }

    pub(super) fn tell_of_refusal(&self, update_id: i64, key: &SessionKey, refusal: Refusal) {
        self.observers.update_refused(&UpdateRefused {
            update_id,
            key,
            refusal,
        });
    }

    pub(super) fn tell_of_letter(&self, letter: &DeadLetter) {
        self.observers.letter_put_aside(&LetterPutAside {
            id: letter.id.0,
            key: letter.key.as_ref(),
            reason: letter.reason,
        });
    }

    pub(super) fn tell_of_start(&self, key: &SessionKey, effect: &PendingEffect) {
        let state = if effect.recoveries == 0 {
            EffectState::Started
        } else {
            EffectState::Recovered
        };
        self.tell_of_effect(key, effect, state, Duration::ZERO);
    }

    pub(super) fn tell_of_effect(
        &self,
        key: &SessionKey,
        effect: &PendingEffect,
        state: EffectState,
        duration: Duration,
    ) {
        self.observers.effect_changed(&EffectChanged {
            key,
            flow: effect.flow.as_str(),
            name: &effect.name,
            state,
            duration,
        });
    }

    /// A timer that stood for this input fired.
    pub(super) fn tell_of_timer(&self, key: &SessionKey, input: &Input) {
        use stepkeep_core::IdleStage;
        let kind = match &input.kind {
            InputKind::Idle(IdleStage::Remind) => TimerKind::Remind,
            InputKind::Idle(IdleStage::Close) => TimerKind::Close,
            _ => TimerKind::Flow,
        };
        if let InputId::Wake(due) | InputId::Idle(due) = input.id {
            let late = input.at.since(due);
            self.observers.timer_fired(&TimerFired { key, kind, late });
        }
    }
}
