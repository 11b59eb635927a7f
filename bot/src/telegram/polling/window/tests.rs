use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{super::source::PAGE_LIMIT, *};

fn update(id: i64) -> RawUpdate {
    RawUpdate::new(RawValue::from_string(format!(r#"{{"update_id":{id}}}"#)).unwrap()).unwrap()
}

fn updates(ids: impl IntoIterator<Item = i64>) -> Vec<RawUpdate> {
    ids.into_iter().map(update).collect()
}

fn ids(due: &[Due]) -> Vec<i64> {
    due.iter().map(|(update, _)| update.id).collect()
}

fn window(has_shelf: bool) -> Window {
    Window::new(PollingConfig::default(), has_shelf)
}

/// Polls from the offset on, and is answered with `page`.
fn poll(window: &mut Window, page: impl IntoIterator<Item = i64>, now: Instant) -> Vec<i64> {
    window.poll_begins(window.offset(), now);
    ids(&window.admit(updates(page), now))
}

fn wait(step: &Step) -> Option<Instant> {
    match step {
        Step::Wait(until) => *until,
        step => panic!("{step:?}"),
    }
}

#[test]
fn the_offset_stays_at_the_lowest_update_that_is_not_acknowledged() {
    let (mut window, now) = (window(false), Instant::now());
    assert_eq!(poll(&mut window, 10..=13, now), [10, 11, 12, 13]);
    window.acknowledge(11);
    window.acknowledge(13);
    assert_eq!(window.offset(), 10);
    window.acknowledge(10);
    assert_eq!(window.offset(), 12);
    window.acknowledge(12);
    assert_eq!((window.offset(), window.outstanding()), (14, 0));
}

#[test]
fn what_comes_again_is_not_handed_out_again() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, 10..=12, now);
    window.acknowledge(11);
    assert_eq!(poll(&mut window, 10..=13, now), [13]);
}

#[test]
fn an_acknowledgement_during_the_poll_does_not_bring_the_update_back() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, [10], now);
    window.poll_begins(window.offset(), now);
    window.acknowledge(10);
    assert_eq!(ids(&window.admit(updates([10]), now)), [0_i64; 0]);
    window.poll_begins(window.offset(), now);
    assert!(window.entries.is_empty(), "what is confirmed is forgotten");
}

#[test]
fn the_same_offset_is_asked_for_at_a_growing_pace() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, [10], now);
    let mut at = now;
    let mut paces = Vec::new();
    for _ in 0..5 {
        poll(&mut window, [10], at);
        let next = wait(&window.next_step(at)).unwrap();
        paces.push(next - at);
        at = next;
    }
    assert_eq!(paces[0], SAME_OFFSET_PACE);
    assert!(paces.is_sorted() && paces[4] == SLOWEST_PACE, "{paces:?}");
    poll(&mut window, [10, 11], at);
    assert_eq!(
        wait(&window.next_step(at)),
        Some(at + SAME_OFFSET_PACE),
        "news bring the quick pace back"
    );
    window.acknowledge(10);
    window.acknowledge(11);
    assert!(
        matches!(window.next_step(at), Step::Poll(12)),
        "nothing is under way, so Telegram will wait for news"
    );
}

#[test]
fn a_poll_waits_until_half_of_the_last_page_is_confirmed() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, 1..=100, now);
    (1..=49).for_each(|id| window.acknowledge(id));
    assert_eq!(wait(&window.next_step(now)), Some(now + CROWDED_PACE));
    window.acknowledge(50);
    assert!(matches!(window.next_step(now), Step::Poll(51)));
}

#[test]
fn a_slow_update_goes_to_the_shelf_and_lets_the_offset_pass() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, 10..=11, now);
    window.acknowledge(11);
    let later = now + PollingConfig::default().patience;
    let Step::Shelve(slow) = window.next_step(later) else {
        panic!()
    };
    assert_eq!(slow.iter().map(|update| update.id).collect::<Vec<_>>(), [10]);
    window.shelved(&slow);
    assert_eq!((window.offset(), window.outstanding()), (12, 1));

    window.acknowledge(10);
    assert!(matches!(window.next_step(later), Step::Unshelve(ids) if ids == [10]));
    window.unshelved(&[10]);
    assert!(matches!(window.next_step(later), Step::Poll(12)));
}

#[test]
fn an_update_that_is_handled_while_it_is_shelved_comes_off_again() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, [10], now);
    window.acknowledge(10);
    window.shelved(&updates([10]));
    assert_eq!(window.to_unshelve(), [10]);
}

#[test]
fn what_is_found_on_the_shelf_and_was_handled_comes_off_it() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, 10..=12, now);
    window.acknowledge(11);
    let found = window.admit_shelved(updates([9, 10, 11]), now);
    assert_eq!(ids(&found), [9], "10 is under way");
    assert_eq!(window.to_unshelve(), [11]);
    assert_eq!(window.offset(), 10, "who put 10 there is not known");
    let found = window.admit_shelved(updates([9, 10, 11]), now);
    assert_eq!((ids(&found), window.to_unshelve()), (vec![], [11].as_slice()));
}

#[test]
fn without_a_shelf_a_slow_update_is_waited_for() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, [10], now);
    assert!(matches!(
        window.next_step(now + Duration::from_secs(100)),
        Step::Poll(10)
    ));
}

#[test]
fn a_shelf_that_fails_rests_for_a_moment() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, [10], now);
    let later = now + PollingConfig::default().patience;
    assert!(matches!(window.next_step(later), Step::Shelve(_)));
    window.shelf_failed(later);
    assert!(!matches!(window.next_step(later), Step::Shelve(_)));
    assert!(matches!(window.next_step(later + SLOWEST_PACE), Step::Shelve(_)));
}

#[test]
fn an_update_that_may_be_on_the_shelf_comes_off_it_once_it_is_handled() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, [10, 11, 12], now);
    let later = now + PollingConfig::default().patience;
    let Step::Shelve(updates) = window.next_step(later) else {
        panic!("slow updates go to the shelf");
    };
    // Some of them may be there when putting them failed.
    window.acknowledge(11);
    window.shelving_failed(&updates, later);
    window.acknowledge(10);
    assert_eq!(window.to_unshelve(), [11, 10]);
    assert!(matches!(window.next_step(later + SLOWEST_PACE), Step::Unshelve(ids) if ids == [11, 10]));
}

#[test]
fn an_update_that_is_given_back_is_handed_out_again_after_a_growing_pause() {
    let (mut window, mut now) = (window(false), Instant::now());
    poll(&mut window, [10], now);
    for attempt in 2..5 {
        window.give_back(10, now);
        let pause = REDELIVERY_PAUSE * (attempt - 1);
        assert!(!matches!(window.next_step(now + pause / 2), Step::HandOut(_)));
        now += pause;
        let Step::HandOut(due) = window.next_step(now) else {
            panic!()
        };
        assert_eq!((ids(&due), due[0].1), (vec![10], attempt));
    }
    assert_eq!(window.offset(), 10);
}

#[test]
fn at_the_most_outstanding_updates_nothing_is_fetched() {
    let config = PollingConfig {
        max_outstanding: 3,
        ..PollingConfig::default()
    };
    let (mut window, now) = (Window::new(config, false), Instant::now());
    poll(&mut window, 1..=3, now);
    assert_eq!(wait(&window.next_step(now + Duration::from_secs(9))), None);
    window.acknowledge(1);
    assert!(matches!(
        window.next_step(now + Duration::from_secs(9)),
        Step::Poll(2)
    ));
}

#[test]
fn ids_that_start_over_below_are_followed() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, [900, 901], now);
    window.acknowledge(900);
    window.acknowledge(901);
    assert_eq!(poll(&mut window, [5, 6], now), [5, 6]);
    assert_eq!(window.offset(), 5);
    window.acknowledge(5);
    window.acknowledge(6);
    assert_eq!(window.offset(), 7);
}

#[test]
fn ids_that_start_over_while_an_old_update_is_under_way_skip_nothing() {
    let (mut window, now) = (window(true), Instant::now());
    poll(&mut window, [900, 901], now);
    window.shelved(&updates([900]));
    window.acknowledge(901);
    assert_eq!(poll(&mut window, [5], now), [5]);
    window.acknowledge(5);
    assert_eq!(window.offset(), 6);
}

#[test]
fn a_stalled_update_is_told_once() {
    let (mut window, now) = (window(false), Instant::now());
    poll(&mut window, [10, 11], now);
    window.acknowledge(11);
    let stalled_after = PollingConfig::default().stalled_after;
    assert_eq!(window.newly_stalled(now + stalled_after / 2), [0_i64; 0]);
    assert_eq!(window.newly_stalled(now + stalled_after), [10]);
    assert_eq!(window.newly_stalled(now + stalled_after * 2), [0_i64; 0]);
}

#[test]
fn the_last_confirmation_is_made_only_if_it_says_something_new() {
    let (mut window, now) = (window(false), Instant::now());
    assert_eq!(window.unconfirmed_offset(now), None, "nothing was polled");
    poll(&mut window, [10], now);
    window.acknowledge(10);
    assert_eq!(window.unconfirmed_offset(now), Some(11));
    window.poll_begins(11, now);
    assert_eq!(
        window.unconfirmed_offset(now),
        Some(11),
        "the open poll may not have arrived"
    );
    assert_eq!(window.unconfirmed_offset(now + SENT_FOR_SURE), None);
    window.poll_failed();
    assert_eq!(window.unconfirmed_offset(now + SENT_FOR_SURE), Some(11));
    window.confirmed(11, now);
    assert_eq!(window.unconfirmed_offset(now), None);
}

/// What happens to a window in the property test.
#[derive(Debug, Clone)]
enum Event {
    Arrive(u8),
    Step,
    Acknowledge(prop::sample::Index),
    GiveBack(prop::sample::Index),
    Advance(u16),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (1_u8..150).prop_map(Event::Arrive),
        5 => Just(Event::Step),
        4 => any::<prop::sample::Index>().prop_map(Event::Acknowledge),
        1 => any::<prop::sample::Index>().prop_map(Event::GiveBack),
        2 => (1_u16..2_000).prop_map(Event::Advance),
    ]
}

/// Telegram's queue and the shelf, and what the window must never do to them.
struct Model {
    window: Window,
    now: Instant,
    queue: BTreeSet<i64>,
    shelf: BTreeSet<i64>,
    newest: i64,
    under_way: BTreeMap<i64, u32>,
    given_back: BTreeMap<i64, u32>,
    handled: BTreeSet<i64>,
}

impl Model {
    fn new(has_shelf: bool) -> Self {
        Self {
            window: window(has_shelf),
            now: Instant::now(),
            queue: BTreeSet::new(),
            shelf: BTreeSet::new(),
            newest: 100,
            under_way: BTreeMap::new(),
            given_back: BTreeMap::new(),
            handled: BTreeSet::new(),
        }
    }

    fn hand_out(&mut self, due: Vec<Due>) {
        for (update, attempt) in due {
            assert!(
                !self.handled.contains(&update.id),
                "{} is handed out after it was handled",
                update.id
            );
            let given_back = self.given_back.remove(&update.id);
            assert_eq!(attempt, given_back.map_or(1, |before| before + 1));
            assert_eq!(
                self.under_way.insert(update.id, attempt),
                None,
                "{} is handed out twice",
                update.id
            );
        }
    }

    /// Carries out one step; answers with the time to wait until before the next one.
    fn step(&mut self) -> Instant {
        match self.window.next_step(self.now) {
            Step::HandOut(due) => self.hand_out(due),
            Step::Shelve(slow) => {
                self.shelf.extend(slow.iter().map(|update| update.id));
                self.window.shelved(&slow);
            }
            Step::Unshelve(ids) => {
                for id in &ids {
                    assert!(self.shelf.remove(id));
                }
                self.window.unshelved(&ids);
            }
            Step::Poll(offset) => {
                for id in self.queue.iter().take_while(|id| **id < offset) {
                    let safe = self.handled.contains(id) || self.shelf.contains(id);
                    assert!(safe, "update {id} was confirmed before it was handled or shelved");
                }
                self.queue.retain(|id| *id >= offset);
                self.window.poll_begins(offset, self.now);
                let page = updates(self.queue.iter().copied().take(PAGE_LIMIT.into()));
                let due = self.window.admit(page, self.now);
                self.hand_out(due);
            }
            Step::Wait(until) => return until.unwrap_or(self.now),
        }
        self.now
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Arrive(count) => {
                for _ in 0..count {
                    self.newest += 1;
                    self.queue.insert(self.newest);
                }
            }
            Event::Step => {
                self.step();
            }
            Event::Acknowledge(pick) => {
                if let Some(id) = self.pick(pick) {
                    self.under_way.remove(&id);
                    self.handled.insert(id);
                    self.window.acknowledge(id);
                }
            }
            Event::GiveBack(pick) => {
                if let Some(id) = self.pick(pick) {
                    let attempt = self.under_way.remove(&id).unwrap();
                    self.given_back.insert(id, attempt);
                    self.window.give_back(id, self.now);
                }
            }
            Event::Advance(milliseconds) => self.now += Duration::from_millis(milliseconds.into()),
        }
    }

    fn pick(&self, pick: prop::sample::Index) -> Option<i64> {
        let ids: Vec<_> = self.under_way.keys().copied().collect();
        (!ids.is_empty()).then(|| *pick.get(&ids))
    }

    /// From here on every update is handled at once; answers when nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            while let Some((id, _)) = self.under_way.pop_first() {
                self.handled.insert(id);
                self.window.acknowledge(id);
            }
            if self.queue.is_empty() && self.shelf.is_empty() && self.given_back.is_empty() {
                return;
            }
            self.now = self.step();
        }
        panic!("the window never comes to rest");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_update_is_handled_once_and_confirmed_only_then(
        events in prop::collection::vec(event(), 1..100),
        has_shelf: bool,
    ) {
        let mut model = Model::new(has_shelf);
        for event in events {
            model.apply(&event);
            prop_assert_eq!(model.window.outstanding(), model.under_way.len() + model.given_back.len());
        }
        model.settle();
        prop_assert_eq!(model.handled.len(), usize::try_from(model.newest - 100).unwrap());
        prop_assert_eq!(model.window.outstanding(), 0);
    }
}
