//! The turn engine: applies every input of a conversation exactly once, on any store.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::change::SessionChange;
use crate::clock::{Clock, Timestamp};
use crate::commit::{self, Circumstances, Plan};
use crate::error::{StoreError, StoreErrorKind};
use crate::flow::{Event, Lost, TurnContext};
use crate::flows::Flows;
use crate::input::{Input, InputId, InputKind};
use crate::key::SessionKey;
use crate::reply::Reply;
use crate::session::{NewSession, Session};
use crate::store::SessionStore;
use crate::turn_state::{OutboxEntry, PendingEffect};

/// How often a turn is computed again when other writers were faster, before it gives up.
const MAX_ATTEMPTS: u32 = 8;

/// For how many conversations the engine remembers which replies were sent. Those beyond carry their last replies along
/// for some turns more, which costs bytes and nothing else.
const REMEMBERED_DELIVERIES: NonZeroUsize = match NonZeroUsize::new(100_000) {
    Some(number) => number,
    None => NonZeroUsize::MIN,
};

/// Computes turns with the flows, and commits each by one store write.
///
/// Inputs of one key must be handed in one after another within a process (the runner sees to that); between processes
/// the revision decides, and the slower one computes its turn again.
#[derive(Debug)]
pub struct TurnEngine {
    store: Arc<dyn SessionStore>,
    flows: Flows,
    clock: Arc<dyn Clock>,
    delivered: Mutex<LruCache<SessionKey, Vec<InputId>>>,
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
        replies: Vec<Reply>,
        /// The short answer to a tap.
        tap_answer: Option<String>,
    },
    /// The button is not offered any more. Nothing changed.
    OutdatedTap {
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
    pub replies: Vec<Reply>,
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
            delivered: Mutex::new(LruCache::new(REMEMBERED_DELIVERIES)),
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
    /// # Errors
    /// [`TurnError`]. The input was not applied; after an `Indeterminate` error of the store it may have been, and
    /// handing it in again finds out.
    ///
    /// # Cancellation
    /// Dropping the future leaves open whether the input is applied; handing it in again finds out.
    pub async fn handle(&self, key: &SessionKey, input: &Input) -> Result<Outcome, TurnError> {
        let mut stored = self.store.get(key).await?;
        for _ in 0..MAX_ATTEMPTS {
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
                Err(error) => match error.kind() {
                    StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists if error.current().is_some() => {
                        stored = error.into_current();
                    }
                    StoreErrorKind::NotFound => stored = None,
                    _ => return Err(error.into()),
                },
            }
        }
        Err(TurnError::Contention { key: key.clone() })
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
        context.event = match &input.kind {
            InputKind::Text(text) => Event::Text(text.clone()),
            InputKind::Command { name, arguments } => Event::Command {
                name: name.clone(),
                arguments: arguments.clone(),
            },
            InputKind::File(file) => Event::File(file.clone()),
            InputKind::Other(what) => Event::Other(what.clone()),
            InputKind::ChatGone => Event::ChatGone,
            InputKind::Tap(tap) => {
                context.tapped_message = Some(tap.message);
                let Some(action) = state.menu.as_ref().and_then(|menu| menu.action(&tap.data)) else {
                    let answer = self.flows.home().outdated_tap(&context);
                    return Decision::Done(Outcome::OutdatedTap { answer });
                };
                Event::Action(action.to_owned())
            }
            InputKind::TimerFired { name } => match &state.timer {
                Some(timer) if timer.name == *name && timer.at <= input.at => {
                    Event::TimerFired { name: name.clone() }
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
        let routed = self.flows.route(&context, asked_by);
        let delivered = self.delivered_of(session.key());
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
            InputKind::ChatGone | InputKind::TimerFired { .. } | InputKind::EffectFinished { .. }
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
            replies: turn.replies,
            tap_answer: turn.tap_answer,
        }
    }

    /// An input that was applied before. What this process knows to be sent is not sent again.
    fn repeated(&self, session: &Session, input: &Input) -> Outcome {
        let sent = self.delivered_of(session.key()).contains(&input.id);
        let unsent = session
            .turn()
            .outbox
            .iter()
            .filter(|entry| !sent && entry.input == input.id);
        Outcome::Repeated(Committed {
            session: session.clone(),
            replies: unsent.flat_map(|entry| entry.replies.clone()).collect(),
            inputs: vec![input.id.clone()],
            tap_answer: None,
            effects: Vec::new(),
        })
    }

    /// Notes that the replies of these inputs were sent. For what a person did it costs nothing; for the outcome of an
    /// effect and for timers, which nobody redelivers, it is stored, so that no other process sends them again.
    ///
    /// # Errors
    /// [`StoreError`]: the replies may be sent a second time later, and nothing else.
    pub async fn confirm_delivery(&self, session: &Session, inputs: &[InputId]) -> Result<(), StoreError> {
        self.remember_delivery(session.key(), inputs);
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

    /// The inputs whose replies this process knows to be sent.
    fn delivered_of(&self, key: &SessionKey) -> Vec<InputId> {
        self.delivered.lock().get(key).cloned().unwrap_or_default()
    }

    fn remember_delivery(&self, key: &SessionKey, inputs: &[InputId]) {
        let mut delivered = self.delivered.lock();
        let known = delivered.get_or_insert_mut(key.clone(), Vec::new);
        known.extend_from_slice(inputs);
        // Older ones are out of the outbox by now.
        let surplus = known.len().saturating_sub(commit::MAX_OUTBOX);
        known.drain(..surplus);
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
        let delivered = self.delivered_of(session.key());
        state
            .outbox
            .retain(|entry| entry.recover_at.is_none() || !delivered.contains(&entry.input));
        let is_tidied = state.outbox.len() < session.turn().outbox.len();
        for entry in &mut state.outbox {
            if entry.recover_at.is_some_and(|at| at <= now) {
                entry.recover_at = Some(now + commit::SEND_LEASE);
                replies.extend(entry.replies.clone());
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
                replies,
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
        let timer = session.turn().timer.as_ref()?;
        if self.flows.is_newer(session) {
            return None;
        }
        let now = self.clock.now();
        (timer.at <= now).then(|| Input {
            id: InputId::Wake(timer.at),
            at: now,
            language: None,
            kind: InputKind::TimerFired {
                name: timer.name.clone(),
            },
        })
    }
}

enum Decision {
    Done(Outcome),
    Commit(Box<Plan>, String),
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
