//! What of all that goes on is kept for the dashboard.

use stepkeep_core::{StoreErrorKind, StoreOperationFinished};

use super::activity::{Activity, Place, TurnOutcome};
use crate::dead_letters::Reason;
use crate::observation::{Cause, LetterPutAside, Observer, OutsideCallFinished, TurnFinished, UpdateCame};

impl Observer for Activity {
    fn update_came(&self, event: &UpdateCame) {
        self.update(event.update_id);
    }

    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let answered = matches!(event.cause, Cause::Update { .. }).then(|| {
            let outcome = match event.outcome {
                "failed" | "put_aside" => TurnOutcome::Failed,
                "given_back" => TurnOutcome::ComesAgain,
                _ => TurnOutcome::Answered,
            };
            (outcome, event.duration)
        });
        let arrived = event
            .place
            .filter(|_| matches!(event.outcome, "applied" | "flow_failed"));
        self.turn_ended(answered, arrived);
        if let Some(failure) = &event.failure {
            let message = match (failure.kind, failure.message) {
                // It may say anything, also what somebody wrote.
                (kind, _) if kind == Reason::Panicked.as_str() => "a turn panicked: the log says how",
                (_, "") => "an update comes again",
                (_, message) => message,
            };
            let failed_in = event.place.and_then(Place::seen).map(|place| Place {
                step: failure.step.map_or(place.step, |step| step.as_str().to_owned()),
                ..place
            });
            self.failed(failure.kind, message, failed_in.as_ref());
        }
    }

    fn letter_put_aside(&self, event: &LetterPutAside<'_>) {
        // What belongs to a conversation ended a turn, which tells of it.
        if event.key.is_none() {
            self.failed("unreadable", "an update that nobody can read", None);
        }
    }

    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        let duration = event.duration.saturating_sub(event.held_back);
        let is_error = event.outcome != "ok";
        self.outside_call(event.api, *event.operation, duration, is_error);
    }

    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        let is_error = event.error.is_some_and(|error| !is_an_answer(error.kind()));
        self.store_operation(event.operation, event.duration, is_error);
    }
}

/// Whether the store did what it is for: to say that somebody else was faster, say.
fn is_an_answer(error: StoreErrorKind) -> bool {
    matches!(
        error,
        StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists
    )
}
