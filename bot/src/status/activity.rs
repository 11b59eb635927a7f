//! What the bot did lately, as operators look at it. It is kept in memory, within bounds, and forgotten with the process.

mod feed;
mod figures;
mod histogram;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use stepkeep_core::{Clock, Session, Timestamp};

pub use feed::ErrorFigures;
pub use figures::{
    ActivityFigures, CallFigures, DurationFigures, OutcomeFigures, SlotFigures, UpdateFigures,
};

use crate::observation::redaction;
use feed::Feed;
use series::{SLOT_MILLIS, Series, SlotNumber};

/// Turns are kept for half an hour.
const TURNS_KEPT: SlotNumber = 180;
/// What the store and others answered is kept for ten minutes.
const CALLS_KEPT: SlotNumber = 60;
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

/// The recorder. Each call takes a lock for less than a microsecond, and never waits for anything else.
#[derive(Debug)]
pub struct Activity {
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    turns: Series,
    outcomes: OutcomeFigures,
    arrivals: BTreeMap<Place, Series>,
    store: BTreeMap<&'static str, Series>,
    outside: BTreeMap<(String, String), Series>,
    errors: Feed,
    last_update: Option<UpdateFigures>,
    updates: u64,
}

impl Activity {
    /// A recorder that remembers nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Mutex::new(Kept {
                turns: Series::of(TURNS_KEPT),
                outcomes: OutcomeFigures::default(),
                arrivals: BTreeMap::new(),
                store: BTreeMap::new(),
                outside: BTreeMap::new(),
                errors: Feed::default(),
                last_update: None,
                updates: 0,
            }),
        }
    }

    /// An update came.
    pub fn update(&self, id: i64) {
        let at = self.clock.now();
        let mut kept = self.kept.lock();
        kept.last_update = Some(UpdateFigures { id, at });
        kept.updates += 1;
    }

    /// An update was dealt with; it took so long.
    pub fn answered(&self, outcome: TurnOutcome, duration: Duration) {
        let now = self.slot();
        let mut kept = self.kept.lock();
        kept.turns.record(now, duration, outcome == TurnOutcome::Failed);
        match outcome {
            TurnOutcome::Answered => kept.outcomes.answered += 1,
            TurnOutcome::ComesAgain => kept.outcomes.comes_again += 1,
            TurnOutcome::Failed => kept.outcomes.failed += 1,
        }
    }

    /// An answer led there.
    pub fn arrived(&self, place: Place) {
        let now = self.slot();
        self.kept.lock().arrived(now, place);
    }

    /// Something failed. What looks like a person's or a secret is taken out of the message.
    pub fn failed(&self, kind: &str, message: &str, place: Option<&Place>) {
        let (message, at) = (redaction::shown(message), self.clock.now());
        self.kept.lock().errors.record(kind, message, place, at);
    }

    /// The store answered; it took so long.
    pub fn store_operation(&self, operation: &'static str, duration: Duration, is_error: bool) {
        let now = self.slot();
        let mut kept = self.kept.lock();
        if kept.store.len() < MOST_CALLS || kept.store.contains_key(operation) {
            let series = kept.store.entry(operation);
            let series = series.or_insert_with(|| Series::of(CALLS_KEPT));
            series.record(now, duration, is_error);
        }
    }

    /// An API of the outside answered; it took so long.
    pub fn outside_call(&self, api: &str, operation: &str, duration: Duration, is_error: bool) {
        let now = self.slot();
        let mut kept = self.kept.lock();
        let key = (api.to_owned(), operation.to_owned());
        if kept.outside.len() < MOST_CALLS || kept.outside.contains_key(&key) {
            let series = kept.outside.entry(key);
            let series = series.or_insert_with(|| Series::of(CALLS_KEPT));
            series.record(now, duration, is_error);
        }
    }

    /// All that is known now.
    pub fn figures(&self) -> ActivityFigures {
        let now = self.slot();
        let kept = self.kept.lock();
        let slots = kept.turns.lately(now).filter_map(|slot| {
            Some(SlotFigures {
                at: Timestamp::from_millis(slot.number.saturating_mul(SLOT_MILLIS)),
                durations: DurationFigures::of(&slot.durations, u64::from(slot.errors))?,
            })
        });
        let calls = |api: &str, operation: &str, series: &Series| {
            let (durations, errors) = series.together(now);
            Some(CallFigures {
                api: api.to_owned(),
                operation: operation.to_owned(),
                durations: DurationFigures::of(&durations, errors)?,
            })
        };
        let (together, errors) = kept.turns.together(now);
        let arrivals = kept.arrivals.iter();
        ActivityFigures {
            turns: slots.collect(),
            turns_together: DurationFigures::of(&together, errors),
            outcomes: kept.outcomes,
            arrivals: arrivals
                .map(|(place, series)| (place.clone(), series.together(now).0.count()))
                .filter(|(_, count)| *count > 0)
                .collect(),
            store_operations: kept
                .store
                .iter()
                .filter_map(|(operation, series)| calls("", operation, series))
                .collect(),
            outside_calls: kept
                .outside
                .iter()
                .filter_map(|((api, operation), series)| calls(api, operation, series))
                .collect(),
            errors: kept.errors.entries(),
            last_update: kept.last_update,
            updates: kept.updates,
        }
    }

    fn slot(&self) -> SlotNumber {
        self.clock.now().as_millis().div_euclid(SLOT_MILLIS)
    }
}

impl Kept {
    fn arrived(&mut self, now: SlotNumber, place: Place) {
        if self.arrivals.len() < MOST_PLACES || self.arrivals.contains_key(&place) {
            let series = self.arrivals.entry(place);
            let series = series.or_insert_with(|| Series::of(TURNS_KEPT));
            series.record(now, Duration::ZERO, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::ManualClock;

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
    fn memory_is_bounded_whatever_comes() {
        let (_, activity) = recorder();
        for number in 0..2_000 {
            let place = Place {
                flow: format!("flow-{number}"),
                step: "step".to_owned(),
            };
            activity.arrived(place.clone());
            activity.failed("kind", &format!("message {}", "x".repeat(number)), Some(&place));
            activity.outside_call(&place.flow, "call", Duration::ZERO, true);
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
