//! The queue of updates of one bot.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use super::object::Object;

const DAY_SECONDS: i64 = 86_400;
/// As long a query is kept, in seconds.
const QUERY_SECONDS: i64 = 150;
/// As many updates are kept for [`UpdateQueue::redeliver`] after they were delivered.
const DELIVERED_CAPACITY: usize = 100_000;
/// An offset further than this above the last update's id is taken for a mistake, and reading starts at the oldest.
const FARTHEST_OFFSET: i64 = 10;

/// What a bot does not get unless it asks.
const NOT_BY_DEFAULT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];
const QUERIES: [&str; 4] = [
    "callback_query",
    "pre_checkout_query",
    "shipping_query",
    "inline_query",
];

/// The kinds of updates that a bot wants. Applied when an update comes up, not when it is delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AllowedUpdates {
    #[default]
    UsualOnes,
    Only(Vec<String>),
}

impl AllowedUpdates {
    /// An empty list asks for the usual ones.
    pub(crate) fn from_list(kinds: Vec<String>) -> Self {
        if kinds.is_empty() {
            Self::UsualOnes
        } else {
            Self::Only(kinds)
        }
    }

    pub(crate) fn allow(&self, kind: &str) -> bool {
        match self {
            Self::UsualOnes => !NOT_BY_DEFAULT.contains(&kind),
            Self::Only(kinds) => kinds.iter().any(|allowed| allowed == kind),
        }
    }
}

/// Updates of one lane reach a webhook one after another; lanes go side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Lane {
    Chat(i64),
    User(i64),
    Rest,
}

/// What an update brings, written already, and which lane it belongs to.
#[derive(Debug)]
pub(crate) struct UpdateContent {
    pub(crate) lane: Lane,
    pub(crate) text: Box<RawValue>,
}

impl UpdateContent {
    pub(crate) fn new(lane: Lane, content: &Object<'_>) -> Self {
        // What objects are made of can always be written.
        let text = to_raw_value(content).unwrap_or_default();
        Self { lane, text }
    }
}

/// One update, ready to be sent any number of times.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) id: i64,
    pub(crate) lane: Lane,
    pub(crate) body: Box<RawValue>,
    expires_at: i64,
    lifetime: i64,
}

/// The only field of an update beside its id, as it stands in the text.
struct Field<'a> {
    id: i64,
    kind: &'a str,
    content: &'a RawValue,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("update_id", &self.id)?;
        map.serialize_entry(self.kind, self.content)?;
        map.end()
    }
}

impl Update {
    /// An update as somebody put it together.
    fn of_fields(id: i64, mut fields: Map<String, Value>, now: i64) -> Self {
        fields.insert("update_id".to_owned(), id.into());
        let is_query = fields.keys().any(|kind| is_query(kind));
        let lane = lane_of(&fields);
        let body = to_raw_value(&fields).unwrap_or_default();
        Self::new(id, lane, is_query, body, now)
    }

    fn new(id: i64, lane: Lane, is_query: bool, body: Box<RawValue>, now: i64) -> Self {
        let lifetime = if is_query { QUERY_SECONDS } else { DAY_SECONDS };
        Self {
            id,
            lane,
            body,
            expires_at: now.saturating_add(lifetime),
            lifetime,
        }
    }

    pub(crate) fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at
    }
}

fn is_query(kind: &str) -> bool {
    QUERIES.contains(&kind)
}

fn lane_of(fields: &Map<String, Value>) -> Lane {
    let query = QUERIES
        .iter()
        .find_map(|query| fields.get(*query)?.get("from")?.get("id")?.as_i64());
    let chat = || {
        fields
            .values()
            .find_map(|part| part.get("chat")?.get("id")?.as_i64())
    };
    query
        .map(Lane::User)
        .or_else(|| chat().map(Lane::Chat))
        .unwrap_or(Lane::Rest)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Waiting {
    update: Arc<Update>,
    handed_out: bool,
}

/// Updates that the bot has not confirmed yet, and the latest ones that it has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UpdateQueue {
    /// By the order of arrival.
    waiting: BTreeMap<u64, Waiting>,
    /// The arrivals whose id lies below ids that were queued before: an offset above such an id says nothing about the
    /// update until it was handed out.
    out_of_order: BTreeSet<u64>,
    next_arrival: u64,
    next_id: i64,
    /// No waiting update expires before this.
    earliest_expiry: i64,
    #[serde(skip)]
    delivered: HashMap<i64, Arc<Update>>,
    #[serde(skip)]
    delivered_order: VecDeque<i64>,
}

impl UpdateQueue {
    pub(crate) fn new(first_id: i64) -> Self {
        Self {
            waiting: BTreeMap::new(),
            out_of_order: BTreeSet::new(),
            next_arrival: 0,
            next_id: first_id,
            earliest_expiry: i64::MAX,
            delivered: HashMap::new(),
            delivered_order: VecDeque::new(),
        }
    }

    /// Queues an update of one kind under the next id.
    pub(crate) fn push(&mut self, kind: &str, content: &UpdateContent, now: i64) -> i64 {
        let id = self.next_id;
        let UpdateContent { lane, text } = content;
        let field = Field {
            id,
            kind,
            content: text,
        };
        // A number and what is JSON already can always be written.
        let body = to_raw_value(&field).unwrap_or_default();
        self.enqueue(Update::new(id, *lane, is_query(kind), body, now));
        id
    }

    /// Queues an update as somebody put it together, under the next id or under the given one.
    pub(crate) fn push_fields(&mut self, fields: Map<String, Value>, id: Option<i64>, now: i64) -> i64 {
        let id = id.unwrap_or(self.next_id);
        self.enqueue(Update::of_fields(id, fields, now));
        id
    }

    /// Queues an update that was delivered before once more. False if there is none of that id.
    pub(crate) fn redeliver(&mut self, id: i64, now: i64) -> bool {
        let Some(update) = self.delivered.get(&id) else {
            return false;
        };
        let again = Update {
            id,
            lane: update.lane,
            body: update.body.clone(),
            expires_at: now.saturating_add(update.lifetime),
            lifetime: update.lifetime,
        };
        self.enqueue(again);
        true
    }

    fn enqueue(&mut self, update: Update) {
        if update.id < self.next_id {
            self.out_of_order.insert(self.next_arrival);
        }
        self.next_id = self.next_id.max(update.id.saturating_add(1));
        self.earliest_expiry = self.earliest_expiry.min(update.expires_at);
        self.waiting.insert(
            self.next_arrival,
            Waiting {
                update: Arc::new(update),
                handed_out: false,
            },
        );
        self.next_arrival += 1;
    }

    /// Drops what the offset confirms, and hands out what comes next, lowest id first.
    ///
    /// A negative offset of -n keeps the newest n only.
    pub(crate) fn poll(&mut self, offset: i64, limit: usize, now: i64) -> Vec<Arc<Update>> {
        self.expire(now);
        if offset < 0 {
            self.keep_newest(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX));
        } else if offset < self.next_id.saturating_add(FARTHEST_OFFSET) {
            self.confirm_below(offset);
        }
        let mut handed_out: Vec<Arc<Update>> = self
            .waiting
            .values_mut()
            .take(limit)
            .map(|waiting| {
                waiting.handed_out = true;
                Arc::clone(&waiting.update)
            })
            .collect();
        for update in &handed_out {
            self.remember(update);
        }
        handed_out.sort_by_key(|update| update.id);
        handed_out
    }

    fn keep_newest(&mut self, count: usize) {
        while self.waiting.len() > count {
            self.waiting.pop_first();
        }
    }

    fn confirm_below(&mut self, offset: i64) {
        let (waiting, out_of_order) = (&mut self.waiting, &mut self.out_of_order);
        out_of_order.retain(|arrival| match waiting.get(arrival) {
            Some(late) if late.handed_out && late.update.id < offset => {
                waiting.remove(arrival);
                false
            }
            Some(_) => true,
            None => false,
        });
        let confirmed: Vec<u64> = waiting
            .iter()
            .filter(|(arrival, _)| !out_of_order.contains(arrival))
            .take_while(|(_, waiting)| waiting.update.id < offset)
            .map(|(arrival, _)| *arrival)
            .collect();
        for arrival in confirmed {
            waiting.remove(&arrival);
        }
    }

    /// What has arrived since the given mark, and the mark for the next question: how a webhook reads the queue.
    pub(crate) fn arrived_since(&self, mark: u64) -> (Vec<(u64, Arc<Update>)>, u64) {
        let new = self
            .waiting
            .range(mark..)
            .map(|(at, waiting)| (*at, Arc::clone(&waiting.update)))
            .collect();
        (new, self.next_arrival)
    }

    /// Takes an update out after a webhook took it, or after it expired.
    pub(crate) fn settle(&mut self, arrival: u64, delivered: bool) {
        if let Some(waiting) = self.waiting.remove(&arrival)
            && delivered
        {
            self.remember(&waiting.update);
        }
    }

    pub(crate) fn contains(&self, arrival: u64) -> bool {
        self.waiting.contains_key(&arrival)
    }

    /// Forgets everything that waits.
    pub(crate) fn drop_pending(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn pending(&mut self, now: i64) -> usize {
        self.expire(now);
        self.waiting.len()
    }

    /// Lets ids go on from here if they would be lower.
    pub(crate) fn begin_at_least_at(&mut self, id: i64) {
        self.next_id = self.next_id.max(id);
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.next_id
    }

    fn expire(&mut self, now: i64) {
        if now >= self.earliest_expiry {
            self.waiting.retain(|_, waiting| !waiting.update.is_expired(now));
            let expiries = self.waiting.values().map(|waiting| waiting.update.expires_at);
            self.earliest_expiry = expiries.min().unwrap_or(i64::MAX);
        }
    }

    fn remember(&mut self, update: &Arc<Update>) {
        if self.delivered.insert(update.id, Arc::clone(update)).is_none() {
            self.delivered_order.push_back(update.id);
        }
        if self.delivered_order.len() > DELIVERED_CAPACITY
            && let Some(oldest) = self.delivered_order.pop_front()
        {
            self.delivered.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn queue_of(count: i64) -> UpdateQueue {
        let mut queue = UpdateQueue::new(100);
        for _ in 0..count {
            queue.push_fields(fields(json!({"message": {"chat": {"id": 1}}})), None, 0);
        }
        queue
    }

    fn ids(updates: &[Arc<Update>]) -> Vec<i64> {
        updates.iter().map(|update| update.id).collect()
    }

    #[test]
    fn nothing_is_confirmed_by_receiving_it() {
        let mut queue = queue_of(3);
        assert_eq!(ids(&queue.poll(0, 100, 0)), [100, 101, 102]);
        assert_eq!(ids(&queue.poll(0, 2, 0)), [100, 101]);
        assert_eq!(ids(&queue.poll(101, 100, 0)), [101, 102]);
        assert_eq!(ids(&queue.poll(0, 100, 0)), [101, 102]);
        assert_eq!(ids(&queue.poll(103, 100, 0)), [0_i64; 0]);
    }

    #[test]
    fn a_negative_offset_keeps_the_newest() {
        let mut queue = queue_of(5);
        assert_eq!(ids(&queue.poll(-2, 100, 0)), [103, 104]);
        assert_eq!(ids(&queue.poll(0, 100, 0)), [103, 104]);
    }

    #[test]
    fn an_offset_far_in_the_future_confirms_nothing() {
        let mut queue = queue_of(2);
        assert_eq!(ids(&queue.poll(10_000, 100, 0)), [100, 101]);
    }

    #[test]
    fn a_redelivered_update_comes_whatever_the_offset_is_and_only_once() {
        let mut queue = queue_of(3);
        queue.poll(0, 100, 0);
        queue.poll(103, 100, 0);
        assert!(queue.redeliver(101, 0));
        assert_eq!(ids(&queue.poll(103, 100, 0)), [101]);
        assert_eq!(ids(&queue.poll(103, 100, 0)), [0_i64; 0]);
        assert!(!queue.redeliver(999, 0));
    }

    #[test]
    fn queries_expire_after_150_seconds_and_messages_after_a_day() {
        let mut queue = queue_of(1);
        queue.push_fields(fields(json!({"callback_query": {"from": {"id": 7}}})), None, 0);
        assert_eq!(ids(&queue.poll(0, 100, 149)), [100, 101]);
        assert_eq!(ids(&queue.poll(0, 100, 150)), [100]);
        assert_eq!(ids(&queue.poll(0, 100, DAY_SECONDS)), [0_i64; 0]);
        queue.push_fields(fields(json!({"message": {}})), None, DAY_SECONDS);
        assert_eq!(queue.pending(DAY_SECONDS), 1);
    }

    #[test]
    fn messages_queue_by_chat_and_presses_by_person() {
        let lane = |value| lane_of(&fields(value));
        let message = json!({"update_id": 1, "message": {"chat": {"id": -5}, "from": {"id": 7}}});
        assert_eq!(lane(message), Lane::Chat(-5));
        let press = json!({"callback_query": {"from": {"id": 7}, "message": {"chat": {"id": -5}}}});
        assert_eq!(lane(press), Lane::User(7));
        assert_eq!(lane(json!({"poll": {"id": "x"}})), Lane::Rest);
    }
}
