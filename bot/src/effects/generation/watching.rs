//! Looking after a generation until it ends, and settling its charge.

use std::time::Duration;

use stepkeep_core::MediaKind;
use tokio::time::Instant;

use super::{EffectResult, GenerationEffects, RESULT_SOURCE, finished, later};
use crate::flows::generation::calls::{Finished, ResultSource, WatchOutcome, Watched};
use crate::generation::{GenerationErrorKind, Task, TaskFailure, TaskState};
use crate::ledger::{CaptureNote, ChargeState, LedgerError, ReleaseReason};

/// How long a generation is looked at until the person is told how far it is. Well within the lease of the call.
const LOOK_FOR: Duration = Duration::from_secs(20);
/// For how long a new task may be unknown to the API (field notes on "recordInfo").
const GRACE: Duration = Duration::from_mins(2);

impl GenerationEffects {
    pub(super) async fn watch(&self, watched: &Watched) -> EffectResult {
        let began = Instant::now();
        let mut state = TaskState::Waiting;
        loop {
            let left = LOOK_FOR.saturating_sub(began.elapsed());
            // Many at once wait for their turn to ask; whoever's doesn't come stays as it was.
            let Ok(task) = tokio::time::timeout(left, self.api.task(&watched.task)).await else {
                return self.running(watched, state).await;
            };
            match task {
                Ok(task) if task.state == TaskState::Succeeded => return self.charge(watched, &task).await,
                Ok(task) if task.state == TaskState::Failed => {
                    return self.free(watched, task.failure.unwrap_or_else(unsaid)).await;
                }
                Ok(task) => state = task.state,
                Err(error) if error.kind() == GenerationErrorKind::NotYet && self.age(watched) > GRACE => {
                    tracing::error!(task = %watched.task, "the API doesn't know a task that it took");
                    return self.free(watched, unsaid()).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "how far a generation is can't be seen at the moment");
                }
            }
            let pause = self.pause(watched);
            if began.elapsed() + pause >= LOOK_FOR {
                return self.running(watched, state).await;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.news(watched) => {}
            }
        }
    }

    /// Waits until the API says by itself that there is news; for ever, if it can't.
    async fn news(&self, watched: &Watched) {
        match &self.callbacks {
            Some(callbacks) => callbacks.hints.news_of(&watched.task).await,
            None => std::future::pending().await,
        }
    }

    fn age(&self, watched: &Watched) -> Duration {
        self.clock.now().since(watched.since)
    }

    /// How long until the next look: short at first, when a result is likely, and longer later, as the API asks for.
    fn pause(&self, watched: &Watched) -> Duration {
        match self.age(watched).as_secs() {
            0..30 => Duration::from_millis(2_500),
            30..120 => Duration::from_secs(7),
            _ => Duration::from_secs(20),
        }
    }

    async fn running(&self, watched: &Watched, state: TaskState) -> EffectResult {
        if self.age(watched) < self.care.overdue {
            return finished(&WatchOutcome::Running {
                state,
                at: self.clock.now(),
            });
        }
        tracing::error!(
            task = %watched.task,
            charge = watched.job.id,
            "a generation took longer than any does; its money is free again"
        );
        let released = self
            .ledger
            .release(
                watched.job.user,
                &watched.job.id,
                ReleaseReason::Failed("overdue".to_owned()),
            )
            .await;
        match released {
            Ok(_) => finished(&WatchOutcome::Overdue),
            Err(error) => later(&error),
        }
    }

    /// Charges for a success.
    async fn charge(&self, watched: &Watched, task: &Task) -> EffectResult {
        let job = &watched.job;
        let note = CaptureNote {
            amount: None,
            outcome: Some(watched.task.to_string()),
        };
        let charge = match self.ledger.capture(job.user, &job.id, note).await {
            Ok(charge) => charge,
            Err(LedgerError::Settled(_)) => {
                // Its money was given back before it was done after all: the result is a present.
                tracing::error!(
                    charge = job.id,
                    "a generation was done after its money was given back"
                );
                match self.ledger.charge(job.user, &job.id).await {
                    Ok(Some(charge)) => charge,
                    Ok(None) => return EffectResult::Later,
                    Err(error) => return later(&error),
                }
            }
            Err(error) => return later(&error),
        };
        let account = self.ledger.account(job.user).await;
        let left = account.ok().map(|account| account.available);
        finished(&WatchOutcome::Done(Finished {
            files: files_of(task),
            charged: charge.amount,
            is_dry_run: charge.is_dry_run(),
            is_present: charge.state != ChargeState::Captured,
            left,
            at: self.clock.now(),
        }))
    }

    /// Frees the money of a failure.
    async fn free(&self, watched: &Watched, failure: TaskFailure) -> EffectResult {
        let job = &watched.job;
        let reason = ReleaseReason::Failed(failure.code.chars().take(60).collect());
        match self.ledger.release(job.user, &job.id, reason).await {
            Ok(_) => finished(&WatchOutcome::Failed(failure)),
            Err(error) => later(&error),
        }
    }
}

fn unsaid() -> TaskFailure {
    TaskFailure {
        code: "unknown".to_owned(),
        message: String::new(),
    }
}

/// The files that a task brought: shown by what their addresses end in.
fn files_of(task: &Task) -> Vec<ResultSource> {
    let sources = task.results.iter().enumerate();
    sources
        .map(|(index, address)| {
            let ending = ending_of(address);
            let media = match ending.as_deref() {
                Some("png" | "jpg" | "jpeg" | "webp") => Some(MediaKind::Photo),
                Some("mp4" | "mov" | "webm") => Some(MediaKind::Video),
                Some("mp3" | "m4a" | "wav" | "ogg" | "aac" | "flac") => Some(MediaKind::Audio),
                _ => None,
            };
            ResultSource {
                source: format!("{RESULT_SOURCE}{}:{index}", task.id),
                file_name: format!("result-{}.{}", index + 1, ending.as_deref().unwrap_or("bin")),
                media,
            }
        })
        .collect()
}

/// The ending of the file's name in an address, in lower case.
fn ending_of(address: &str) -> Option<String> {
    let address = url::Url::parse(address).ok()?;
    let name = address.path_segments()?.next_back()?.to_owned();
    let (_, ending) = name.rsplit_once('.')?;
    let is_plain = (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shown_by_what_its_address_ends_in() {
        for (address, ending) in [
            ("https://files.example/a/out.PNG?sign=x.y", Some("png")),
            ("https://files.example/clip.mp4", Some("mp4")),
            ("https://files.example/clip", None),
            ("https://files.example/v1.0/", None),
            ("no address", None),
        ] {
            assert_eq!(ending_of(address).as_deref(), ending, "{address}");
        }
    }
}
