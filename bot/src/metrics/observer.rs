//! Counts events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, counter};
use metrics_exporter_prometheus::PrometheusRecorder;
use stepkeep_core::{SessionKey, StoreOperation, StoreOperationFinished};

use super::durations::{Durations, Histograms};
use super::handles::Handles;
use super::names;
use super::tally::{Tallies, Tally};
use crate::dead_letters::Reason;
use crate::observation::{
    Api, Cause, EffectChanged, LetterPutAside, Observer, OperationName, OutsideCallFinished, Place, Refusal,
    RunAgain, TimerFired, TimerKind, TurnFinished, UpdateCame, UpdateRefused,
};
use crate::telegram::Origin;

type Word = &'static str;

/// Counts events in a registry. Whatever an event counts is found by one look-up, or by two for a turn.
pub(super) struct MetricsObserver {
    recorder: Arc<PrometheusRecorder>,
    histograms: Arc<Histograms>,
    tallies: Arc<Tallies>,
    updates: Handles<(Word, Word), Arc<Tally>>,
    refused: Handles<Word, Arc<Tally>>,
    turns: Handles<Place, TurnsAt>,
    reply_latencies: Handles<Word, Arc<Durations>>,
    reruns: Handles<Word, Arc<Tally>>,
    store_operations: Handles<(Word, StoreOperation, Word), Timed>,
    calls: Handles<(Api, OperationName, Word), Timed>,
    effects: Handles<(String, Word), Arc<Tally>>,
    timers: Handles<TimerKind, Timed>,
    letters: Handles<Word, Arc<Tally>>,
    throttled: Arc<Tally>,
    wait: Arc<Durations>,
}

/// Something that is counted, and takes its time. How long it took has fewer labels than how often it was.
#[derive(Debug)]
struct Timed {
    count: Arc<Tally>,
    durations: Arc<Durations>,
}

impl Timed {
    fn record(&self, duration: Duration) {
        self.count.count();
        self.durations.record(duration);
    }
}

/// The turns after which people are in one place.
#[derive(Debug)]
struct TurnsAt {
    durations: Arc<Durations>,
    by_outcome: Handles<Word, Arc<Tally>>,
}

impl MetricsObserver {
    pub(super) fn new(
        recorder: Arc<PrometheusRecorder>,
        histograms: Arc<Histograms>,
        tallies: Arc<Tallies>,
    ) -> Self {
        let throttled = tallies.of(metrics::with_local_recorder(&*recorder, || {
            counter!(names::TELEGRAM_THROTTLED.name)
        }));
        let wait = histograms.of(&names::TELEGRAM_WAIT, &[]);
        let observer = Self {
            recorder,
            histograms,
            tallies,
            updates: Handles::default(),
            refused: Handles::default(),
            turns: Handles::default(),
            reply_latencies: Handles::default(),
            reruns: Handles::default(),
            store_operations: Handles::default(),
            calls: Handles::default(),
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
        let nothing = |_: &Arc<Tally>| {};
        for reason in [
            Reason::Unreadable,
            Reason::Panicked,
            Reason::Contention,
            Reason::Store,
        ] {
            self.letters
                .with(&reason.as_str(), |reason| self.letter(reason), nothing);
        }
        for refusal in [Refusal::Flood, Refusal::Busy] {
            self.refused
                .with(&refusal.as_str(), |reason| self.refusal(reason), nothing);
        }
        for why in [RunAgain::Conflict, RunAgain::Store] {
            self.reruns
                .with(&why.as_str(), |reason| self.rerun(reason), nothing);
        }
        for timer in [TimerKind::Flow, TimerKind::Remind, TimerKind::Close] {
            self.timers
                .with(&timer, |timer| self.timer(*timer), |timed| nothing(&timed.count));
        }
    }

    fn tally(&self, counter: impl FnOnce() -> Counter) -> Arc<Tally> {
        self.tallies
            .of(metrics::with_local_recorder(&*self.recorder, counter))
    }

    fn letter(&self, reason: &'static str) -> Arc<Tally> {
        self.tally(|| counter!(names::DEAD_LETTERS.name, "reason" => reason))
    }

    fn refusal(&self, reason: &'static str) -> Arc<Tally> {
        self.tally(|| counter!(names::UPDATES_REFUSED.name, "reason" => reason))
    }

    fn rerun(&self, reason: &'static str) -> Arc<Tally> {
        self.tally(|| counter!(names::TURN_RERUNS.name, "reason" => reason))
    }

    fn timer(&self, timer: TimerKind) -> Timed {
        let timer = timer.as_str();
        Timed {
            count: self.tally(|| counter!(names::TIMERS_FIRED.name, "timer" => timer)),
            durations: self.histograms.of(&names::TIMER_DELAY, &[("timer", timer)]),
        }
    }

    fn turns_at(&self, place: &Place) -> TurnsAt {
        TurnsAt {
            durations: self
                .histograms
                .of(&names::TURN_DURATION, &[("flow", place.flow())]),
            by_outcome: Handles::default(),
        }
    }

    fn turns_ended(&self, place: &Place, outcome: Word) -> Arc<Tally> {
        let (flow, step) = (place.flow().to_owned(), place.step().to_owned());
        self.tally(|| counter!(names::TURNS.name, "flow" => flow, "step" => step, "outcome" => outcome))
    }

    fn store_operation(&self, backend: Word, operation: Word, outcome: Word) -> Timed {
        let labels = [("backend", backend), ("operation", operation)];
        Timed {
            count: self.tally(|| {
                counter!(
                    names::STORE_OPERATIONS.name,
                    "backend" => backend, "operation" => operation, "outcome" => outcome
                )
            }),
            durations: self.histograms.of(&names::STORE_OPERATION_DURATION, &labels),
        }
    }

    fn call(&self, api: Api, operation: OperationName, outcome: Word) -> Timed {
        let (api, operation) = (api.as_str(), operation.to_string());
        let labels = [("api", api), ("operation", &*operation)];
        let durations = self.histograms.of(&names::OUTSIDE_CALL_DURATION, &labels);
        let count = self.tally(|| {
            counter!(
                names::OUTSIDE_CALLS.name,
                "api" => api, "operation" => operation, "outcome" => outcome
            )
        });
        Timed { count, durations }
    }
}

fn one(tally: &Arc<Tally>) {
    tally.count();
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
            self.tally(|| counter!(names::UPDATES_RECEIVED.name, "origin" => *origin, "kind" => *kind))
        };
        self.updates.with(&(origin(event.origin), event.kind), make, one);
    }

    fn update_refused(&self, event: &UpdateRefused<'_>) {
        self.refused
            .with(&event.refusal.as_str(), |reason| self.refusal(reason), one);
    }

    fn turn_finished(&self, event: &TurnFinished<'_>) {
        let place = event.place.unwrap_or(&Place::Unknown);
        self.turns.with(
            place,
            |place| self.turns_at(place),
            |turns| {
                turns.durations.record(event.duration);
                let make = |outcome: &Word| self.turns_ended(place, outcome);
                turns.by_outcome.with(&event.outcome, make, one);
            },
        );
        if let (Some(latency), Cause::Update { origin: brought, .. }) = (event.latency, event.cause) {
            let make = |origin: &Word| self.histograms.of(&names::REPLY_LATENCY, &[("origin", origin)]);
            self.reply_latencies
                .with(&origin(brought), make, |durations| durations.record(latency));
        }
    }

    fn turn_ran_again(&self, _: &SessionKey, why: RunAgain) {
        self.reruns.with(&why.as_str(), |reason| self.rerun(reason), one);
    }

    fn effect_changed(&self, event: &EffectChanged<'_>) {
        let make = |(effect, state): &(String, Word)| {
            self.tally(|| counter!(names::EFFECTS.name, "effect" => effect.clone(), "state" => *state))
        };
        // Effects are rare, and take far longer than this.
        self.effects
            .with(&(event.name.to_owned(), event.state.as_str()), make, one);
    }

    fn timer_fired(&self, event: &TimerFired<'_>) {
        self.timers.with(
            &event.kind,
            |timer| self.timer(*timer),
            |timed| timed.record(event.late),
        );
    }

    fn letter_put_aside(&self, event: &LetterPutAside<'_>) {
        self.letters
            .with(&event.reason.as_str(), |reason| self.letter(reason), one);
    }

    fn outside_call_finished(&self, event: &OutsideCallFinished<'_>) {
        self.calls.with(
            &(event.api, *event.operation, event.outcome),
            |(api, operation, outcome)| self.call(*api, *operation, outcome),
            |timed| timed.record(event.duration),
        );
    }

    fn told_to_wait(&self, _: Duration) {
        self.throttled.count();
    }

    fn waited(&self, duration: Duration) {
        self.wait.record(duration);
    }

    fn store_operation_finished(&self, event: &StoreOperationFinished<'_>) {
        self.store_operations.with(
            &(event.backend, event.operation, event.outcome()),
            |(backend, operation, outcome)| self.store_operation(backend, operation.as_str(), outcome),
            |timed| timed.record(event.duration),
        );
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").finish_non_exhaustive()
    }
}
