//! What goes on beside the conversations and comes back to them: outside calls, and what a process left undone.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use stepkeep_core::{Input, InputId, InputKind, Outcome, PendingEffect, Progress, Session, SessionKey};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use tracing::Instrument;

use super::Shared;
use super::conversation::{Answered, failed};
use super::executor::panic_message;
use super::observation::TurnWatch;
use super::replies::Notice;
use crate::effects::EffectResult;
use crate::localization::Language;
use crate::logging::TurnIds;
use crate::observation::{Cause, EffectState};
use crate::telegram::outgoing::Destination;

/// How often "something is under way" is shown: Telegram shows it for five seconds (Bot API, "sendChatAction").
const PROGRESS_EVERY: Duration = Duration::from_secs(4);

/// An outside call is given up this long before its lease ends, so that no other process is at it at the same time.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// When a call takes this long, the message that told of it says so.
const STILL_WORKING_AFTER: Duration = Duration::from_secs(8);

/// After so many times that a call was taken up again, it is given up, if nobody gave it up before.
const MOST_RECOVERIES: u32 = 12;

/// The longest time for which a call is put off.
const LONGEST_REST: Duration = Duration::from_mins(2);

/// How long a call rests that was taken up before: its lease, doubled each time, with up to a tenth more by its id, so that
/// those that failed together don't come back together.
fn pause_after(effect: &PendingEffect) -> Duration {
    let lease = Duration::from_millis(effect.lease_millis);
    let rest = lease.saturating_mul(2_u32.saturating_pow(effect.recoveries));
    let rest = rest.min(LONGEST_REST.max(lease));
    let share = effect.id.bytes().fold(0_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % 100;
    rest + rest.saturating_mul(share) / 1_000
}

impl Shared {
    /// Makes an outside call beside the conversations, and hands what it brought to its conversation. `notice` is what the
    /// person was told, in this language.
    pub(super) fn start_effect(
        self: &Arc<Self>,
        key: &SessionKey,
        effect: PendingEffect,
        language: Language,
        notice: watch::Receiver<Option<Notice>>,
    ) {
        let Some(running) = self.running.begin(&effect.id) else {
            return;
        };
        let (shared, key) = (Arc::clone(self), key.clone());
        let (chat_id, user_id) = (key.chat().0, key.user().0);
        let span = tracing::info_span!(
            parent: None,
            "effect",
            chat_id,
            user_id,
            effect = effect.name,
            id = effect.id,
        );
        // Not its child: it goes on when the turn has long ended.
        span.follows_from(tracing::Span::current());
        self.effect_tasks.spawn(
            async move {
                let started = Instant::now();
                shared.tell_of_start(&key, &effect);
                let (result, state) = shared.run_effect(&key, &effect, language, notice).await;
                let duration = started.elapsed();
                shared.tell_of_effect(&key, &effect, state, duration);
                let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                match result {
                    EffectResult::Finished(outcome) => {
                        tracing::info!(
                            duration_ms,
                            recoveries = effect.recoveries,
                            "an outside call came back"
                        );
                        let kind = InputKind::EffectFinished {
                            id: effect.id.clone(),
                            name: effect.name.clone(),
                            outcome,
                        };
                        shared
                            .enqueue(key, InputId::Effect(effect.id.clone()), kind, Some(running))
                            .await;
                    }
                    EffectResult::Later => {
                        tracing::warn!(
                            duration_ms,
                            recoveries = effect.recoveries,
                            "an outside call is taken up later"
                        );
                        shared.put_off(&key, &effect).await;
                    }
                }
            }
            .instrument(span),
        );
    }

    /// Makes the call, or gives it up when it was taken up too often.
    async fn run_effect(
        &self,
        key: &SessionKey,
        effect: &PendingEffect,
        language: Language,
        notice: watch::Receiver<Option<Notice>>,
    ) -> (EffectResult, EffectState) {
        if effect.recoveries >= MOST_RECOVERIES
            && let Some(outcome) = self.effects.give_up(effect)
        {
            tracing::error!(recoveries = effect.recoveries, "an outside call is given up");
            return (EffectResult::Finished(outcome), EffectState::GivenUp);
        }
        let result = self.make_call(key, effect, language, notice).await;
        let state = match &result {
            EffectResult::Finished(_) => EffectState::Finished,
            EffectResult::Later => EffectState::Later,
        };
        (result, state)
    }

    /// Makes the call, and shows the person meanwhile that something is under way.
    async fn make_call(
        &self,
        key: &SessionKey,
        effect: &PendingEffect,
        language: Language,
        notice: watch::Receiver<Option<Notice>>,
    ) -> EffectResult {
        // Counted to the end of the lease as it is stored: committing the turn may have taken a while, and past that end
        // another process looks the call up, and makes it.
        let left = effect.recover_at.since(self.engine.clock().now());
        let deadline = left.saturating_sub(LEASE_MARGIN);
        if deadline.is_zero() {
            tracing::warn!("the lease of an outside call is over before it begins");
            return EffectResult::Later;
        }
        let call = AssertUnwindSafe(self.effects.run(effect)).catch_unwind();
        let mut retouched = None;
        let result = tokio::select! {
            biased;
            result = tokio::time::timeout(deadline, call) => result,
            never = self.show_progress(key, language, &notice, &mut retouched) => match never {},
        };
        if let Some(notice) = retouched {
            let text = notice.message.text.clone();
            self.replies.retouch(key, &notice, text).await;
        }
        match result {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => {
                tracing::error!(panic = panic_message(&*panic), "an outside call panicked");
                EffectResult::Later
            }
            Err(_) => EffectResult::Later,
        }
    }

    /// Shows that something is under way, at first where the person's client shows it, and in the message that told of it
    /// when it takes long. Notes the message whose text was changed.
    async fn show_progress(
        &self,
        key: &SessionKey,
        language: Language,
        notice: &watch::Receiver<Option<Notice>>,
        retouched: &mut Option<Notice>,
    ) -> Infallible {
        let destination = Destination::of(key);
        let started = Instant::now();
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            let request = destination.progress(Progress::Typing);
            if let Err(error) = self.replies.sender().client().call(&request).await {
                tracing::debug!(%error, "progress could not be shown");
            }
            if retouched.is_none() && started.elapsed() >= STILL_WORKING_AFTER {
                let said = notice.borrow().clone();
                if let Some(said) = said {
                    let still = self.localizer.plain(language, "still-working");
                    let text = format!("{}\n\n{still}", said.message.text);
                    *retouched = Some(said.clone());
                    self.replies.retouch(key, &said, text).await;
                }
            }
        }
    }

    /// Lets an outside call rest whose outcome is not known, longer each time. The first time its lease says how long: a
    /// request that is still on its way may take as long to be carried out.
    async fn put_off(&self, key: &SessionKey, effect: &PendingEffect) {
        if effect.recoveries == 0 {
            return;
        }
        let at = self.engine.clock().now() + pause_after(effect);
        if let Err(error) = self.engine.postpone(key, &effect.id, at).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an outside call is taken up when its lease is over"
            );
        }
    }

    /// Queues what no person did behind the inputs of its conversation. `held` is dropped when it was handled.
    pub(super) async fn enqueue<H: Send + 'static>(
        self: &Arc<Self>,
        key: SessionKey,
        id: InputId,
        kind: InputKind,
        held: H,
    ) {
        let shared = Arc::clone(self);
        let key = self.moves.current(key);
        let job_key = key.clone();
        let job = async move {
            let _held = held;
            let mut watch = TurnWatch::begin(Cause::Effect);
            let input = Input {
                id,
                at: shared.engine.clock().now(),
                language: None,
                kind,
            };
            let answered = Box::pin(shared.answer_nobody(&job_key, &input, &mut watch)).await;
            if !matches!(answered, Answered::Yes(_)) {
                tracing::warn!("an outcome waits for the next look at what is due");
            }
            watch.end(&shared, &job_key, &answered);
        };
        let turn = TurnIds::new(&key, None).within(job);
        if let Err(error) = self.executor.submit(key, turn).await {
            tracing::warn!(%error, "an outcome waits for the next look at what is due");
        }
    }

    /// Hands in what no person did, and carries out what comes of it. What is not sent is sent by whoever looks for what is due.
    async fn answer_nobody(
        self: &Arc<Self>,
        key: &SessionKey,
        input: &Input,
        watch: &mut TurnWatch,
    ) -> Answered {
        match self.handle(key, input, None).await {
            Ok(Outcome::Applied(committed)) => {
                watch.committed(self, &committed.session, input);
                match self.carry_out(committed, None, Language::default()).await {
                    Ok(()) => Answered::Yes("applied"),
                    Err(()) => Answered::NotYet("unsent"),
                }
            }
            Ok(_) => Answered::Yes("settled"),
            Err(error) => failed(&error),
        }
    }

    /// Fires a session's timer, if it is due.
    async fn fire(self: &Arc<Self>, session: &Session) {
        let Some(input) = self.engine.due_timer(session) else {
            return;
        };
        let key = session.key();
        let turn = async {
            let mut watch = TurnWatch::begin(Cause::Timer);
            let answered = self.answer_nobody(key, &input, &mut watch).await;
            if watch.is_committed() {
                self.tell_of_timer(key, &input);
            }
            watch.end(self, key, &answered);
        };
        TurnIds::new(key, None).within(turn).await;
    }

    /// Takes up what a session has left undone. `place` is dropped when that is done.
    pub(super) async fn take_up(self: &Arc<Self>, session: Session, place: OwnedSemaphorePermit) {
        let key = session.key().clone();
        let shared = Arc::clone(self);
        let job = async move {
            let _place = place;
            let key = session.key().clone();
            let running = shared.running.clone();
            match shared.engine.recover(&session, |id| running.contains(id)).await {
                Ok(Some(committed)) => {
                    tracing::info!(
                        chat_id = key.chat().0,
                        user_id = key.user().0,
                        replies = committed.replies.len(),
                        effects = committed.effects.len(),
                        "what a process left undone is taken up"
                    );
                    let _ = Box::pin(shared.carry_out(committed, None, Language::default())).await;
                }
                Ok(None) => Box::pin(shared.fire(&session)).await,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what is due waits for the next look"
                    );
                }
            }
        };
        if let Err(error) = self.executor.submit(key, job).await {
            tracing::debug!(%error, "what is due waits for the next look");
        }
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{FieldValue, FlowName, Timestamp};

    use super::*;

    #[test]
    fn a_call_rests_longer_each_time_within_bounds() {
        let effect = |recoveries| PendingEffect {
            id: "0123456789abcdef-0".to_owned(),
            flow: FlowName::constant("order"),
            name: "buy".to_owned(),
            payload: FieldValue::text(""),
            outlives_flow: true,
            recoveries,
            lease_millis: 30_000,
            requested_at: Timestamp::EPOCH,
            recover_at: Timestamp::EPOCH,
        };
        let rests = [1, 2, 3, 40].map(|recoveries| pause_after(&effect(recoveries)).as_secs());
        assert!((60..67).contains(&rests[0]), "{rests:?}");
        assert!((120..133).contains(&rests[1]), "{rests:?}");
        assert_eq!(rests[1], rests[2]);
        assert_eq!(rests[2], rests[3]);
    }
}
