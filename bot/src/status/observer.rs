//! What of all that goes on is kept for the dashboard.

use stepkeep_core::{StoreErrorKind, StoreOperationFinished};

use super::activity::{Activity, Moment, Place, TurnOutcome};
use crate::dead_letters::Reason;
use crate::observation::{
    Batch, Cause, LetterPutAside, Observer, OutsideCallFinished, Routine, TurnFinished, UpdateCame,
};

impl Observer for Activity {
    fn update_came(&self, event: &UpdateCame) {
        self.now().note(Routine::Update(event));
    }

    fn turn_finished(&self, event: &TurnFinished<'_>) {
        self.now().note(Routine::Turn(event));
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
        self.now().note(Routine::Call(event));
    }

    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        self.now().note(Routine::StoreOperation(event));
    }

    fn batch_came(&self, batch: &Batch) {
        let mut now = self.now();
        batch.for_each(|event| now.note(event));
    }
}

impl Moment<'_> {
    /// Counts what happened, however it ended.
    fn note(&mut self, event: Routine<'_>) {
        match event {
            Routine::Update(event) => self.update(event.update_id),
            Routine::Call(event) => {
                let duration = event.duration.saturating_sub(event.held_back);
                let is_error = event.outcome != "ok";
                self.outside_call(event.api, *event.operation, duration, is_error);
            }
            Routine::StoreOperation(event) => {
                let is_error = event.error.is_some_and(|error| !is_an_answer(error.kind()));
                self.store_operation(event.operation, event.duration, is_error);
            }
            Routine::Turn(event) => self.turn_ended(event),
        }
    }

    fn turn_ended(&mut self, event: &TurnFinished<'_>) {
        if let Cause::Update { .. } = event.cause {
            let outcome = match event.outcome {
                "failed" | "put_aside" => TurnOutcome::Failed,
                "given_back" => TurnOutcome::ComesAgain,
                _ => TurnOutcome::Answered,
            };
            self.answered(outcome, event.duration);
        }
        if let ("applied" | "flow_failed", Some(place)) = (event.outcome, event.place) {
            self.arrived(place);
        }
    }
}

/// Whether the store did what it is for: to say that somebody else was faster, say.
fn is_an_answer(error: StoreErrorKind) -> bool {
    matches!(
        error,
        StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use stepkeep_core::{
        BotId, FlowName, ManualClock, SessionKey, StepName, StoreOperation, Timestamp, UserId,
    };

    use super::*;
    use crate::observation::{self, Api, Batched, Observers, OperationName};
    use crate::telegram::Origin;

    /// A turn with all that belongs to it.
    fn tell_of_a_turn(observer: &dyn Observer, id: i64) {
        let key = SessionKey::private(BotId(1), UserId(id));
        let at = observation::Place::Step(FlowName::constant("shipping"), StepName::constant("city"));
        observer.update_came(&UpdateCame {
            update_id: id,
            origin: Origin::Polling,
            kind: "text",
            attempt: 1,
        });
        observer.store_operation_finished(&StoreOperationFinished::new(
            StoreOperation::Update,
            "sqlite",
            Duration::from_micros(700),
        ));
        observer.outside_call_finished(&OutsideCallFinished {
            api: Api::Telegram,
            operation: &OperationName::new("getUpdates"),
            outcome: "ok",
            status: None,
            duration: Duration::from_secs(9),
            held_back: Duration::from_secs(8),
        });
        for (cause, outcome) in [
            (Cause::Effect, "applied"),
            (
                Cause::Update {
                    id,
                    origin: Origin::Polling,
                },
                "given_back",
            ),
        ] {
            observer.turn_finished(&TurnFinished {
                key: &key,
                cause,
                place: Some(&at),
                outcome,
                duration: Duration::from_millis(3),
                latency: None,
                failure: None,
            });
        }
    }

    #[test]
    fn what_comes_in_batches_counts_as_what_comes_by_itself() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let activity = || Arc::new(Activity::new(Arc::<ManualClock>::clone(&clock)));
        let (alone, together) = (activity(), activity());
        let observer: Arc<dyn Observer> = Arc::<Activity>::clone(&together);
        let batched = Batched::new(Observers::new([observer]));
        for id in 1..=100 {
            tell_of_a_turn(&*alone, id);
            tell_of_a_turn(&batched, id);
        }
        assert!(together.figures().updates < 100);
        batched.hand_on();
        assert_eq!(alone.figures(), together.figures());
        let turns = together.figures().turns_together.unwrap();
        assert_eq!((turns.count, together.figures().updates), (100, 100));
    }
}
