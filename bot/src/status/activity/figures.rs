//! What a recorder tells.

use std::collections::BTreeMap;

use serde::Serialize;
use stepkeep_core::Timestamp;

use super::Place;
use super::feed::ErrorFigures;
use super::histogram::Histogram;

/// How many updates ended how, since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutcomeFigures {
    /// Answered, or nothing to answer.
    pub answered: u64,
    /// To come again.
    pub comes_again: u64,
    /// Failed.
    pub failed: u64,
}

/// The update that came last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateFigures {
    /// Its id.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
}

/// How long something took, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DurationFigures {
    /// How often.
    pub count: u64,
    /// How many failed.
    pub errors: u64,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 95 of a hundred took no longer.
    pub p95_ms: f64,
    /// 99 of a hundred took no longer.
    pub p99_ms: f64,
}

/// The turns of ten seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlotFigures {
    /// When the ten seconds began.
    pub at: Timestamp,
    /// How long the turns took.
    #[serde(flatten)]
    pub durations: DurationFigures,
}

/// What one kind of call took, in the last ten minutes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallFigures {
    /// Whose it is: an API, or empty for the store.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Which.
    pub operation: String,
    /// How long it took.
    #[serde(flatten)]
    pub durations: DurationFigures,
}

/// All that is known at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActivityFigures {
    /// Turns in the last half hour, in slots of ten seconds; those without a turn are left out.
    pub turns: Vec<SlotFigures>,
    /// All of them together.
    pub turns_together: Option<DurationFigures>,
    /// How updates ended.
    pub outcomes: OutcomeFigures,
    /// How many answers led to a place in the last half hour.
    #[serde(skip)]
    pub arrivals: BTreeMap<Place, u64>,
    /// What the store's operations took.
    pub store_operations: Vec<CallFigures>,
    /// What outside calls took.
    pub outside_calls: Vec<CallFigures>,
    /// Errors, the newest first.
    pub errors: Vec<ErrorFigures>,
    /// The update that came last.
    pub last_update: Option<UpdateFigures>,
    /// How many came.
    pub updates: u64,
}

impl DurationFigures {
    pub(super) fn of(durations: &Histogram, errors: u64) -> Option<Self> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the longest are minutes, whose microseconds a float holds"
        )]
        let millis = |thousandths| {
            durations
                .quantile(thousandths)
                .map(|micros| micros as f64 / 1_000.0)
        };
        Some(Self {
            count: durations.count(),
            errors,
            p50_ms: millis(500)?,
            p95_ms: millis(950)?,
            p99_ms: millis(990)?,
        })
    }
}
