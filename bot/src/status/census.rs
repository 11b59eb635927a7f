//! Where people are: a walk through the store, page by page.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use stepkeep_core::{
    BotId, Clock, ScanFilter, Scope, Session, SessionStore, StoreError, StoreErrorKind, Timestamp,
};

use super::access::Access;
use super::activity::Place;
use crate::dead_letters::DeadLetters;
use crate::flows::FlowMap;

/// How a walk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Sessions that are read at a time.
    pub(super) page: usize,
    /// The pause between two pages, so that people's answers get through.
    pub(super) pause: Duration,
    /// After so many sessions it ends.
    pub(super) most: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            page: 500,
            pause: Duration::from_millis(5),
            most: 200_000,
        }
    }
}

/// So many of the people who don't move are named.
const MOST_STUCK: usize = 10;

/// Whom it is about, and how they are named.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bot: BotId,
    pub(super) flows: Vec<FlowMap>,
    pub(super) access: Arc<Access>,
    pub(super) bounds: Bounds,
}

/// Where people are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Census {
    /// Sessions of this bot.
    pub(super) sessions: u64,
    /// Those in a dialogue that waits for them.
    pub(super) in_dialogue: u64,
    /// Records that this version can't read.
    pub(super) unreadable: u64,
    /// Updates that were put aside.
    pub(super) dead_letters: u64,
    /// Whether all were counted.
    pub(super) is_whole: bool,
    /// How long it took.
    pub(super) took_ms: u64,
    /// People by flow and step.
    pub(super) flows: Vec<FlowCensus>,
    /// Those who did not move for the longest time.
    pub(super) stuck: Vec<Stuck>,
}

/// The people in one flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FlowCensus {
    pub(super) flow: String,
    pub(super) people: u64,
    pub(super) steps: Vec<StepCensus>,
}

/// The people in one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct StepCensus {
    pub(super) step: String,
    pub(super) people: u64,
    /// Whether somebody who stays here is done.
    pub(super) is_resting: bool,
    /// When the one who has been here longest moved last.
    pub(super) oldest: Option<Timestamp>,
}

/// Somebody who does not move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Stuck {
    /// When something happened last.
    pub(super) since: Timestamp,
    /// A name that says nothing of who it is.
    pub(super) name: String,
    pub(super) place: Place,
    /// What kind of error they met last, if any.
    pub(super) last_error: Option<String>,
    /// The outside call that they wait for, if any.
    pub(super) waits_for: Option<String>,
}

impl Registry {
    /// Walks through the store.
    pub(super) async fn count(&self) -> Result<Census, StoreErrorKind> {
        let began = self.clock.now();
        let mut count = Count::of(&self.flows);
        let walked = self.walk(Scope::main(), &mut count).await;
        let is_whole = walked.map_err(|error| error.kind())?;
        let letters = self.walk(DeadLetters::scope(), &mut Letters(&mut count)).await;
        letters.map_err(|error| error.kind())?;
        let took = self.clock.now().since(began);
        Ok(Census {
            is_whole,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            ..count.finish()
        })
    }

    async fn walk(&self, scope: Scope, visitor: &mut impl Visitor) -> Result<bool, StoreError> {
        let filter = ScanFilter {
            scope: Some(scope),
            ..ScanFilter::default()
        };
        let (mut after, mut seen) = (None, 0_u64);
        loop {
            let page = self.store.scan(&filter, after, self.bounds.page).await?;
            seen += u64::try_from(page.sessions.len() + page.unreadable.len()).unwrap_or(0);
            visitor.unreadable(page.unreadable.len());
            for session in page.sessions {
                if session.key().bot() == self.bot {
                    visitor.visit(&session, &self.access);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(true);
            }
            if seen >= self.bounds.most {
                return Ok(false);
            }
            tokio::time::sleep(self.bounds.pause).await;
        }
    }
}

trait Visitor: Send {
    fn visit(&mut self, session: &Session, access: &Access);
    fn unreadable(&mut self, records: usize);
}

struct Letters<'a>(&'a mut Count);

impl Visitor for Letters<'_> {
    fn visit(&mut self, _: &Session, _: &Access) {
        self.0.census.dead_letters += 1;
    }

    fn unreadable(&mut self, records: usize) {
        self.0.unreadable(records);
    }
}

struct Count {
    census: Census,
    order: Vec<FlowMap>,
    people: BTreeMap<String, BTreeMap<String, (u64, Timestamp)>>,
    /// Of those that wait, the ones that have waited longest; on top who has waited least.
    stuck: BinaryHeap<Stuck>,
}

impl Count {
    fn of(flows: &[FlowMap]) -> Self {
        Self {
            census: Census::default(),
            order: flows.to_vec(),
            people: BTreeMap::new(),
            stuck: BinaryHeap::new(),
        }
    }

    fn is_resting(&self, place: &Place) -> bool {
        let flow = self.order.iter().find(|flow| flow.name == place.flow);
        flow.is_some_and(|flow| flow.is_home || flow.resting.contains(&place.step.as_str()))
    }

    /// Flows and steps in the order in which people go through them; those that nobody knows at the end.
    fn finish(self) -> Census {
        let Self {
            mut census,
            order,
            mut people,
            stuck,
        } = self;
        let mut flows = Vec::new();
        for flow in order.iter().filter(|flow| !flow.is_home) {
            let mut found = people.remove(flow.name).unwrap_or_default();
            let mut steps: Vec<_> = flow
                .steps
                .iter()
                .map(|step| step_census(step, found.remove(*step), flow.resting.contains(step)))
                .collect();
            steps.extend(
                found
                    .into_iter()
                    .map(|(step, found)| step_census(&step, Some(found), false)),
            );
            flows.push(flow_census(flow.name, steps));
        }
        for (flow, found) in people {
            let is_home = order.iter().any(|map| map.is_home && map.name == flow);
            if !is_home {
                let steps = found.into_iter();
                let steps = steps.map(|(step, found)| step_census(&step, Some(found), false));
                flows.push(flow_census(&flow, steps.collect()));
            }
        }
        census.flows = flows;
        census.stuck = stuck.into_sorted_vec();
        census
    }
}

impl Visitor for Count {
    fn visit(&mut self, session: &Session, access: &Access) {
        self.census.sessions += 1;
        let Some(place) = Place::of(session) else { return };
        let at = session.updated_at();
        let steps = self.people.entry(place.flow.clone()).or_default();
        let (people, oldest) = steps.entry(place.step.clone()).or_insert((0, at));
        *people += 1;
        *oldest = at.min(*oldest);
        if self.is_resting(&place) {
            return;
        }
        self.census.in_dialogue += 1;
        if self.stuck.len() == MOST_STUCK && self.stuck.peek().is_some_and(|least| least.since <= at) {
            return;
        }
        let turn = session.turn();
        self.stuck.push(Stuck {
            since: at,
            name: access.name_of(session.key()),
            place,
            last_error: turn.last_error.as_ref().map(|error| error.kind.clone()),
            waits_for: turn.effects.first().map(|effect| effect.name.clone()),
        });
        if self.stuck.len() > MOST_STUCK {
            self.stuck.pop();
        }
    }

    fn unreadable(&mut self, records: usize) {
        self.census.unreadable += u64::try_from(records).unwrap_or(0);
    }
}

fn step_census(step: &str, found: Option<(u64, Timestamp)>, is_resting: bool) -> StepCensus {
    StepCensus {
        step: step.to_owned(),
        people: found.map_or(0, |(people, _)| people),
        is_resting,
        oldest: found.map(|(_, oldest)| oldest),
    }
}

fn flow_census(flow: &str, steps: Vec<StepCensus>) -> FlowCensus {
    FlowCensus {
        flow: flow.to_owned(),
        people: steps.iter().map(|step| step.people).sum(),
        steps,
    }
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{
        FlowName, ManualClock, MemoryStorage, NewSession, Position, SessionChange, SessionKey, StepName,
        UserId,
    };

    use super::*;
    use crate::telegram::BotToken;

    const BOT: BotId = BotId(123);

    fn registry(store: &MemoryStorage, bounds: Bounds) -> Registry {
        let token = BotToken::parse("123:AAE-secret").unwrap();
        let at = "127.0.0.1:1".parse().unwrap();
        Registry {
            store: Arc::new(store.clone()),
            clock: Arc::new(ManualClock::default()),
            bot: BOT,
            flows: crate::flows::flow_maps(),
            access: Arc::new(Access::new(None, &token, at)),
            bounds,
        }
    }

    async fn put(store: &MemoryStorage, bot: BotId, user: i64, place: Option<(&str, &str)>) {
        let mut change = SessionChange::new(Timestamp::from_millis(user));
        if let Some((flow, step)) = place {
            change = change.go_to(Position {
                flow: FlowName::new(flow).unwrap(),
                version: 1,
                step: StepName::new(step).unwrap(),
            });
        }
        let key = SessionKey::private(bot, UserId(user));
        store.create(NewSession::new(key, change)).await.unwrap();
    }

    fn people(census: &Census, flow: &str) -> Vec<(String, u64)> {
        let flow = census.flows.iter().find(|found| found.flow == flow).unwrap();
        let steps = flow.steps.iter().filter(|step| step.people > 0);
        steps.map(|step| (step.step.clone(), step.people)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn people_are_counted_by_step_in_the_order_of_the_flow() {
        let store = MemoryStorage::new();
        for (user, place) in [
            (30, Some(("shipping", "summary"))),
            (20, Some(("shipping", "sender_name"))),
            (21, Some(("shipping", "sender_name"))),
            (10, Some(("shipping", "a_step_of_the_past"))),
            (1, Some(("shipping", "done"))),
            (2, Some(("home", "start"))),
            (3, None),
            (5, Some(("a_flow_of_the_past", "x"))),
        ] {
            put(&store, BOT, user, place).await;
        }
        put(&store, BotId(9), 1, Some(("shipping", "summary"))).await;
        let census = registry(&store, Bounds::default()).count().await.unwrap();
        assert_eq!(
            (census.sessions, census.in_dialogue, census.is_whole),
            (8, 5, true)
        );
        let counted = |step: &str, people| (step.to_owned(), people);
        assert_eq!(
            people(&census, "shipping"),
            [
                counted("sender_name", 2),
                counted("summary", 1),
                counted("done", 1),
                counted("a_step_of_the_past", 1)
            ]
        );
        assert_eq!(people(&census, "a_flow_of_the_past"), [counted("x", 1)]);
        let stuck: Vec<_> = census.stuck.iter().map(|stuck| stuck.since.as_millis()).collect();
        assert_eq!(stuck, [5, 10, 20, 21, 30], "who waits longest comes first");
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_store_is_counted_in_part_and_that_is_said() {
        let store = MemoryStorage::new();
        for user in 1..=100 {
            put(&store, BOT, user, Some(("shipping", "summary"))).await;
        }
        let bounds = Bounds {
            page: 10,
            most: 30,
            ..Bounds::default()
        };
        let census = registry(&store, bounds).count().await.unwrap();
        assert_eq!((census.sessions, census.is_whole), (30, false));
        assert_eq!(census.stuck.len(), MOST_STUCK);
    }
}
