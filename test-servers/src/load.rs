//! Writers who count while servers die, and what became of their counts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use stepkeep_core::{
    BotId, FieldName, FieldValue, NewSession, Session, SessionChange, SessionKey, SessionStore,
    StoreErrorKind, Timestamp, UserId,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many people's sessions are counted in.
const PEOPLE: i64 = 8;

/// How many tasks count in each of them.
const WRITERS_EACH: usize = 2;

/// Tasks that count in sessions, several in each, until they are stopped.
#[derive(Debug)]
pub struct Load {
    store: Arc<dyn SessionStore>,
    writers: JoinSet<()>,
    stop: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    acknowledged: BTreeMap<i64, u64>,
    unclear: BTreeMap<i64, u64>,
    refusals: BTreeMap<&'static str, u64>,
    last: Option<Instant>,
    longest_gap: Duration,
}

/// What became of the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Counts that were acknowledged.
    pub acknowledged: u64,
    /// Counts of which the store said that nobody can tell.
    pub unclear: u64,
    /// Acknowledged counts that are not in the sessions.
    pub lost: u64,
    /// Counts in the sessions that nobody can have made.
    pub surplus: u64,
    /// The longest time in which nothing was acknowledged.
    pub longest_gap: Duration,
    /// Errors by kind.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            acknowledged,
            unclear,
            lost,
            surplus,
            longest_gap,
            refusals,
        } = self;
        write!(
            formatter,
            "{acknowledged} counts acknowledged, {unclear} unclear, {lost} lost, {surplus} too many; at most {} ms without \
             one; errors: {refusals:?}",
            longest_gap.as_millis()
        )
    }
}

impl Load {
    /// Creates the sessions and lets the writers loose.
    ///
    /// # Panics
    /// When the sessions can't be created.
    pub async fn start(store: Arc<dyn SessionStore>) -> Self {
        for person in 0..PEOPLE {
            let new = NewSession::new(key(person), SessionChange::new(Timestamp::from_millis(1)));
            if let Err(error) = store.create(new).await {
                panic!("no session to count in: {error}");
            }
        }
        let mut load = Self {
            store,
            writers: JoinSet::new(),
            stop: Arc::default(),
            counts: Arc::default(),
        };
        for person in (0..PEOPLE)
            .cycle()
            .take(WRITERS_EACH * usize::try_from(PEOPLE).unwrap_or(1))
        {
            let (store, stop) = (Arc::clone(&load.store), Arc::clone(&load.stop));
            let counts = Arc::clone(&load.counts);
            load.writers.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    count(&*store, person, &counts).await;
                }
            });
        }
        load
    }

    /// How many counts were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.counts.lock().acknowledged.values().sum()
    }

    /// Waits until so many more are acknowledged: that the writers work.
    pub async fn goes_on(&self, counts: u64) {
        let enough = self.acknowledged() + counts;
        while self.acknowledged() < enough {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Stops the writers, and compares what they were told with what is there.
    ///
    /// # Panics
    /// When a session can't be read.
    pub async fn stop(mut self) -> Tally {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(writer) = self.writers.join_next().await {
            if let Err(error) = writer {
                panic!("a writer: {error}");
            }
        }
        let counts = std::mem::take(&mut *self.counts.lock());
        let mut tally = Tally {
            longest_gap: counts.longest_gap,
            refusals: counts.refusals,
            ..Tally::default()
        };
        for person in 0..PEOPLE {
            let stored = match self.store.get(&key(person)).await {
                Ok(session) => session.as_ref().map_or(0, counted),
                Err(error) => panic!("a session that was counted in can't be read: {error}"),
            };
            let of = |counts: &BTreeMap<i64, u64>| counts.get(&person).copied().unwrap_or(0);
            let (acknowledged, unclear) = (of(&counts.acknowledged), of(&counts.unclear));
            tally.acknowledged += acknowledged;
            tally.unclear += unclear;
            tally.lost += acknowledged.saturating_sub(stored);
            tally.surplus += stored.saturating_sub(acknowledged + unclear);
        }
        tally
    }
}

async fn count(store: &dyn SessionStore, person: i64, counts: &Mutex<Counts>) {
    let counted = match store.get(&key(person)).await {
        Ok(Some(held)) => {
            let change = SessionChange::new(Timestamp::from_millis(2)).set(
                FieldName::constant("n"),
                FieldValue::from_json_value(&(counted(&held) + 1).into()),
            );
            store.update(&held, &change).await.map(drop)
        }
        Ok(None) => return refused(counts, "absent").await,
        Err(error) => Err(error),
    };
    match counted {
        Ok(()) => {
            let mut counts = counts.lock();
            *counts.acknowledged.entry(person).or_default() += 1;
            let now = Instant::now();
            if let Some(last) = counts.last.replace(now) {
                counts.longest_gap = counts.longest_gap.max(now - last);
            }
        }
        Err(error) if error.kind() == StoreErrorKind::Conflict => {}
        Err(error) => {
            if error.kind() == StoreErrorKind::Indeterminate {
                *counts.lock().unclear.entry(person).or_default() += 1;
            }
            refused(counts, error.kind().as_str()).await;
        }
    }
}

async fn refused(counts: &Mutex<Counts>, kind: &'static str) {
    *counts.lock().refusals.entry(kind).or_default() += 1;
    tokio::time::sleep(Duration::from_millis(5)).await;
}

fn key(person: i64) -> SessionKey {
    SessionKey::private(BotId(7), UserId(person))
}

fn counted(session: &Session) -> u64 {
    session.field("n").and_then(|n| n.get().ok()).unwrap_or(0)
}
