//! What goes on beside the conversations and comes back to them: outside calls, and what a process left undone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use stepkeep_core::{Input, InputId, InputKind, Outcome, PendingEffect, Progress, Session, SessionKey};
use tokio::time::Instant;
use tracing::Instrument;

use super::Shared;
use super::conversation::record_place;
use crate::effects::EffectResult;
use crate::localization::Language;
use crate::telegram::outgoing::Destination;

/// How often "something is under way" is shown: Telegram shows it for five seconds (Bot API, "sendChatAction").
const PROGRESS_EVERY: Duration = Duration::from_secs(4);

/// An outside call is given up this long before its lease ends, so that no other process is at it at the same time.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

impl Shared {
    /// Makes an outside call beside the conversations, and hands what it brought to its conversation.
    pub(super) fn start_effect(self: &Arc<Self>, key: &SessionKey, effect: PendingEffect) {
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
            flow = tracing::field::Empty,
            step = tracing::field::Empty,
        );
        self.effect_tasks.spawn(
            async move {
                let started = Instant::now();
                // Counted to the end of the lease as it is stored: committing the turn may have taken a while, and
                // past that end another process looks the call up, and makes it.
                let left = effect.recover_at.since(shared.engine.clock().now());
                let deadline = left.saturating_sub(LEASE_MARGIN);
                if deadline.is_zero() {
                    tracing::warn!("an outside call is taken up later: its lease is over before it begins");
                    return;
                }
                let result = tokio::select! {
                    biased;
                    result = tokio::time::timeout(deadline, shared.effects.run(&effect)) => result,
                    never = shared.show_progress(&key) => match never {},
                };
                let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                match result {
                    Ok(EffectResult::Finished(outcome)) => {
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
                    Ok(EffectResult::Later) | Err(_) => {
                        tracing::warn!(
                            duration_ms,
                            recoveries = effect.recoveries,
                            "an outside call is taken up later"
                        );
                    }
                }
            }
            .instrument(span),
        );
    }

    async fn show_progress(&self, key: &SessionKey) -> Infallible {
        let destination = Destination::of(key);
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            let request = destination.progress(Progress::Typing);
            if let Err(error) = self.replies.sender().client().call(&request).await {
                tracing::debug!(%error, "progress could not be shown");
            }
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
        let job_key = key.clone();
        let job = async move {
            let _held = held;
            let started = Instant::now();
            let input = Input {
                id,
                at: shared.engine.clock().now(),
                language: None,
                kind,
            };
            match shared.handle(&job_key, &input).await {
                Ok(Outcome::Applied(committed)) => {
                    record_place(&committed.session);
                    // What is not sent now is sent by whoever looks for what is due.
                    let _ = shared
                        .carry_out(&job_key, committed, None, Language::default())
                        .await;
                    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(duration_ms, "an outcome was answered");
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "an outcome waits for the next look at what is due"
                    );
                }
            }
        };
        if let Err(error) = self.executor.submit(key, job.in_current_span().boxed()).await {
            tracing::warn!(%error, "an outcome waits for the next look at what is due");
        }
    }

    /// Takes up what a session has left undone.
    pub(super) async fn take_up(self: &Arc<Self>, session: Session) {
        let key = session.key().clone();
        let shared = Arc::clone(self);
        let job = async move {
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
                    let _ = shared.carry_out(&key, committed, None, Language::default()).await;
                }
                Ok(None) => {
                    if let Some(input) = shared.engine.due_timer(&session)
                        && let Ok(Outcome::Applied(committed)) = shared.handle(&key, &input).await
                    {
                        let _ = shared.carry_out(&key, committed, None, Language::default()).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "what is due waits for the next look"
                    );
                }
            }
        };
        if let Err(error) = self.executor.submit(key, job.boxed()).await {
            tracing::debug!(%error, "what is due waits for the next look");
        }
    }
}
