//! Counting sessions by where they are.

use std::collections::BTreeMap;
use std::time::Duration;

use stepkeep_core::{Session, Timestamp};

use super::{FlowOverview, Overview};
use crate::flows::FlowMap;

const DAY: Duration = Duration::from_hours(24);
const WEEK: Duration = Duration::from_hours(7 * 24);

/// What was counted so far.
#[derive(Debug)]
pub(super) struct Count<'a> {
    now: Timestamp,
    flows: &'a [FlowMap],
    pub(super) people: u64,
    pub(super) updates: u64,
    pub(super) letters: u64,
    seen_in_a_day: u64,
    seen_in_a_week: u64,
    in_dialogue: u64,
    calls: u64,
    places: BTreeMap<String, BTreeMap<String, u64>>,
}

impl<'a> Count<'a> {
    pub(super) fn at(now: Timestamp, flows: &'a [FlowMap]) -> Self {
        Self {
            now,
            flows,
            people: 0,
            updates: 0,
            letters: 0,
            seen_in_a_day: 0,
            seen_in_a_week: 0,
            in_dialogue: 0,
            calls: 0,
            places: BTreeMap::new(),
        }
    }

    /// When somebody was last seen.
    pub(super) fn see(&mut self, seen: &Session) {
        let ago = self.now.since(seen.updated_at());
        self.seen_in_a_day += u64::from(ago <= DAY);
        self.seen_in_a_week += u64::from(ago <= WEEK);
    }

    /// Where somebody is.
    pub(super) fn visit(&mut self, session: &Session) {
        self.calls += u64::try_from(session.turn().effects.len()).unwrap_or(0);
        let Some(position) = session.position() else {
            return;
        };
        let map = self.flows.iter().find(|map| map.name == position.flow.as_str());
        if map.is_some_and(|map| map.is_home) {
            return;
        }
        let is_resting = map.is_some_and(|map| map.resting.contains(&position.step.as_str()));
        self.in_dialogue += u64::from(!is_resting);
        let steps = self.places.entry(position.flow.as_str().to_owned()).or_default();
        *steps.entry(position.step.as_str().to_owned()).or_default() += 1;
    }

    /// The figures, without those that are counted elsewhere.
    pub(super) fn finish(self) -> Overview {
        let flows = self.places.into_iter().map(|(flow, steps)| {
            let order = self.flows.iter().find(|map| map.name == flow);
            let place = |step: &str| {
                let steps = order.map(|map| map.steps.as_slice()).unwrap_or_default();
                steps
                    .iter()
                    .position(|known| *known == step)
                    .unwrap_or(usize::MAX)
            };
            let people = steps.values().sum();
            let mut steps: Vec<_> = steps.into_iter().collect();
            steps.sort_by_key(|(step, _)| place(step));
            FlowOverview { flow, people, steps }
        });
        Overview {
            at: self.now,
            took_millis: 0,
            is_whole: true,
            people: self.people,
            seen_in_a_day: self.seen_in_a_day,
            seen_in_a_week: self.seen_in_a_week,
            in_dialogue: self.in_dialogue,
            flows: flows.collect(),
            calls: self.calls,
            updates: self.updates,
            letters: self.letters,
            ledger: None,
            store: None,
            uptime_millis: 0,
        }
    }
}
