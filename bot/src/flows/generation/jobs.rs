//! What becomes of a generation: how far it is, what it brought, and what it costs.

use std::time::Duration;

use stepkeep_core::{FieldValue, FlowError, Message, Next, Reply, Turn, TurnContext};

use super::calls::{
    self, CancelOutcome, Finished, Job, LookOutcome, ResultSource, SubmitOutcome, Unclear, WatchOutcome,
    Watched,
};
use super::fields::draft;
use super::{GenerationFlow, SUMMARY, WAITING, is_in, name, step};
use crate::flows::home;
use crate::flows::parts::{outcome as read_outcome, with_preface};
use crate::generation::{GenerationErrorSummary, TaskFailure, TaskState};
use crate::localization::Args;

use super::rendering::shortened;

/// The shortest time between two words on how far a generation is.
const SHORTEST_SILENCE: Duration = Duration::from_secs(20);

impl GenerationFlow {
    pub(super) fn effect_finished(
        &self,
        context: &TurnContext<'_>,
        name: &str,
        payload: &FieldValue,
        outcome: &FieldValue,
    ) -> Result<Turn, FlowError> {
        match name {
            calls::FETCH_MODELS => self.models_came(context, &read_outcome(outcome)?),
            calls::FETCH_MODEL => self.model_came(context, &read_outcome(payload)?, read_outcome(outcome)?),
            calls::LOOK_UP_ACCOUNT => Ok(Turn::default()),
            calls::SUBMIT => self.handed_in(context, read_outcome(payload)?, read_outcome(outcome)?),
            calls::WATCH => self.watched(context, read_outcome(payload)?, read_outcome(outcome)?),
            calls::LOOK_INTO => self.looked_into(context, read_outcome(payload)?, read_outcome(outcome)?),
            calls::CANCEL_JOB => {
                let job: Job = read_outcome(payload)?;
                let id = match read_outcome(outcome)? {
                    // The outcome of handing it in says so.
                    CancelOutcome::Stopped => return Ok(Turn::default()),
                    CancelOutcome::TooLate => "generation-cannot-stop",
                };
                let args = Args::new().with("model", job.title);
                Ok(Turn::say(Reply::text(self.speech(context).text(id, &args))))
            }
            other => Err(FlowError::new(
                "unknown_call",
                format!("generations ask for no {other}"),
            )),
        }
    }

    fn handed_in(
        &self,
        context: &TurnContext<'_>,
        job: Job,
        outcome: SubmitOutcome,
    ) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let money = |amount| speech.localizer.money(speech.language, amount);
        let args = || Args::new().with("model", job.title.clone());
        let (text, error) = match outcome {
            SubmitOutcome::Submitted { task, at } => {
                let notice = self.told(context, &job, "generation-queued");
                let watched = Watched {
                    job: job.handed_in(),
                    task,
                    since: at,
                    told: None,
                };
                return Ok(notice.and_ask(calls::watch(&watched)?));
            }
            SubmitOutcome::Waiting { input } => {
                return Ok(Turn::default().and_ask(calls::submit(&Job { input, ..job })?));
            }
            SubmitOutcome::Unclear { since } => {
                let text = speech.text("generation-unclear", &args());
                let unclear = Unclear {
                    job: job.handed_in(),
                    since,
                };
                let error = FlowError::new("generation_unclear", "it is not known whether it was begun");
                return Ok(Turn::say(Reply::text(text))
                    .and_ask(calls::look_into(&unclear)?)
                    .and_record(error));
            }
            SubmitOutcome::Short { missing, available } => {
                let args = args()
                    .with("price", money(job.price))
                    .with("missing", money(missing))
                    .with("available", money(available));
                (speech.text("generation-short", &args), None)
            }
            SubmitOutcome::TooManyOpen { most } => {
                let text = speech.text("generation-too-many-open", &args().with("most", most));
                (text, None)
            }
            SubmitOutcome::Duplicate { is_done } => {
                let id = if is_done {
                    "generation-duplicate-done"
                } else {
                    "generation-duplicate-running"
                };
                (speech.text(id, &args()), None)
            }
            SubmitOutcome::Cancelled => {
                let turn = self.told(context, &job, "generation-stopped");
                return Ok(turn.and_say(Reply::text(speech.text("generation-stopped", &args()))));
            }
            SubmitOutcome::FileGone => (speech.plain("generation-file-gone"), None),
            SubmitOutcome::Failed(error) => {
                let text = self.failure(context, &error);
                (text, Some(recorded(&error)))
            }
        };
        let notice = self.told(context, &job, "generation-not-begun");
        let turn = Turn { error, ..notice };
        self.back_to_summary(context, turn, &format!("⚠️ {text}"))
    }

    /// Shows the summary again to a person who still waits; to another, only what happened.
    fn back_to_summary(&self, context: &TurnContext<'_>, turn: Turn, text: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        if !is_in(context, WAITING) || draft(data).is_err() {
            return Ok(turn.and_say(Reply::text(text)));
        }
        let Turn { replies, error, .. } = turn;
        let summary = Turn::go(step(SUMMARY)).and_say(Reply::Message(self.summary(context, data)?));
        let mut turn = with_preface(summary, text);
        turn.replies.splice(0..0, replies);
        turn.error = error;
        Ok(turn)
    }

    fn watched(
        &self,
        context: &TurnContext<'_>,
        watched: Watched,
        outcome: WatchOutcome,
    ) -> Result<Turn, FlowError> {
        match outcome {
            WatchOutcome::Running { state, at } => {
                let elapsed = at.since(watched.since);
                if !is_worth_telling(&watched, elapsed) {
                    return Ok(Turn::default().and_ask(calls::watch(&watched)?));
                }
                let text = self.running(context, &watched, state, elapsed);
                let turn = match watched.job.message {
                    Some(target) => Turn::say(Reply::Edit {
                        target,
                        message: Message::text(text),
                    }),
                    None => Turn::default(),
                };
                let told = Some(at);
                Ok(turn.and_ask(calls::watch(&Watched { told, ..watched })?))
            }
            WatchOutcome::Done(finished) => Ok(self.finished(context, &watched, finished)),
            WatchOutcome::Failed(failure) => {
                let reason = self.reason(context, &failure);
                let error = FlowError::new("generation_failed", shortened(&failure.code, 60));
                let turn = self.told(context, &watched.job, "generation-no-result");
                let turn = Turn {
                    error: Some(error),
                    ..turn
                };
                self.back_to_summary(context, turn, &reason)
            }
            WatchOutcome::Overdue => {
                let args = Args::new().with("model", watched.job.title.clone());
                let text = self.speech(context).text("generation-overdue", &args);
                let error = FlowError::new("generation_overdue", "it took longer than any does");
                let turn = self.told(context, &watched.job, "generation-no-result");
                let turn = Turn {
                    error: Some(error),
                    ..turn
                };
                self.back_to_summary(context, turn, &text)
            }
        }
    }

    fn running(
        &self,
        context: &TurnContext<'_>,
        watched: &Watched,
        state: TaskState,
        elapsed: Duration,
    ) -> String {
        let id = match state {
            TaskState::Generating => "generation-generating",
            _ => "generation-still-queued",
        };
        let seconds = elapsed.as_secs();
        let elapsed = format!("{}:{:02}", seconds / 60, seconds % 60);
        let args = Args::new()
            .with("model", watched.job.title.clone())
            .with("elapsed", elapsed);
        self.speech(context).text(id, &args)
    }

    /// Sends what was made, and says what it cost.
    fn finished(&self, context: &TurnContext<'_>, watched: &Watched, finished: Finished) -> Turn {
        let speech = self.speech(context);
        let money = |amount| speech.localizer.money(speech.language, amount);
        let seconds = finished.at.since(watched.since).as_secs();
        let args = Args::new()
            .with("model", watched.job.title.clone())
            .with("elapsed", format!("{}:{:02}", seconds / 60, seconds % 60));
        let mut turn = match watched.job.message {
            Some(target) => Turn::say(Reply::Edit {
                target,
                message: Message::text(speech.text("generation-done", &args)),
            }),
            None => Turn::default(),
        };
        let mut text = speech.text(
            match (finished.is_dry_run, finished.is_present) {
                (true, _) => "generation-charged-nothing",
                (false, true) => "generation-present",
                (false, false) => "generation-charged",
            },
            &Args::new()
                .with("model", watched.job.title.clone())
                .with("price", money(finished.charged)),
        );
        if let Some(left) = finished.left {
            let left = speech.text("generation-balance", &Args::new().with("balance", money(left)));
            text = format!("{text}\n{left}");
        }
        let count = finished.files.len();
        for (index, file) in finished.files.into_iter().enumerate() {
            let caption = if index + 1 == count { text.as_str() } else { "" };
            turn = turn.and_say(shown(file, Message::text(caption)));
        }
        if count == 0 {
            turn = turn.and_say(Reply::text(text));
        }
        if is_in(context, WAITING) {
            let message = Message::text(speech.plain("generation-what-next"))
                .row([(speech.plain("button-change-and-repeat"), "change")])
                .row([
                    (speech.plain("button-another-generation"), "another"),
                    (speech.plain("button-main-menu"), home::MAIN_MENU),
                ]);
            turn = turn.and_say(Reply::Message(message));
        }
        turn
    }

    fn looked_into(
        &self,
        context: &TurnContext<'_>,
        unclear: Unclear,
        outcome: LookOutcome,
    ) -> Result<Turn, FlowError> {
        match outcome {
            LookOutcome::Found { task, at } => {
                let notice = self.told(context, &unclear.job, "generation-queued");
                let watched = Watched {
                    job: unclear.job,
                    task,
                    since: at,
                    told: None,
                };
                Ok(notice.and_ask(calls::watch(&watched)?))
            }
            LookOutcome::Unknown => Ok(Turn::default().and_ask(calls::look_into(&unclear)?)),
            LookOutcome::Released => {
                let args = Args::new().with("model", unclear.job.title.clone());
                let text = self.speech(context).text("generation-unclear-released", &args);
                let turn = self.told(context, &unclear.job, "generation-no-result");
                self.back_to_summary(context, turn, &text)
            }
        }
    }

    /// `/cancel` of a person who waits: what wasn't handed in yet is stopped, and what can't be stopped is told.
    pub(super) fn cancel_waiting(&self, context: &TurnContext<'_>) -> Result<Turn, FlowError> {
        let speech = self.speech(context);
        let mut turn = Turn {
            next: Next::Enter(home::name()),
            ..Turn::default()
        };
        let mut running = 0_usize;
        let effects = context.session.turn().effects.iter();
        for effect in effects.filter(|effect| effect.flow == name()) {
            match effect.name.as_str() {
                calls::SUBMIT => {
                    let job: Job = read_outcome(&effect.payload)?;
                    turn = turn.and_ask(calls::cancel_job(&job.handed_in())?);
                }
                calls::WATCH | calls::LOOK_INTO => running += 1,
                _ => {}
            }
        }
        let text = if running > 0 {
            speech.text("generation-go-on", &Args::new().with("count", running))
        } else if turn.effects.is_empty() {
            speech.plain("cancelled")
        } else {
            speech.plain("generation-stopping")
        };
        Ok(turn.and_say(Reply::text(text)))
    }

    /// The message that tells how far a generation is.
    pub(super) fn progress(&self, context: &TurnContext<'_>, job: &Job, id: &str) -> Message {
        let args = Args::new().with("model", job.title.clone());
        Message::text(self.speech(context).text(id, &args))
    }

    /// A turn that changes the message that tells how far a generation is.
    fn told(&self, context: &TurnContext<'_>, job: &Job, id: &str) -> Turn {
        match job.message {
            Some(target) => Turn::say(Reply::Edit {
                target,
                message: self.progress(context, job, id),
            }),
            None => Turn::default(),
        }
    }

    /// What the person reads about a generation that failed: the API's words, which say what to change.
    fn reason(&self, context: &TurnContext<'_>, failure: &TaskFailure) -> String {
        let speech = self.speech(context);
        let text = speech.plain("generation-failed");
        let words = shortened(failure.message.trim(), self.offer.longest_error);
        if words.is_empty() {
            return format!("⚠️ {text}");
        }
        let reason = speech.text("generation-reason", &Args::new().with("reason", words));
        format!("⚠️ {text} {reason}")
    }

    /// What the person reads about a call that failed.
    pub(super) fn failure(&self, context: &TurnContext<'_>, error: &GenerationErrorSummary) -> String {
        let speech = self.speech(context);
        speech
            .localizer
            .generation_error(speech.language, error, self.offer.longest_error)
    }
}

/// Whether a person is told once more how far a generation is: less often the longer it takes, since Telegram takes only so many
/// messages from one bot, however many generations there are.
fn is_worth_telling(watched: &Watched, elapsed: Duration) -> bool {
    let told_after = watched.told.map(|told| told.since(watched.since));
    told_after.is_none_or(|told| elapsed >= told + (told / 3).max(SHORTEST_SILENCE))
}

fn shown(file: ResultSource, message: Message) -> Reply {
    let ResultSource {
        source,
        file_name,
        media,
    } = file;
    match media {
        Some(media) => Reply::Media {
            media,
            source,
            file_name,
            message,
        },
        None => Reply::Document {
            source,
            file_name,
            message,
        },
    }
}

/// What is kept of a failure for operators: its kind and the API's name of the request.
pub(super) fn recorded(error: &GenerationErrorSummary) -> FlowError {
    let request = error
        .request_id
        .as_deref()
        .map_or_else(String::new, |id| format!("request {id}"));
    FlowError::new(format!("generation_{}", error.kind.as_str()), request)
}
