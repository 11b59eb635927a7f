//! The turn engine: applies every input of a conversation exactly once, on any store.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::change::SessionChange;
use crate::clock::{Clock, Timestamp};
use crate::commit::{self, Circumstances, Plan};
use crate::deliveries::{Deliveries, Delivery};
use crate::error::{StoreError, StoreErrorKind};
use crate::flow::{Event, Lost, TurnContext};
use crate::flows::Flows;
use crate::idle::IdleStage;
use crate::input::{Input, InputId, InputKind};
use crate::key::{ChatId, SessionKey};
use crate::reply::Reply;
use crate::session::{NewSession, Session};
use crate::store::SessionStore;
use crate::turn_state::{Menu, OutboxEntry, PendingEffect};

/// How often a turn is computed again when other writers were faster, before it gives up.
const MAX_ATTEMPTS: u32 = 8;

/// Computes turns with the flows, and commits each by one store write.
///
/// Inputs of one key must be handed in one after another within a process (the runner sees to that), and the next message of
/// a person only when the replies to the one before were sent; the same goes for taps. Between processes the revision
/// decides, and the slower one computes its turn again.
#[derive(Debug)]
pub struct TurnEngine {
    store: Arc<dyn SessionStore>,
    flows: Flows,
    clock: Arc<dyn Clock>,
    deliveries: Deliveries,
    observer: Option<Arc<dyn TurnObserver>>,
}

/// Is told of what goes on inside of a turn.
pub trait TurnObserver: fmt::Debug + Send + Sync + 'static {
    /// Another writer was faster, and the turn is computed again on what that one left: for the `again`th time.
    fn turn_computed_again(&self, key: &SessionKey, again: u32);
}

/// What became of an input.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was applied and committed.
    Applied(Committed),
    /// It was applied before: what was left to be done for it.
    Repeated(Committed),
    /// It changed nothing, and was answered: a remark outside of any flow, or a session that a newer version wrote.
    Answered {
        /// What to say.
        replies: Arc<[Reply]>,
        /// The short answer to a tap.
        tap_answer: Option<String>,
    },
    /// The button is not offered any more. Nothing changed.
    OutdatedTap {
        /// The short answer.
        answer: String,
    },
    /// The button was offered to somebody else, in a group. Nothing changed, and their buttons stay.
    ForeignTap {
        /// The short answer.
        answer: String,
    },
    /// There is nothing to do: an effect or a timer that is settled already, or that a newer version will settle.
    Settled,
}

/// A committed turn, and what is to be done now: send the replies in order, then
/// [`confirm_delivery`](TurnEngine::confirm_delivery), and run the effects.
#[derive(Debug)]
pub struct Committed {
    /// The session as it is stored.
    pub session: Session,
    /// What to send, in order.
    pub replies: Arc<[Reply]>,
    /// The inputs that the replies answer.
    pub inputs: Vec<InputId>,
    /// The short answer to a tap.
    pub tap_answer: Option<String>,
    /// The outside calls to make.
    pub effects: Vec<PendingEffect>,
}

/// An input that could not be handled. It is not applied, and may be handed in again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TurnError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Other writers were faster every time.
    #[error("the session {key} was changed by others {MAX_ATTEMPTS} times while the turn was computed")]
    Contention {
        /// Whose session.
        key: SessionKey,
    },
}

impl TurnEngine {
    /// An engine with these flows on this store.
    pub fn new(store: Arc<dyn SessionStore>, flows: Flows, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            flows,
            clock,
            deliveries: Deliveries::default(),
            observer: None,
        }
    }

    /// The same, and this observer is told of what goes on inside of its turns.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn TurnObserver>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// The flows.
    pub fn flows(&self) -> &Flows {
        &self.flows
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn SessionStore> {
        &self.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Applies an input: one read, and at most one write.
    ///
    /// When the session has moved to another chat ([`relocate`](Self::relocate)), the input is applied there, and the
    /// outcome's session has that key. That its old chat is gone is then no news.
    ///
    /// # Errors
    /// [`TurnError`]. The input was not applied; after an `Indeterminate` error of the store it may have been, and
    /// handing it in again finds out.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the input is applied; handing it in again finds out.
    pub async fn handle(&self, key: &SessionKey, input: &Input) -> Result<Outcome, TurnError> {
        let mut key = Cow::Borrowed(key);
        let mut stored = self.store.get(&key).await?;
        let mut computed = 0;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(chat) = moved_to(stored.as_ref()) {
                if matches!(input.kind, InputKind::ChatGone) {
                    return Ok(Outcome::Settled);
                }
                key = Cow::Owned(key.into_owned().with_chat(chat));
                stored = self.store.get(&key).await?;
                continue;
            }
            let key = &*key;
            if let Some(observer) = self.observer.as_ref().filter(|_| computed > 0) {
                observer.turn_computed_again(key, computed);
            }
            computed += 1;
            let session = stored.clone().unwrap_or_else(|| blank(key, input.at));
            let (plan, token) = match self.decide(&session, stored.is_some(), input) {
                Decision::Done(outcome) => return Ok(outcome),
                Decision::Commit(plan, token) => (plan, token),
            };
            let Plan {
                change,
                replies,
                tap_answer,
            } = *plan;
            let Some(change) = change else {
                return Ok(Outcome::Answered { replies, tap_answer });
            };
            self.deliveries.begin(key, &input.id);
            match self.commit(key, stored.as_ref(), change).await {
                Ok(session) => {
                    let effects = effects_of(&session, &token);
                    return Ok(Outcome::Applied(Committed {
                        session,
                        replies,
                        inputs: vec![input.id.clone()],
                        tap_answer,
                        effects,
                    }));
                }
                Err(error) => {
                    match error.kind() {
                        StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists
                            if error.current().is_some() =>
                        {
                            stored = error.into_current();
                        }
                        StoreErrorKind::NotFound => stored = None,
                        _ => return Err(error.into()),
                    }
                    self.deliveries.give_up(key, &input.id);
                }
            }
        }
        Err(TurnError::Contention {
            key: key.into_owned(),
        })
    }

    async fn commit(
        &self,
        key: &SessionKey,
        stored: Option<&Session>,
        change: SessionChange,
    ) -> Result<Session, StoreError> {
        match stored {
            Some(session) => self.store.update(session, &change).await,
            None => self.store.create(NewSession::new(key.clone(), change)).await,
        }
    }

    fn decide(&self, session: &Session, stored: bool, input: &Input) -> Decision {
        let state = session.turn();
        if input.marks().iter().any(|mark| state.seen.contains(mark)) {
            return Decision::Done(self.repeated(session, input));
        }
        let token = format!("{:016x}", rand::random::<u64>());
        let mut context = TurnContext {
            session,
            event: Event::Entered,
            now: input.at,
            language: input.language.as_deref().or(state.language.as_deref()),
            tapped_message: None,
            token: &token,
        };
        if self.flows.is_newer(session) {
            return Decision::Done(self.refused(&context, input));
        }
        let mut asked_by = None;
        let mut is_dropped = false;
        context.event = match &input.kind {
            InputKind::Text(text) => Event::Text(text.clone()),
            InputKind::Command { name, arguments } => Event::Command {
                name: name.clone(),
                arguments: arguments.clone(),
            },
            InputKind::File(file) => Event::File(file.clone()),
            InputKind::Other(what) => Event::Other(what.clone()),
            InputKind::Happened { name, details } => Event::Happened {
                name: name.clone(),
                details: details.clone(),
            },
            InputKind::ChatGone => Event::ChatGone,
            InputKind::Tap(tap) => {
                context.tapped_message = Some(tap.message);
                let key = session.key();
                if !key.is_private() && Menu::owner(&tap.data).is_some_and(|owner| owner != key.user()) {
                    let answer = self.flows.home().foreign_tap(&context);
                    return Decision::Done(Outcome::ForeignTap { answer });
                }
                let Some(action) = state.menu.as_ref().and_then(|menu| menu.action(key, &tap.data)) else {
                    let answer = self.flows.home().outdated_tap(&context);
                    return Decision::Done(Outcome::OutdatedTap { answer });
                };
                Event::Action(action.to_owned())
            }
            InputKind::TimerFired { name } => match &state.timer {
                Some(timer) if timer.name == *name && timer.at <= input.at => {
                    is_dropped = timer.is_too_late(input.at);
                    Event::TimerFired { name: name.clone() }
                }
                _ => return Decision::Done(Outcome::Settled),
            },
            InputKind::Idle(due) => match &state.idle {
                Some(timer) if timer.stage == *due && timer.at <= input.at => {
                    let policy = session.position().and_then(|at| self.flows.idle_policy(at));
                    is_dropped = match (policy, due) {
                        (None, _) => true,
                        (Some(policy), IdleStage::Remind) => policy.is_too_late(timer.at, input.at),
                        (Some(_), IdleStage::Close) => false,
                    };
                    Event::Idle(*due)
                }
                _ => return Decision::Done(Outcome::Settled),
            },
            InputKind::EffectFinished { id, name, outcome } => {
                let Some(effect) = state.effects.iter().find(|effect| effect.id == *id) else {
                    return Decision::Done(Outcome::Settled);
                };
                asked_by = Some(&effect.flow);
                Event::EffectFinished {
                    name: name.clone(),
                    payload: effect.payload.clone(),
                    outcome: outcome.clone(),
                }
            }
        };
        let routed = if is_dropped {
            // It came due while no process was there, and is too late now: it is gone without a word.
            self.flows.nothing()
        } else {
            self.flows.route(&context, asked_by)
        };
        let delivered = self.deliveries.sent(session.key());
        let circumstances = Circumstances {
            session,
            stored,
            input,
            token: &token,
            delivered: &delivered,
        };
        Decision::Commit(Box::new(commit::plan(&self.flows, circumstances, routed)), token)
    }

    /// An input of a session that a newer version wrote: the session is left for that one to go on with. A person hears
    /// so; what no person did waits for the newer version.
    fn refused(&self, context: &TurnContext<'_>, input: &Input) -> Outcome {
        let by_a_person = !matches!(
            input.kind,
            InputKind::ChatGone
                | InputKind::Idle(_)
                | InputKind::TimerFired { .. }
                | InputKind::EffectFinished { .. }
        );
        if !by_a_person {
            return Outcome::Settled;
        }
        let mut turn = self.flows.home().lost(context, Lost::NewerVersion);
        for message in turn.replies.iter_mut().filter_map(Reply::message_mut) {
            // Nothing is stored, so no button could be offered.
            message.buttons.clear();
        }
        Outcome::Answered {
            replies: turn.replies.into(),
            tap_answer: turn.tap_answer,
        }
    }

    /// An input that was applied before. What is known to be sent is not sent again: because this process did, or because
    /// it had nothing to do with the input and a later one followed. For messages come one after another, and so do taps,
    /// each when the replies to the one before were sent. Nor is a question asked that a later turn has replaced.
    fn repeated(&self, session: &Session, input: &Input) -> Outcome {
        let key = session.key();
        let is_tap = matches!(input.kind, InputKind::Tap(_));
        let sent = match self.deliveries.of(key, &input.id) {
            Some(delivery) => delivery == Delivery::Sent,
            None => session.turn().seen.is_followed(&input.id, is_tap),
        };
        let unsent = session
            .turn()
            .outbox
            .iter()
            .filter(|entry| !sent && entry.input == input.id);
        Outcome::Repeated(Committed {
            session: session.clone(),
            replies: unsent
                .flat_map(|entry| entry.without_old_questions(session.turn()))
                .collect(),
            inputs: vec![input.id.clone()],
            tap_answer: None,
            effects: Vec::new(),
        })
    }

    /// Takes the right to send the replies to an input that was applied a while ago: of several processes that ask for it
    /// at once, one gets it, and the entry's instant tells the others since when. Answers the session as it is stored then;
    /// `None` when somebody else was faster, or nothing is left to be sent.
    ///
    /// The process that applied the input needs no such right for as long as its turn is young.
    ///
    /// # Errors
    /// [`StoreError`]: the right may be taken or not, and may be asked for again later.
    pub async fn claim_replies(
        &self,
        session: &Session,
        input: &InputId,
    ) -> Result<Option<Session>, StoreError> {
        let now = self.clock.now();
        let mut state = session.turn().clone();
        let Some(entry) = state.outbox.iter_mut().find(|entry| entry.input == *input) else {
            return Ok(None);
        };
        entry.at = now;
        let wake_at = state.wake_at();
        let change = SessionChange::new(now).turn(state).wake_at(wake_at);
        match self.store.update(session, &change).await {
            Ok(session) => Ok(Some(session)),
            Err(error) if matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that the replies of these inputs were sent. For what a person did it costs nothing; for the outcome of an
    /// effect and for timers, which nobody redelivers, it is stored, so that no other process sends them again.
    ///
    /// # Errors
    /// [`StoreError`]: the replies may be sent a second time later, and nothing else.
    pub async fn confirm_delivery(&self, session: &Session, inputs: &[InputId]) -> Result<(), StoreError> {
        self.deliveries.end(session.key(), inputs);
        let is_sent = |entry: &OutboxEntry| inputs.contains(&entry.input);
        if !session
            .turn()
            .outbox
            .iter()
            .any(|entry| is_sent(entry) && entry.recover_at.is_some())
        {
            return Ok(());
        }
        let mut state = session.turn().clone();
        state.outbox.retain(|entry| !is_sent(entry));
        let wake_at = state.wake_at();
        let change = SessionChange::new(self.clock.now()).turn(state).wake_at(wake_at);
        match self.store.update(session, &change).await {
            // When somebody went on already, the next turn here drops what it finds sent.
            Err(error) if !matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Takes up what a process that died left undone in a session: replies that nobody redelivers, and effects whose
    /// lease is over. `running` says which effects this process runs itself. One write takes the lease, so that of
    /// several processes one wins.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was taken up.
    pub async fn recover(
        &self,
        session: &Session,
        running: impl Fn(&str) -> bool + Send,
    ) -> Result<Option<Committed>, StoreError> {
        if self.flows.is_newer(session) {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut state = session.turn().clone();
        let (mut replies, mut inputs) = (Vec::new(), Vec::new());
        // What was sent here, but could not be noted because somebody else was faster, is not sent again.
        let delivered = self.deliveries.sent(session.key());
        state
            .outbox
            .retain(|entry| entry.recover_at.is_none() || !delivered.contains(&entry.input));
        let is_tidied = state.outbox.len() < session.turn().outbox.len();
        for entry in &mut state.outbox {
            if entry.recover_at.is_some_and(|at| at <= now) {
                entry.recover_at = Some(now + commit::SEND_LEASE);
                replies.extend(entry.without_old_buttons(session.turn()));
                inputs.push(entry.input.clone());
            }
        }
        let mut effects = Vec::new();
        for effect in &mut state.effects {
            if effect.recover_at <= now && !running(&effect.id) {
                effect.recover_at = now + std::time::Duration::from_millis(effect.lease_millis);
                effect.recoveries = effect.recoveries.saturating_add(1);
                effects.push(effect.clone());
            }
        }
        if replies.is_empty() && effects.is_empty() && !is_tidied {
            return Ok(None);
        }
        let wake_at = state.wake_at();
        let change = SessionChange::new(now).turn(state).wake_at(wake_at);
        match self.store.update(session, &change).await {
            Ok(session) => Ok(Some(Committed {
                session,
                replies: replies.into(),
                inputs,
                tap_answer: None,
                effects,
            })),
            Err(error) if matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The input that a session's timer stands for, when it is due. A session that a newer version wrote is left to that
    /// one, here as in [`TurnEngine::recover`].
    pub fn due_timer(&self, session: &Session) -> Option<Input> {
        if self.flows.is_newer(session) {
            return None;
        }
        let state = session.turn();
        let flow = state.timer.as_ref().map(|timer| {
            let name = timer.name.clone();
            (timer.at, InputId::Wake(timer.at), InputKind::TimerFired { name })
        });
        let idle = state
            .idle
            .map(|timer| (timer.at, InputId::Idle(timer.at), InputKind::Idle(timer.stage)));
        let now = self.clock.now();
        let due = [flow, idle].into_iter().flatten().filter(|(at, ..)| *at <= now);
        let (_, id, kind) = due.min_by_key(|(at, ..)| *at)?;
        Some(Input {
            id,
            at: now,
            language: None,
            kind,
        })
    }

    /// Puts an effect off whose outcome is not known: it is taken up again at `at`, by any process. Answers whether it
    /// is still wanted.
    ///
    /// # Errors
    /// [`StoreError`]: it is taken up when its lease is over.
    pub async fn postpone(&self, key: &SessionKey, effect: &str, at: Timestamp) -> Result<bool, StoreError> {
        let mut stored = self.store.get(key).await?;
        for _ in 0..MAX_ATTEMPTS {
            let Some(session) = &stored else {
                return Ok(false);
            };
            if let Some(chat) = moved_to(stored.as_ref()) {
                stored = self.store.get(&session.key().clone().with_chat(chat)).await?;
                continue;
            }
            let mut state = session.turn().clone();
            let Some(pending) = state.effects.iter_mut().find(|pending| pending.id == effect) else {
                return Ok(false);
            };
            pending.recover_at = at;
            let wake_at = state.wake_at();
            let change = SessionChange::new(self.clock.now()).turn(state).wake_at(wake_at);
            match self.store.update(session, &change).await {
                Ok(_) => return Ok(true),
                Err(error) => match error.kind() {
                    StoreErrorKind::Conflict if error.current().is_some() => stored = error.into_current(),
                    StoreErrorKind::NotFound => return Ok(false),
                    _ => return Err(error),
                },
            }
        }
        // Others go on with the session all the time; the lease brings the effect back.
        Ok(true)
    }
}

enum Decision {
    Done(Outcome),
    Commit(Box<Plan>, String),
}

/// The chat in which the session is now that was here.
fn moved_to(stored: Option<&Session>) -> Option<ChatId> {
    stored.and_then(|session| session.turn().moved_to)
}

fn blank(key: &SessionKey, at: Timestamp) -> Session {
    NewSession::new(key.clone(), SessionChange::new(at)).session()
}

/// The effects that the turn of this token asked for: those of earlier ones are under way already.
fn effects_of(session: &Session, token: &str) -> Vec<PendingEffect> {
    session
        .turn()
        .effects
        .iter()
        .filter(|effect| effect.id.starts_with(token))
        .cloned()
        .collect()
}
