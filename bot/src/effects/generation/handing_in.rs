//! Handing a generation in, once: what may have been sent is never sent again.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use stepkeep_core::Timestamp;
use tokio::time::timeout;

use super::input::InputTrouble;
use super::{EffectResult, GenerationEffects, finished, later, summary};
use crate::flows::generation::calls::{CancelOutcome, Job, LookOutcome, SubmitOutcome, Unclear};
use crate::generation::{GenerationError, GenerationErrorKind, GenerationErrorSummary, NewTask, TaskId};
use crate::ledger::{
    Cancelled, Charge, ChargeKind, ChargeStage, ChargeState, NewCharge, Noted, ReleaseReason, Reservation,
};

/// How long is looked at a time whether it became known if a generation was begun.
const LOOKS: u32 = 4;
const LOOK_PAUSE: Duration = Duration::from_secs(5);

/// How long the turn at the API is waited for at a time. Then the call ends and is asked for anew: one that is cut off by its
/// lease would rest, longer each time, while others pass it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl GenerationEffects {
    pub(super) async fn submit(&self, job: &Job) -> EffectResult {
        let charge = NewCharge {
            id: job.id.clone(),
            kind: ChargeKind::Generation,
            amount: job.price,
            subject: job.model.to_string(),
            fingerprint: Some(fingerprint(job)),
        };
        match self.ledger.reserve(job.user, charge).await {
            Err(error) => later(&error),
            Ok(Reservation::Short { missing, available }) => {
                finished(&SubmitOutcome::Short { missing, available })
            }
            Ok(Reservation::TooManyOpen { most }) => finished(&SubmitOutcome::TooManyOpen { most }),
            Ok(Reservation::Duplicate(earlier)) => finished(&SubmitOutcome::Duplicate {
                is_done: matches!(earlier.state, ChargeState::Captured),
            }),
            Ok(Reservation::Reserved(_)) => self.prepare(job).await,
            Ok(Reservation::Existing(charge)) => self.take_up(job, charge).await,
        }
    }

    /// Goes on with what waited for its turn, or what a process that died left behind.
    async fn take_up(&self, job: &Job, charge: Charge) -> EffectResult {
        if charge.state == ChargeState::Open(ChargeStage::Reserved) {
            if self.clock.now().since(charge.at) >= self.care.overdue {
                let error = GenerationErrorSummary {
                    kind: GenerationErrorKind::RateLimited,
                    ..unavailable()
                };
                let word = error.kind.as_str();
                return self.refuse(job, word, &SubmitOutcome::Failed(error)).await;
            }
            return self.prepare(job).await;
        }
        self.settled_meanwhile(job, charge).await
    }

    /// Says what became of one that is no longer only reserved.
    async fn settled_meanwhile(&self, job: &Job, charge: Charge) -> EffectResult {
        match charge.state {
            ChargeState::Open(ChargeStage::Reserved) => EffectResult::Later,
            ChargeState::Open(ChargeStage::Submitting) => self.unclear(job).await,
            ChargeState::Open(ChargeStage::Submitted { task }) => self.submitted(&task),
            ChargeState::Open(ChargeStage::Unclear) => finished(&SubmitOutcome::Unclear {
                since: self.clock.now(),
            }),
            ChargeState::Captured => finished(&SubmitOutcome::Duplicate { is_done: true }),
            ChargeState::Released(ReleaseReason::Cancelled) => finished(&SubmitOutcome::Cancelled),
            ChargeState::Released(_) => finished(&SubmitOutcome::Failed(unavailable())),
        }
    }

    /// Carries the files over and waits for the turn: all of which can be done again.
    async fn prepare(&self, job: &Job) -> EffectResult {
        let input = match self.addressed(&job.input).await {
            Ok(input) => input,
            Err(InputTrouble::Later) => return EffectResult::Later,
            Err(InputTrouble::Gone) => return self.refuse(job, "file_gone", &SubmitOutcome::FileGone).await,
            Err(InputTrouble::Refused(error)) => {
                return self.refused(job, &error).await;
            }
        };
        // Also well within the hold, which begins anew each time.
        let longest_wait = LONGEST_WAIT.min(self.care.hold / 2);
        if timeout(longest_wait, self.api.turn_to_create()).await.is_err() {
            return finished(&SubmitOutcome::Waiting { input });
        }
        // From here on it may have been sent. What isn't noted before it is sent could be sent twice.
        match self.ledger.note(job.user, &job.id, ChargeStage::Submitting).await {
            Ok(Noted::Moved(_)) => {}
            // It was called off meanwhile, or another process is at it.
            Ok(Noted::Already(charge)) => return self.settled_meanwhile(job, charge).await,
            Err(error) => return later(&error),
        }
        let task = NewTask {
            model: job.model.clone(),
            input,
            call_back: self.callbacks.as_ref().map(|callbacks| callbacks.url.clone()),
        };
        match self.api.create(&task).await {
            Ok(task) => {
                let stage = ChargeStage::Submitted {
                    task: task.to_string(),
                };
                if let Err(error) = self.ledger.note(job.user, &job.id, stage).await {
                    // The session is about to know it, which is enough.
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a task could not be noted"
                    );
                }
                finished(&SubmitOutcome::Submitted {
                    task,
                    at: self.clock.now(),
                })
            }
            Err(error) if error.kind() == GenerationErrorKind::Unclear => self.unclear(job).await,
            Err(error) => self.refused(job, &error).await,
        }
    }

    fn submitted(&self, task: &str) -> EffectResult {
        match TaskId::new(task) {
            Ok(task) => finished(&SubmitOutcome::Submitted {
                task,
                at: self.clock.now(),
            }),
            Err(error) => {
                tracing::error!(%error, "the ledger has a task that can't be one");
                EffectResult::Later
            }
        }
    }

    /// It isn't known whether it was begun. It is not handed in again; the operator is told.
    async fn unclear(&self, job: &Job) -> EffectResult {
        let noted = match self.ledger.note(job.user, &job.id, ChargeStage::Unclear).await {
            Ok(noted) => noted,
            Err(error) => return later(&error),
        };
        if let (Noted::Moved(charge), Some(notices)) = (&noted, &self.notices) {
            notices.is_unclear(job.user, charge);
        }
        tracing::error!(
            charge = job.id,
            user_id = job.user.0,
            model = %job.model,
            price = %job.price,
            "it is not known whether a generation was begun; look into the API's log of tasks"
        );
        finished(&SubmitOutcome::Unclear {
            since: self.clock.now(),
        })
    }

    async fn refused(&self, job: &Job, error: &GenerationError) -> EffectResult {
        let outcome = SubmitOutcome::Failed(summary(error));
        self.refuse(job, error.kind().as_str(), &outcome).await
    }

    /// Frees the money of what was surely not begun.
    async fn refuse(&self, job: &Job, word: &str, outcome: &SubmitOutcome) -> EffectResult {
        match self
            .ledger
            .release(job.user, &job.id, ReleaseReason::Failed(word.to_owned()))
            .await
        {
            Ok(_) => finished(outcome),
            Err(error) => later(&error),
        }
    }

    /// Looks for a while whether somebody found out what became of an unclear one.
    pub(super) async fn look_into(&self, unclear: &Unclear) -> EffectResult {
        let Unclear { job, since } = unclear;
        for _ in 0..LOOKS {
            let charge = match self.ledger.charge(job.user, &job.id).await {
                Ok(charge) => charge,
                Err(error) => return later(&error),
            };
            match charge.map(|charge| charge.state) {
                Some(ChargeState::Open(ChargeStage::Submitted { task })) => {
                    return match TaskId::new(&task) {
                        Ok(task) => finished(&LookOutcome::Found {
                            task,
                            at: self.clock.now(),
                        }),
                        Err(_) => finished(&LookOutcome::Unknown),
                    };
                }
                Some(ChargeState::Open(_)) => {}
                Some(ChargeState::Captured | ChargeState::Released(_)) | None => {
                    return finished(&LookOutcome::Released);
                }
            }
            if self.is_held_long_enough(*since) {
                tracing::error!(
                    charge = job.id,
                    "nobody found out whether a generation was begun; its money is free again"
                );
                let released = self
                    .ledger
                    .release(job.user, &job.id, ReleaseReason::Failed("unclear".to_owned()))
                    .await;
                return match released {
                    Ok(_) => finished(&LookOutcome::Released),
                    Err(error) => later(&error),
                };
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        finished(&LookOutcome::Unknown)
    }

    fn is_held_long_enough(&self, since: Timestamp) -> bool {
        self.clock.now().since(since) >= self.care.hold
    }

    /// Stops one that wasn't handed in yet.
    pub(super) async fn cancel(&self, job: &Job) -> EffectResult {
        match self.ledger.cancel(job.user, &job.id).await {
            Ok(Cancelled::Stopped) => finished(&CancelOutcome::Stopped),
            Ok(Cancelled::TooLate) => finished(&CancelOutcome::TooLate),
            Err(error) => later(&error),
        }
    }
}

/// What tells a request from another: the model and the answers.
fn fingerprint(job: &Job) -> String {
    let mut hash = Sha256::new();
    hash.update(job.model.as_str());
    hash.update([0]);
    // A map is written in the order of its keys. One that can't be written is like no other.
    match serde_json::to_vec(&job.input) {
        Ok(input) => hash.update(input),
        Err(_) => hash.update(&job.id),
    }
    let digest = hash.finalize();
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

fn unavailable() -> GenerationErrorSummary {
    GenerationErrorSummary {
        kind: GenerationErrorKind::Unavailable,
        message: String::new(),
        request_id: None,
    }
}
