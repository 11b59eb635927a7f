//! What the bot did lately, as operators look at it. It is kept in memory, within bounds, and forgotten with the process.

mod feed;
mod figures;
mod histogram;
mod series;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxBuildHasher;
use serde::Serialize;
use stepkeep_core::{Clock, Session, StoreOperation, Timestamp};

pub use feed::ErrorFigures;
pub use figures::{
    ActivityFigures, CallFigures, DurationFigures, OutcomeFigures, SlotFigures, UpdateFigures,
};

use crate::observation::{self, Api, OperationName, redaction};
use feed::Feed;
use histogram::Histogram;
use series::{Count, Durations, SLOT_MILLIS, Series, SlotNumber};

/// Turns are kept for half an hour.
const TURNS_KEPT: SlotNumber = 180;
/// What the store and others answered is kept for ten minutes.
const CALLS_KEPT: SlotNumber = 60;
/// Updates that came at once may be told in another order, within this time.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
/// So many places, and kinds of calls, are told apart; what comes beyond is not counted.
const MOST_PLACES: usize = 256;
const MOST_CALLS: usize = 64;

/// A step of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The flow.
    pub flow: String,
    /// The step.
    pub step: String,
}

impl Place {
    /// Where a session is, if in any flow.
    pub fn of(session: &Session) -> Option<Self> {
        session.position().map(|position| Self {
            flow: position.flow.as_str().to_owned(),
            step: position.step.as_str().to_owned(),
        })
    }

    /// Where a turn led, if to a step of a flow.
    pub(super) fn seen(place: &observation::Place) -> Option<Self> {
        match place {
            observation::Place::Step(flow, step) => Some(Self {
                flow: flow.as_str().to_owned(),
                step: step.as_str().to_owned(),
            }),
            observation::Place::Home | observation::Place::Unknown => None,
        }
    }
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    /// It was answered, or there was nothing to answer.
    Answered,
    /// It comes again, through no fault of its own.
    ComesAgain,
    /// It failed, and comes again or was put aside.
    Failed,
}

/// The recorder. Each call but [`figures`](Self::figures) takes a lock for less than a microsecond, or for some tens of them when
/// it is told of many events at once. Where many threads tell of every turn, they do so through
/// [`Batched`](crate::observation::Batched).
#[derive(Debug)]
pub struct Activity {
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    errors: Mutex<Feed>,
}

#[derive(Debug)]
struct Kept {
    turns: Series,
    outcomes: OutcomeFigures,
    arrivals: ManySeries<observation::Place, Count>,
    store: ManySeries<StoreOperation>,
    outside: ManySeries<(Api, OperationName)>,
    last_update: Option<UpdateFigures>,
    updates: u64,
}

/// What is told apart by words of this program. Nobody chooses these to slow a table down, so the quickest hash will do.
#[derive(Debug)]
struct ManySeries<K, D = Histogram> {
    most: usize,
    kept: SlotNumber,
    by_key: HashMap<K, Series<D>, FxBuildHasher>,
}

impl<K: Hash + Eq + Clone, D: Durations> ManySeries<K, D> {
    /// So many of them at most, each of so many slots.
    fn of(most: usize, kept: SlotNumber) -> Self {
        Self {
            most,
            kept,
            by_key: HashMap::default(),
        }
    }

    fn record(&mut self, key: &K, now: SlotNumber, duration: Duration, is_error: bool) {
        if let Some(series) = self.by_key.get_mut(key) {
            series.record(now, duration, is_error);
        } else if self.by_key.len() < self.most {
            let mut series = Series::of(self.kept);
            series.record(now, duration, is_error);
            self.by_key.insert(key.clone(), series);
        }
    }
}

impl Kept {
    fn nothing() -> Self {
        Self {
            turns: Series::of(TURNS_KEPT),
            outcomes: OutcomeFigures::default(),
            arrivals: ManySeries::of(MOST_PLACES, TURNS_KEPT),
            store: ManySeries::of(MOST_CALLS, CALLS_KEPT),
            outside: ManySeries::of(MOST_CALLS, CALLS_KEPT),
            last_update: None,
            updates: 0,
        }
    }
}

impl Activity {
    /// A recorder that remembers nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Mutex::new(Kept::nothing()),
            errors: Mutex::default(),
        }
    }

    /// An update came.
    pub fn update(&self, id: i64) {
        self.now().update(id);
    }

    /// An update was dealt with; it took so long.
    pub fn answered(&self, outcome: TurnOutcome, duration: Duration) {
        self.now().answered(outcome, duration);
    }

    /// An answer led there. What is no step of a flow isn't counted.
    pub fn arrived(&self, place: &observation::Place) {
        self.now().arrived(place);
    }

    /// Something failed. What looks like a person's or a secret is taken out of the message.
    pub fn failed(&self, kind: &str, message: &str, place: Option<&Place>) {
        let (message, at) = (redaction::shown(message), self.clock.now());
        self.errors.lock().record(kind, message, place, at);
    }

    /// The store answered; it took so long.
    pub fn store_operation(&self, operation: StoreOperation, duration: Duration, is_error: bool) {
        self.now().store_operation(operation, duration, is_error);
    }

    /// An API of the outside answered; it took so long.
    pub fn outside_call(&self, api: Api, operation: OperationName, duration: Duration, is_error: bool) {
        self.now().outside_call(api, operation, duration, is_error);
    }

    /// For what is recorded at once: one look at the clock, and one lock.
    pub(super) fn now(&self) -> Moment<'_> {
        let at = self.clock.now();
        Moment {
            at,
            slot: slot_of(at),
            kept: self.kept.lock(),
        }
    }

    /// All that is known now.
    pub fn figures(&self) -> ActivityFigures {
        let Moment { slot: now, kept, .. } = self.now();
        let slots = kept.turns.lately(now).filter_map(|slot| {
            Some(SlotFigures {
                at: Timestamp::from_millis(slot.number.saturating_mul(SLOT_MILLIS)),
                durations: DurationFigures::of(&slot.durations, u64::from(slot.errors))?,
            })
        });
        let calls = |api: &str, operation: String, series: &Series| {
            let (durations, errors) = series.together(now);
            Some(CallFigures {
                api: api.to_owned(),
                operation,
                durations: DurationFigures::of(&durations, errors)?,
            })
        };
        let in_order = |mut figures: Vec<CallFigures>| {
            figures.sort_by(|one, other| (&one.api, &one.operation).cmp(&(&other.api, &other.operation)));
            figures
        };
        let store = kept.store.by_key.iter();
        let store = store.filter_map(|(operation, series)| calls("", operation.as_str().to_owned(), series));
        let outside = kept.outside.by_key.iter();
        let outside = outside
            .filter_map(|((api, operation), series)| calls(api.as_str(), operation.to_string(), series));
        let (together, errors) = kept.turns.together(now);
        let arrivals = kept.arrivals.by_key.iter();
        ActivityFigures {
            turns: slots.collect(),
            turns_together: DurationFigures::of(&together, errors),
            outcomes: kept.outcomes,
            arrivals: arrivals
                .filter_map(|(place, series)| {
                    Some((Place::seen(place)?, u64::from(series.together(now).0.0)))
                })
                .filter(|(_, count)| *count > 0)
                .collect(),
            store_operations: in_order(store.collect()),
            outside_calls: in_order(outside.collect()),
            errors: self.errors.lock().entries(),
            last_update: kept.last_update,
            updates: kept.updates,
        }
    }
}

fn slot_of(at: Timestamp) -> SlotNumber {
    at.as_millis().div_euclid(SLOT_MILLIS)
}

/// The recorder at one moment. Others wait until it is dropped.
pub(super) struct Moment<'a> {
    at: Timestamp,
    slot: SlotNumber,
    kept: MutexGuard<'a, Kept>,
}

impl Moment<'_> {
    pub(super) fn update(&mut self, id: i64) {
        let Self { at, kept, .. } = self;
        // Threads tell of theirs one after another. Ids grow, but for when Telegram begins anew after a week of silence.
        let is_the_last = kept
            .last_update
            .is_none_or(|last| last.id < id || at.since(last.at) > TOLD_WITHIN);
        if is_the_last {
            kept.last_update = Some(UpdateFigures { id, at: *at });
        }
        kept.updates += 1;
    }

    pub(super) fn answered(&mut self, outcome: TurnOutcome, duration: Duration) {
        let kept = &mut *self.kept;
        kept.turns
            .record(self.slot, duration, outcome == TurnOutcome::Failed);
        match outcome {
            TurnOutcome::Answered => kept.outcomes.answered += 1,
            TurnOutcome::ComesAgain => kept.outcomes.comes_again += 1,
            TurnOutcome::Failed => kept.outcomes.failed += 1,
        }
    }

    pub(super) fn arrived(&mut self, place: &observation::Place) {
        if let observation::Place::Step(..) = place {
            self.kept.arrivals.record(place, self.slot, Duration::ZERO, false);
        }
    }

    pub(super) fn store_operation(&mut self, operation: StoreOperation, duration: Duration, is_error: bool) {
        self.kept.store.record(&operation, self.slot, duration, is_error);
    }

    pub(super) fn outside_call(
        &mut self,
        api: Api,
        operation: OperationName,
        duration: Duration,
        is_error: bool,
    ) {
        let call = (api, operation);
        self.kept.outside.record(&call, self.slot, duration, is_error);
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{FlowName, ManualClock, StepName};

    use super::*;

    fn recorder() -> (Arc<ManualClock>, Activity) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let activity = Activity::new(Arc::<ManualClock>::clone(&clock));
        (clock, activity)
    }

    #[test]
    fn turns_fall_into_slots_of_ten_seconds_and_are_forgotten_after_half_an_hour() {
        let (clock, activity) = recorder();
        for _ in 0..3 {
            activity.answered(TurnOutcome::Answered, Duration::from_millis(8));
            clock.advance(Duration::from_secs(10));
        }
        activity.answered(TurnOutcome::Failed, Duration::from_secs(2));
        let figures = activity.figures();
        assert_eq!(figures.turns.len(), 4);
        assert_eq!(figures.turns[3].durations.errors, 1);
        let together = figures.turns_together.unwrap();
        assert_eq!((together.count, together.errors), (4, 1));
        assert!(
            together.p50_ms < 10.0 && together.p99_ms > 1_900.0,
            "{together:?}"
        );

        clock.advance(Duration::from_mins(31));
        let figures = activity.figures();
        assert_eq!((figures.turns.len(), figures.turns_together), (0, None));
        assert_eq!(figures.outcomes.answered, 3, "what is counted stays");
    }

    #[test]
    fn what_threads_record_is_shown_together() {
        let (clock, activity) = recorder();
        let place = observation::Place::Step(FlowName::constant("shipping"), StepName::constant("city"));
        std::thread::scope(|scope| {
            for thread in 0..20 {
                let (activity, place) = (&activity, &place);
                scope.spawn(move || {
                    activity.update(thread);
                    activity.answered(TurnOutcome::Answered, Duration::from_millis(3));
                    activity.arrived(place);
                    activity.store_operation(StoreOperation::Get, Duration::from_millis(1), thread == 0);
                });
            }
        });
        clock.advance(Duration::from_secs(1));
        activity.update(99);
        let figures = activity.figures();
        assert_eq!((figures.updates, figures.outcomes.answered), (21, 20));
        assert_eq!(figures.last_update.unwrap().id, 99);
        assert_eq!(figures.turns_together.unwrap().count, 20);
        assert_eq!(figures.arrivals.values().sum::<u64>(), 20);
        let store = &figures.store_operations[0].durations;
        assert_eq!((store.count, store.errors), (20, 1));
    }

    #[test]
    fn the_last_update_is_the_one_with_the_highest_id_of_those_that_came_at_once() {
        let (clock, activity) = recorder();
        let last = || activity.figures().last_update.unwrap().id;
        for id in [6, 7, 5] {
            activity.update(id);
        }
        assert_eq!(last(), 7);
        clock.advance(TOLD_WITHIN + Duration::from_secs(1));
        activity.update(2);
        assert_eq!(last(), 2, "Telegram's ids began anew");
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let (_, activity) = recorder();
        for number in 0..2_000 {
            let flow = FlowName::new(&format!("flow-{number}")).unwrap();
            let place = observation::Place::Step(flow, StepName::constant("step"));
            activity.arrived(&place);
            let failed_in = Place::seen(&place);
            activity.failed(
                "kind",
                &format!("message {}", "x".repeat(number)),
                failed_in.as_ref(),
            );
            let operation = OperationName::new(format!("call-{number}").leak());
            activity.outside_call(Api::Shipping, operation, Duration::ZERO, true);
        }
        let figures = activity.figures();
        assert_eq!(figures.arrivals.len(), MOST_PLACES);
        assert_eq!(figures.outside_calls.len(), MOST_CALLS);
        assert!(figures.errors.len() <= 50);
        assert!(
            figures
                .errors
                .iter()
                .all(|error| error.message.chars().count() < 200)
        );
    }
}
