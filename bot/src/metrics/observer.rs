//! Counts events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};
use metrics_exporter_prometheus::PrometheusRecorder;
use stepkeep_core::{SessionKey, StoreOperationFinished};

use super::handles::Handles;
use super::names;
use crate::dead_letters::Reason;
use crate::observation::{
    Api, Cause, EffectChanged, LetterPutAside, Observer, OperationName, OutsideCallFinished, Place, Refusal,
    RunAgain, TimerFired, TimerKind, TurnFinished, UpdateCame, UpdateRefused,
};
use crate::telegram::Origin;

type Word = &'static str;

/// Counts events in a registry.
pub(super) struct MetricsObserver {
    recorder: Arc<PrometheusRecorder>,
    updates: Handles<(Word, Word), Counter>,
    refused: Handles<Word, Counter>,
    turns: Handles<(Place, Word), Counter>,
    turn_durations: Handles<Place, Histogram>,
    reply_latencies: Handles<Word, Histogram>,
    reruns: Handles<Word, Counter>,
    store_operations: Handles<(Word, Word, Word), Counter>,
    store_durations: Handles<(Word, Word), Histogram>,
    calls: Handles<(Api, OperationName, Word), Counter>,
    call_durations: Handles<(Api, OperationName), Histogram>,
    effects: Handles<(String, Word), Counter>,
    timers: Handles<TimerKind, (Counter, Histogram)>,
    letters: Handles<Word, Counter>,
    throttled: Counter,
    wait: Histogram,
}

impl MetricsObserver {
    pub(super) fn new(recorder: Arc<PrometheusRecorder>) -> Self {
        let (throttled, wait) = metrics::with_local_recorder(&*recorder, || {
            (
                counter!(names::TELEGRAM_THROTTLED.name),
                histogram!(names::TELEGRAM_WAIT.name),
            )
        });
        let observer = Self {
            recorder,
            updates: Handles::default(),
            refused: Handles::default(),
            turns: Handles::default(),
            turn_durations: Handles::default(),
            reply_latencies: Handles::default(),
            reruns: Handles::default(),
            store_operations: Handles::default(),
            store_durations: Handles::default(),
            calls: Handles::default(),
            call_durations: Handles::default(),
            effects: Handles::default(),
            timers: Handles::default(),
            letters: Handles::default(),
            throttled,
            wait,
        };
        observer.begin_at_zero();
        observer
    }

    /// What alerts look at has to be there before it happens for the first time: an increase from nothing is none.
    fn begin_at_zero(&self) {
        let nothing = |counter: &Counter| counter.increment(0);
        for reason in [
            Reason::Unreadable,
            Reason::Panicked,
            Reason::Contention,
            Reason::Store,
        ] {
            self.letters
                .with(reason.as_str(), |reason| self.letter(reason), nothing);
        }
        for refusal in [Refusal::Flood, Refusal::Busy] {
            self.refused
                .with(refusal.as_str(), |reason| self.refusal(reason), nothing);
        }
        for why in [RunAgain::Conflict, RunAgain::Store] {
            self.reruns
                .with(why.as_str(), |reason| self.rerun(reason), nothing);
        }
        for timer in [TimerKind::Flow, TimerKind::Remind, TimerKind::Close] {
            self.timers.with(
                timer,
                |timer| self.timer(*timer),
                |(counter, _)| counter.increment(0),
            );
        }
    }

    fn make<T>(&self, make: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, make)
    }

    fn letter(&self, reason: &'static str) -> Counter {
        self.make(|| counter!(names::DEAD_LETTERS.name, "reason" => reason))
    }

    fn refusal(&self, reason: &'static str) -> Counter {
        self.make(|| counter!(names::UPDATES_REFUSED.name, "reason" => reason))
    }

    fn rerun(&self, reason: &'static str) -> Counter {
        self.make(|| counter!(names::TURN_RERUNS.name, "reason" => reason))
    }

    fn timer(&self, timer: TimerKind) -> (Counter, Histogram) {
        self.make(|| {
            (
                counter!(names::TIMERS_FIRED.name, "timer" => timer.as_str()),
                histogram!(names::TIMER_DELAY.name, "timer" => timer.as_str()),
            )
        })
    }
}

fn one(counter: &Counter) {
    counter.increment(1);
}

/// The word for what brought an update.
pub(super) const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Polling => "polling",
        Origin::Webhook => "webhook",
        Origin::Replay => "replay",
    }
}

impl Observer for MetricsObserver {
    fn update_came(&self, event: &UpdateCame) {
        let make = |(origin, kind): &(Word, Word)| {
            self.make(|| counter!(names::UPDATES_RECEIVED.name, "origin" => *origin, "kind" => *kind))
        };
        self.updates.with((origin(event.origin), event.kind), make, one);
    }

    fn update_refused(&self, event: &UpdateRefused<'_>) {
        self.refused
            .with(event.refusal.as_str(), |reason| self.refusal(reason), one);
    }

    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let place = event.place.cloned().unwrap_or(Place::Unknown);
        let make = |place: &Place| {
            let flow = place.flow().to_owned();
            self.make(|| histogram!(names::TURN_DURATION.name, "flow" => flow))
        };
        self.turn_durations
            .with(place.clone(), make, |histogram| histogram.record(event.duration));
        let make = |(place, outcome): &(Place, Word)| {
            let (flow, step) = (place.flow().to_owned(), place.step().to_owned());
            self.make(|| counter!(names::TURNS.name, "flow" => flow, "step" => step, "outcome" => *outcome))
        };
        self.turns.with((place, event.outcome), make, one);
        if let (Some(latency), Cause::Update { origin: brought, .. }) = (event.latency, event.cause) {
            let make =
                |origin: &Word| self.make(|| histogram!(names::REPLY_LATENCY.name, "origin" => *origin));
            self.reply_latencies
                .with(origin(brought), make, |histogram| histogram.record(latency));
        }
    }

    fn turn_ran_again(&self, _: &SessionKey, why: RunAgain) {
        self.reruns.with(why.as_str(), |reason| self.rerun(reason), one);
    }

    fn effect_changed(&self, event: &EffectChanged<'_>) {
        let make = |(effect, state): &(String, Word)| {
            self.make(|| counter!(names::EFFECTS.name, "effect" => effect.clone(), "state" => *state))
        };
        // Effects are rare, and take far longer than this.
        self.effects
            .with((event.name.to_owned(), event.state.as_str()), make, one);
    }

    fn timer_fired(&self, event: &TimerFired<'_>) {
        self.timers.with(
            event.kind,
            |timer| self.timer(*timer),
            |(counter, delay)| {
                counter.increment(1);
                delay.record(event.late);
            },
        );
    }

    fn letter_put_aside(&self, event: &LetterPutAside<'_>) {
        self.letters
            .with(event.reason.as_str(), |reason| self.letter(reason), one);
    }

    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        let (api, operation) = (event.api, *event.operation);
        let make = |(api, operation): &(Api, OperationName)| {
            self.make(|| {
                let operation = operation.to_string();
                histogram!(names::OUTSIDE_CALL_DURATION.name, "api" => api.as_str(), "operation" => operation)
            })
        };
        self.call_durations.with((api, operation), make, |histogram| {
            histogram.record(event.duration);
        });
        let make = |(api, operation, outcome): &(Api, OperationName, Word)| {
            let operation = operation.to_string();
            self.make(|| {
                counter!(
                    names::OUTSIDE_CALLS.name,
                    "api" => api.as_str(), "operation" => operation, "outcome" => *outcome
                )
            })
        };
        self.calls.with((api, operation, event.outcome), make, one);
    }

    fn told_to_wait(&self, _: Duration) {
        self.throttled.increment(1);
    }

    fn waited(&self, duration: Duration) {
        self.wait.record(duration);
    }

    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        let (backend, operation) = (event.backend, event.operation.as_str());
        let make = |(backend, operation): &(Word, Word)| {
            self.make(|| {
                histogram!(names::STORE_OPERATION_DURATION.name, "backend" => *backend, "operation" => *operation)
            })
        };
        self.store_durations
            .with((backend, operation), make, |histogram| {
                histogram.record(event.duration);
            });
        let make = |(backend, operation, outcome): &(Word, Word, Word)| {
            self.make(|| {
                counter!(
                    names::STORE_OPERATIONS.name,
                    "backend" => *backend, "operation" => *operation, "outcome" => *outcome
                )
            })
        };
        self.store_operations
            .with((backend, operation, event.outcome()), make, one);
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").finish_non_exhaustive()
    }
}
