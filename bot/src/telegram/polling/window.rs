//! Which updates are under way, and what to do next: the poller's memory, without any I/O.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{super::update::RawUpdate, poller::PollingConfig};

/// The least time between two polls with the same offset. Within it, Telegram's server answers with one update only.
const SAME_OFFSET_PACE: Duration = Duration::from_millis(500);
/// What that grows to while the same offset brings nothing new.
const SLOWEST_PACE: Duration = Duration::from_secs(1);
/// While most of what the last poll showed is still unconfirmed, the next one would mostly repeat it; it waits this long.
const CROWDED_PACE: Duration = Duration::from_millis(100);
/// A request that has been open for this long has surely reached Telegram.
const SENT_FOR_SURE: Duration = Duration::from_secs(1);
/// How long an update that was given back waits, times the attempts so far.
const REDELIVERY_PAUSE: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_REDELIVERY_PAUSE: Duration = Duration::from_secs(10);

/// The updates between the offset and the last one seen, and those on the shelf.
#[derive(Debug)]
pub(super) struct Window {
    config: PollingConfig,
    has_shelf: bool,
    /// By id. Acknowledged ones stay until the offset has passed them, so that a page that repeats them is seen through.
    entries: BTreeMap<i64, Entry>,
    /// One past the last update seen.
    next: i64,
    /// How many entries are not acknowledged.
    outstanding: usize,
    last_poll: Option<LastPoll>,
    /// No update goes to the shelf before this: it failed a moment ago.
    shelf_rests_until: Option<Instant>,
    /// Acknowledged, but still on the shelf.
    to_unshelve: Vec<i64>,
}

#[derive(Debug)]
struct Entry {
    update: RawUpdate,
    attempt: u32,
    /// When it was first handed out.
    since: Instant,
    shelved: bool,
    /// Putting it on the shelf failed, which leaves open whether it is there.
    may_be_shelved: bool,
    warned: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    UnderWay,
    GivenBack { again_at: Instant },
    Acknowledged,
}

#[derive(Debug, Clone, Copy)]
struct LastPoll {
    offset: i64,
    started: Instant,
    /// How long the same offset has to wait, counted from `started`.
    pace: Duration,
    /// How many updates from the offset on were known after its answer.
    visible: usize,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Open,
    Answered,
    Failed,
}

/// An update that is to be handed out, and how often it has been, this time included.
pub(super) type Due = (RawUpdate, u32);

/// What the poller does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Hand these out again.
    HandOut(Vec<Due>),
    /// Keep these on the shelf, then tell with [`Window::shelved`] or [`Window::shelving_failed`].
    Shelve(Vec<RawUpdate>),
    /// Drop these from the shelf, then tell with [`Window::unshelved`] or [`Window::shelf_failed`].
    Unshelve(Vec<i64>),
    /// Ask Telegram from this offset on.
    Poll(i64),
    /// Nothing until a receipt comes in, or until then.
    Wait(Option<Instant>),
}

impl Entry {
    fn is_outstanding(&self) -> bool {
        self.state != State::Acknowledged
    }

    /// Whether it keeps the offset from going past it.
    fn holds_offset(&self) -> bool {
        self.is_outstanding() && !self.shelved
    }
}

impl Window {
    pub(super) fn new(config: PollingConfig, has_shelf: bool) -> Self {
        Self {
            config,
            has_shelf,
            entries: BTreeMap::new(),
            next: 0,
            outstanding: 0,
            last_poll: None,
            shelf_rests_until: None,
            to_unshelve: Vec::new(),
        }
    }

    /// The lowest id that Telegram may not forget yet.
    pub(super) fn offset(&self) -> i64 {
        let first_held = self
            .entries
            .iter()
            .find(|(_, entry)| entry.holds_offset())
            .map(|(id, _)| *id);
        first_held.map_or(self.next, |id| id.min(self.next))
    }

    /// How many updates are handed out or wait to be handed out again.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// The offset that a last poll has to confirm, if the polls so far haven't.
    pub(super) fn unconfirmed_offset(&self, now: Instant) -> Option<i64> {
        let last = self.last_poll?;
        let offset = self.offset();
        let reached_telegram = match last.outcome {
            Outcome::Answered => true,
            Outcome::Open => now.duration_since(last.started) >= SENT_FOR_SURE,
            Outcome::Failed => false,
        };
        (offset != last.offset || !reached_telegram).then_some(offset)
    }

    /// The updates that are done with and still on the shelf.
    pub(super) fn to_unshelve(&self) -> &[i64] {
        &self.to_unshelve
    }

    /// Decides. Every answer but [`Step::Wait`] changes what the next one will be once it is carried out.
    pub(super) fn next_step(&mut self, now: Instant) -> Step {
        let mut wakes = match self.next_chore(now) {
            Step::Wait(until) => until,
            chore => return chore,
        };
        if self.outstanding < self.config.max_outstanding {
            let offset = self.offset();
            let at = self.poll_at(offset);
            if at.is_none_or(|at| at <= now) {
                return Step::Poll(offset);
            }
            wakes = wakes.into_iter().chain(at).min();
        }
        Step::Wait(wakes)
    }

    /// The same, but for polls: what is to be done also while one is open.
    pub(super) fn next_chore(&mut self, now: Instant) -> Step {
        if !self.to_unshelve.is_empty() && self.shelf_works(now) {
            return Step::Unshelve(self.to_unshelve.clone());
        }
        let again = self.take_given_back(now);
        if !again.is_empty() {
            return Step::HandOut(again);
        }
        let overdue = self.overdue(now);
        if !overdue.is_empty() {
            return Step::Shelve(overdue);
        }
        Step::Wait(self.timers(now).into_iter().min())
    }

    /// A poll from `offset` on begins. What lies below is confirmed by it, and can't come back.
    pub(super) fn poll_begins(&mut self, offset: i64, now: Instant) {
        self.entries
            .retain(|id, entry| *id >= offset || entry.is_outstanding());
        let pace = match self.last_poll {
            Some(last) if last.offset == offset => last.pace.saturating_mul(2).min(SLOWEST_PACE),
            _ => SAME_OFFSET_PACE,
        };
        let visible = self.entries.range(offset..).count();
        self.last_poll = Some(LastPoll {
            offset,
            started: now,
            pace,
            visible,
            outcome: Outcome::Open,
        });
    }

    /// Telegram took note of `offset`, outside of the usual polls.
    pub(super) fn confirmed(&mut self, offset: i64, now: Instant) {
        self.poll_begins(offset, now);
        self.admit(Vec::new(), now);
    }

    /// The poll brought no answer; whether it confirmed anything is unknown.
    pub(super) fn poll_failed(&mut self) {
        if let Some(poll) = &mut self.last_poll {
            poll.outcome = Outcome::Failed;
        }
    }

    /// Takes in what the poll brought, and answers with what is new. `page` is in Telegram's order.
    pub(super) fn admit(&mut self, page: Vec<RawUpdate>, now: Instant) -> Vec<Due> {
        let offset = self.last_poll.map_or(0, |poll| poll.offset);
        if let Some(last) = page.last() {
            // Ids start anywhere after a week without updates, so also below the ones before.
            let starts_over = last.id < offset;
            let past = last.id.saturating_add(1);
            self.next = if starts_over { past } else { self.next.max(past) };
        }
        let fresh: Vec<_> = page
            .into_iter()
            .filter_map(|update| self.enter(update, false, now))
            .collect();
        if let Some(poll) = &mut self.last_poll {
            poll.outcome = Outcome::Answered;
            poll.visible = self.entries.range(offset..).count();
            if !fresh.is_empty() {
                poll.pace = SAME_OFFSET_PACE;
            }
        }
        fresh
    }

    /// Takes in what was found on the shelf. What was handled is to come off it, and what is known is not new.
    pub(super) fn admit_shelved(&mut self, updates: Vec<RawUpdate>, now: Instant) -> Vec<Due> {
        let mut fresh = Vec::new();
        for update in updates {
            let id = update.id;
            let is_handled = self.entries.get(&id).is_some_and(|entry| !entry.is_outstanding());
            match (self.to_unshelve.contains(&id), is_handled) {
                (true, _) => {}
                (false, true) => self.to_unshelve.push(id),
                (false, false) => fresh.extend(self.enter(update, true, now)),
            }
        }
        fresh
    }

    fn enter(&mut self, update: RawUpdate, shelved: bool, now: Instant) -> Option<Due> {
        if self.entries.contains_key(&update.id) {
            return None;
        }
        let due = (update.clone(), 1);
        let entry = Entry {
            update,
            attempt: 1,
            since: now,
            shelved,
            may_be_shelved: false,
            warned: false,
            state: State::UnderWay,
        };
        self.entries.insert(entry.update.id, entry);
        self.outstanding += 1;
        Some(due)
    }

    pub(super) fn acknowledge(&mut self, id: i64) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.is_outstanding()) else {
            return;
        };
        entry.state = State::Acknowledged;
        self.outstanding -= 1;
        if entry.shelved || entry.may_be_shelved {
            entry.shelved = false;
            self.to_unshelve.push(id);
        }
    }

    pub(super) fn give_back(&mut self, id: i64, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.is_outstanding()) {
            let pause = REDELIVERY_PAUSE
                .saturating_mul(entry.attempt)
                .min(LONGEST_REDELIVERY_PAUSE);
            entry.state = State::GivenBack {
                again_at: now + pause,
            };
        }
    }

    /// These are on the shelf now. One that was acknowledged meanwhile has to come off again.
    pub(super) fn shelved(&mut self, updates: &[RawUpdate]) {
        for update in updates {
            match self.entries.get_mut(&update.id) {
                Some(entry) if entry.is_outstanding() => entry.shelved = true,
                _ => self.to_unshelve.push(update.id),
            }
        }
    }

    /// These are off the shelf.
    pub(super) fn unshelved(&mut self, ids: &[i64]) {
        self.to_unshelve.retain(|id| !ids.contains(id));
    }

    /// These could not be put on the shelf, or only some of them: they are tried again, unless they are acknowledged
    /// before, and then they come off all the same. One that stayed would be handed out by a process that starts when
    /// nobody knows any more that it was handled.
    pub(super) fn shelving_failed(&mut self, updates: &[RawUpdate], now: Instant) {
        for update in updates {
            match self.entries.get_mut(&update.id) {
                Some(entry) if entry.is_outstanding() => entry.may_be_shelved = true,
                _ => self.to_unshelve.push(update.id),
            }
        }
        self.shelf_failed(now);
    }

    /// The shelf failed: it rests for a moment.
    pub(super) fn shelf_failed(&mut self, now: Instant) {
        self.shelf_rests_until = Some(now + SLOWEST_PACE);
    }

    /// The updates that are out for so long that somebody should know; each is told once.
    pub(super) fn newly_stalled(&mut self, now: Instant) -> Vec<i64> {
        let stalled_after = self.config.stalled_after;
        let stalled = |entry: &Entry| {
            entry.is_outstanding() && !entry.warned && now.duration_since(entry.since) >= stalled_after
        };
        self.entries
            .iter_mut()
            .filter(|(_, entry)| stalled(entry))
            .map(|(id, entry)| {
                entry.warned = true;
                *id
            })
            .collect()
    }

    fn shelf_works(&self, now: Instant) -> bool {
        self.has_shelf && self.shelf_rests_until.is_none_or(|until| until <= now)
    }

    fn take_given_back(&mut self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        for entry in self.entries.values_mut() {
            if matches!(entry.state, State::GivenBack { again_at } if again_at <= now) {
                entry.state = State::UnderWay;
                entry.attempt = entry.attempt.saturating_add(1);
                due.push((entry.update.clone(), entry.attempt));
            }
        }
        due
    }

    fn overdue(&self, now: Instant) -> Vec<RawUpdate> {
        if !self.shelf_works(now) {
            return Vec::new();
        }
        self.entries
            .values()
            .filter(|entry| entry.holds_offset() && now.duration_since(entry.since) >= self.config.patience)
            .map(|entry| entry.update.clone())
            .collect()
    }

    /// The instants at which something other than a poll falls due.
    fn timers(&self, now: Instant) -> Vec<Instant> {
        let given_back = self.entries.values().filter_map(|entry| match entry.state {
            State::GivenBack { again_at } => Some(again_at),
            State::UnderWay | State::Acknowledged => None,
        });
        let mut timers: Vec<_> = given_back.min().into_iter().collect();
        if self.has_shelf {
            let held = self.entries.values().filter(|entry| entry.holds_offset());
            let overdue_at = held.map(|entry| entry.since + self.config.patience).min();
            timers.extend(overdue_at.map(|at| self.shelf_rests_until.map_or(at, |rest| at.max(rest))));
            if !self.to_unshelve.is_empty() {
                timers.extend(self.shelf_rests_until.filter(|rest| *rest > now));
            }
        }
        timers
    }

    /// When to ask from `offset` on; `None` is at once.
    fn poll_at(&self, offset: i64) -> Option<Instant> {
        let last = self.last_poll?;
        if offset == last.offset {
            return Some(last.started + last.pace);
        }
        let repeated = self.entries.range(offset..).count();
        (repeated * 2 > last.visible).then(|| last.started + CROWDED_PACE)
    }
}

#[cfg(test)]
mod tests;
