//! Runs one schedule.

use std::fmt;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::chance::Chance;
use crate::filled_in;
use crate::invariants;
use crate::person::{Person, QUESTIONS};
use crate::process::{PausedClock, Process, Surroundings};
use crate::schedule::{Mode, Schedule};
use crate::shipping::Shipping;
use crate::store::Store;
use crate::telegram::Telegram;
use crate::trace::Trace;
use crate::weather::Weather;

/// When all is calm, everything has to be done within this long: five leases of a minute, and the pauses in between.
pub(crate) const LONGEST_CALM: Duration = Duration::from_mins(20);

/// After this long no write from before the calm is on its way any more.
const LATEST_WRITE: Duration = Duration::from_secs(5);

/// Whoever is to take a call up has done so after this long.
const LONGEST_LEASE: Duration = Duration::from_mins(1);

/// What came of a run, or of several.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) schedule: String,
    /// What went wrong: nothing, it is hoped.
    pub(crate) problems: Vec<String>,
    /// What happened, in order.
    pub(crate) lines: Vec<String>,
    pub(crate) steps: usize,
    pub(crate) updates: usize,
    pub(crate) commits: usize,
    pub(crate) labels: usize,
    pub(crate) faults: u64,
    pub(crate) crashes: u64,
    pub(crate) conflicts: u64,
    pub(crate) repeated: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.updates += other.updates;
        self.commits += other.commits;
        self.labels += other.labels;
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.conflicts += other.conflicts;
        self.repeated += other.repeated;
    }

    pub(crate) fn print(&self) {
        println!("seed {}: {}", self.seed, self.schedule);
        for line in &self.lines {
            println!("{line}");
        }
        for problem in &self.problems {
            println!("PROBLEM: {problem}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} steps, {} updates, {} commits, {} labels; {} calls failed, {} processes ended, {} writes came too \
             late, {} pages of updates came again",
            self.steps,
            self.updates,
            self.commits,
            self.labels,
            self.faults,
            self.crashes,
            self.conflicts,
            self.repeated
        )
    }
}

/// Runs the schedule of a seed, in virtual time.
pub(crate) fn run(seed: u64) -> Report {
    // What the pauses between retries draw from.
    fastrand::seed(seed);
    in_virtual_time(live(seed))
}

/// Runs something in a time that passes only while everything waits.
pub(crate) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

async fn live(seed: u64) -> Report {
    let chance = Chance::of(seed);
    let schedule = Schedule::draw(&chance);
    let trace = Trace::new();
    let weather = Weather::new(schedule.severity, chance.clone(), trace.clone());
    let around = Surroundings {
        store: Store::new(weather.clone()),
        telegram: Telegram::new(weather.clone(), schedule.mode == Mode::Rivals),
        shipping: Shipping::new(weather.clone()),
        clock: PausedClock {
            start: Instant::now(),
        },
        has_shelf: schedule.mode != Mode::Rivals,
    };

    if schedule.is_order_filled_in {
        for (_, id) in schedule.people.iter().zip(100..) {
            near_the_end(id, &around).await;
        }
    }
    let people = join_all(schedule.people.iter().zip(100..).map(|(deeds, id)| {
        Person {
            id,
            deeds: *deeds,
            is_known: schedule.is_order_filled_in,
            chance: chance.clone(),
            telegram: around.telegram.clone(),
        }
        .live()
    }));
    let outages = join_all(schedule.outages.iter().map(|(at, long)| {
        let weather = weather.clone();
        async move {
            sleep(*at).await;
            weather.set_store_down(true);
            weather.trace.note("the store is down");
            sleep(*long).await;
            weather.set_store_down(false);
            weather.trace.note("the store is up");
        }
    }));
    let ((), mut processes) = tokio::join!(
        async {
            people.await;
            outages.await;
        },
        come_and_go(&schedule, &around, &weather)
    );

    trace.note("all is calm");
    weather.calm_down();
    let give_up_at = Instant::now() + LONGEST_CALM;
    sleep(LATEST_WRITE).await;
    while !invariants::is_done(&around) && Instant::now() < give_up_at {
        sleep(Duration::from_secs(1)).await;
    }
    if !around.shipping.sales().labels.is_empty() {
        // Another call may be about to buy while all looks done.
        sleep(LONGEST_LEASE).await;
    }
    let may_leave_updates = !schedule.ends.is_empty() || schedule.severity > 0;
    let last = may_leave_updates.then(|| {
        // What lies on the shelf of a process that died, or got there late, comes off it in the next one.
        trace.note("the last process starts");
        Process::start(usize::MAX, &around)
    });
    if last.is_some() {
        processes.drain(..).for_each(Process::crash);
    }
    while !(invariants::is_done(&around) && invariants::shelf(&around).await.is_empty())
        && Instant::now() < give_up_at
    {
        sleep(Duration::from_secs(1)).await;
    }
    let problems = invariants::problems(&around).await;
    processes.into_iter().chain(last).for_each(Process::crash);
    report(seed, &schedule, &around, &trace, &weather, problems)
}

/// Gives a person an order that waits for its last answer.
pub(crate) async fn near_the_end(person: i64, around: &Surroundings) {
    let session = filled_in::session_of(person, around.clock);
    around.store.put(session).await;
    let (prompt, ..) = QUESTIONS[QUESTIONS.len() - 1];
    let mut state = around.telegram.state();
    state
        .chats
        .entry(person)
        .or_default()
        .take(prompt.to_owned(), Vec::new());
}

/// Starts and ends processes; answers those that live on.
async fn come_and_go(schedule: &Schedule, around: &Surroundings, weather: &Weather) -> Vec<Process> {
    let start = |name| {
        weather.trace.note(format_args!("p{name} starts"));
        Process::start(name, around)
    };
    let mut alive = vec![start(0)];
    let mut name = 1;
    if schedule.mode == Mode::Rivals {
        alive.push(start(1));
        name = 2;
    }
    for end in &schedule.ends {
        sleep(*end).await;
        let process = alive.remove(weather.chance.below(alive.len()));
        match schedule.mode {
            Mode::Deploys => {
                alive.push(start(name));
                weather
                    .trace
                    .note(format_args!("p{} is stopped", process.life.name));
                process.stop().await;
            }
            Mode::Alone | Mode::Rivals => {
                weather.trace.note(format_args!("p{} dies", process.life.name));
                process.crash();
                weather.pass(0, 2_000, 15_000).await;
                alive.push(start(name));
            }
        }
        name += 1;
    }
    alive
}

fn report(
    seed: u64,
    schedule: &Schedule,
    around: &Surroundings,
    trace: &Trace,
    weather: &Weather,
    problems: Vec<String>,
) -> Report {
    let lines = trace.lines();
    let history = around.store.history();
    let state = around.telegram.state();
    Report {
        seed,
        schedule: format!("{schedule:?}"),
        problems,
        steps: lines.len(),
        lines,
        updates: state.sent.len(),
        commits: history.commits.values().map(Vec::len).sum(),
        labels: around.shipping.sales().labels.values().map(Vec::len).sum(),
        faults: weather.faults(),
        crashes: u64::try_from(schedule.ends.len()).unwrap_or(0),
        conflicts: history.conflicts,
        repeated: state.repeated,
    }
}
