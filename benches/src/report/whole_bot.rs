//! Whole bots: the crowd talks with the release binary on each store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::time::MissedTickBehavior;

/// How many people talk at once.
pub const PEOPLE: u32 = 200;

/// How a bot runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The store, as the crowd calls it.
    pub store: &'static str,
    /// How updates reach it, as the crowd calls it.
    pub delivery: &'static str,
    /// How many processes share the work.
    pub processes: u32,
}

impl Setup {
    const fn polling(store: &'static str) -> Self {
        Self {
            store,
            delivery: "polling",
            processes: 1,
        }
    }

    const fn webhook(store: &'static str, processes: u32) -> Self {
        Self {
            store,
            delivery: "webhook",
            processes,
        }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            store,
            delivery,
            processes,
        } = self;
        write!(f, "{store}, by {delivery}, processes: {processes}")
    }
}

/// All that are measured. Several processes need a store that they can share.
pub const SETUPS: [Setup; 8] = [
    Setup::polling("memory"),
    Setup::polling("sqlite"),
    Setup::polling("redis"),
    Setup::polling("mongodb"),
    Setup::webhook("redis", 1),
    Setup::webhook("redis", 3),
    Setup::webhook("mongodb", 1),
    Setup::webhook("mongodb", 3),
];

/// Those whose stores are among these of the report.
pub fn setups_on(wanted: &[String]) -> impl Iterator<Item = Setup> {
    let is_wanted = |store: &str| wanted.iter().any(|name| name.split('-').next() == Some(store));
    SETUPS.into_iter().filter(move |setup| is_wanted(setup.store))
}

/// What a crowd met on a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeBot {
    /// The store.
    pub store: String,
    /// How updates reached it.
    #[serde(default = "polling")]
    pub delivery: String,
    /// How many processes shared the work.
    #[serde(default = "one")]
    pub processes: u32,
    /// How many people talked at once.
    pub people: u32,
    /// Answers per second.
    pub answers_per_second: f64,
    /// Half of the answers took at most so long, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The processor time of the bot for each answer, in milliseconds.
    pub processor_ms: f64,
    /// How many of the machine's cores were busy, with whatever it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_cores: Option<f64>,
    /// The most memory that a process of the bot had, in MiB.
    pub memory_mib: f64,
    /// How many calls to the Bot API an answer took, long polls among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_answer: Option<f64>,
    /// How many promises were broken.
    pub broken: usize,
}

fn polling() -> String {
    "polling".to_owned()
}

const fn one() -> u32 {
    1
}

/// The parts of the crowd's report that matter here.
#[derive(Debug, Deserialize)]
struct Report {
    answers: u32,
    answers_per_second: f64,
    telegram_calls: u32,
    latency: Latency,
    violations: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Latency {
    outside_of_faults: Percentiles,
}

#[derive(Debug, Deserialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
}

/// The crowd's program and the bot's beside this one; `None` when they were not built.
pub fn programs() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.to_owned();
    let crowd = folder.join("stepkeep-crowd");
    (crowd.is_file() && folder.join("stepkeep").is_file()).then_some(crowd)
}

/// Lets a crowd talk for so long with a bot that runs like this.
///
/// # Errors
/// When the crowd can't run.
///
/// # Cancellation
/// Dropping the future ends the crowd, which ends what it started.
pub async fn measure(crowd: &Path, setup: Setup, time: Duration) -> anyhow::Result<WholeBot> {
    let time = format!("{}s", time.as_secs());
    let people = PEOPLE.to_string();
    let child = Command::new(crowd)
        .args([
            "--store",
            setup.store,
            "--delivery",
            setup.delivery,
            "--processes",
            &setup.processes.to_string(),
            "--people",
            &people,
            "--conversations",
            "1000000",
        ])
        .args([
            "--time-limit",
            &time,
            "--faults",
            "none",
            "--think",
            "0ms",
            "--json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the crowd can't be started")?;
    let (output, used) = watch(child).await?;
    let report: Report = serde_json::from_slice(&output).context("the crowd brought no report")?;
    ensure!(report.answers > 0, "the crowd got no answer");
    Ok(WholeBot {
        store: setup.store.to_owned(),
        delivery: setup.delivery.to_owned(),
        processes: setup.processes,
        people: PEOPLE,
        answers_per_second: report.answers_per_second,
        p50_ms: report.latency.outside_of_faults.p50,
        p99_ms: report.latency.outside_of_faults.p99,
        processor_ms: used.processor_ms / f64::from(report.answers),
        busy_cores: used.busy_cores,
        memory_mib: used.memory_mib,
        calls_per_answer: Some(f64::from(report.telegram_calls) / f64::from(report.answers)),
        broken: report.violations.len(),
    })
}

/// What the bot's processes used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Used {
    /// All of them.
    processor_ms: f64,
    /// The one that had the most.
    memory_mib: f64,
    /// How many cores were busy since the bot was there.
    busy_cores: Option<f64>,
}

/// Waits for the crowd, and looks meanwhile at the bot that it has started.
async fn watch(child: Child) -> anyhow::Result<(Vec<u8>, Used)> {
    let crowd = child.id().context("the crowd has ended")?;
    let mut ended = Box::pin(child.wait_with_output());
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut used, mut since) = (Used::default(), None);
    loop {
        tokio::select! {
            output = &mut ended => return Ok((output?.stdout, used)),
            _ = looks.tick() => if let Some(now) = bots_of(crowd) {
                let all = std::fs::read_to_string("/proc/stat").ok().as_deref().and_then(Cores::read);
                since = since.or(all);
                let busy_cores = since.zip(all).and_then(|(since, all)| all.busy_since(since));
                // Of several, some end before the others.
                used = Used {
                    processor_ms: used.processor_ms.max(now.processor_ms),
                    memory_mib: used.memory_mib.max(now.memory_mib),
                    busy_cores,
                };
            }
        }
    }
}

/// What all cores did since the machine started, in hundredths of a second.
#[derive(Clone, Copy, Debug)]
struct Cores {
    all: f64,
    busy: f64,
    count: f64,
}

impl Cores {
    /// Out of `/proc/stat`: a line of all, and one of each.
    fn read(stat: &str) -> Option<Self> {
        let words = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        // What guests used is in the time of users already.
        let times: Vec<f64> = words.take(8).map_while(|word| word.parse().ok()).collect();
        let waiting: f64 = times.iter().skip(3).take(2).sum();
        let all: f64 = times.iter().sum();
        let count = stat.lines().skip(1).take_while(|line| line.starts_with("cpu"));
        Some(Self {
            all,
            busy: all - waiting,
            count: f64::from(u32::try_from(count.count()).ok()?),
        })
    }

    fn busy_since(self, earlier: Self) -> Option<f64> {
        let all = self.all - earlier.all;
        (all > 0.0).then(|| (self.busy - earlier.busy) / all * self.count)
    }
}

/// What the bots used that this process has started.
fn bots_of(crowd: u32) -> Option<Used> {
    let processes = std::fs::read_dir("/proc").ok()?;
    let folders = processes.filter_map(|process| Some(process.ok()?.path()));
    let used = folders.filter_map(|folder| {
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        if !is_bot_of(&stat, crowd) {
            return None;
        }
        let memory = std::fs::read_to_string(folder.join("status")).ok()?;
        Some((processor_ms(&stat)?, memory_mib(&memory)?))
    });
    let together = |sum: Used, (processor_ms, memory_mib): (f64, f64)| Used {
        processor_ms: sum.processor_ms + processor_ms,
        memory_mib: sum.memory_mib.max(memory_mib),
        busy_cores: None,
    };
    Some(used.fold(Used::default(), together)).filter(|used| used.memory_mib > 0.0)
}

/// What follows the name in a process's `stat`: names may have spaces.
fn after_name(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

fn is_bot_of(stat: &str, parent: u32) -> bool {
    let parent_of = after_name(stat).and_then(|mut words| words.nth(1)?.parse().ok());
    stat.contains("(stepkeep)") && parent_of == Some(parent)
}

/// Time in user and in kernel mode; Linux tells it in hundredths of a second.
pub(super) fn processor_ms(stat: &str) -> Option<f64> {
    let mut words = after_name(stat)?.skip(11);
    let (user, kernel): (u32, u32) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(f64::from(user + kernel) * 10.0)
}

fn memory_mib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.split_whitespace().next()?.parse().ok()?;
    Some(f64::from(kib) / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_runs_on_the_stores_that_are_wanted() {
        let wanted = ["sqlite-normal", "mongodb"].map(str::to_owned);
        let shown: Vec<String> = setups_on(&wanted).map(|setup| setup.to_string()).collect();
        assert_eq!(
            shown,
            [
                "sqlite, by polling, processes: 1",
                "mongodb, by polling, processes: 1",
                "mongodb, by webhook, processes: 1",
                "mongodb, by webhook, processes: 3",
            ]
        );
        let all = crate::STORES.map(str::to_owned);
        assert_eq!(setups_on(&all).collect::<Vec<_>>(), SETUPS);
    }

    #[test]
    fn what_an_earlier_report_has_was_by_polling_in_one_process() {
        let earlier = r#"{"store":"sqlite","people":200,"answers_per_second":1.0,"p50_ms":1.0,"p99_ms":1.0,
            "processor_ms":1.0,"memory_mib":1.0,"broken":0}"#;
        let bot: WholeBot = serde_json::from_str(earlier).unwrap();
        assert_eq!(
            (&*bot.delivery, bot.processes, bot.busy_cores),
            ("polling", 1, None)
        );
    }

    #[test]
    fn cores_are_busy_when_they_neither_idle_nor_wait() {
        let cores = |user: u32, idle: u32| {
            let line = format!("cpu  {user} 0 0 {idle} 10 0 0 0 {user} 0");
            Cores::read(&format!("{line}\ncpu0 1\ncpu1 1\nintr 5\n")).unwrap()
        };
        assert_eq!(cores(400, 100).busy_since(cores(100, 0)), Some(1.5));
        assert_eq!(
            cores(100, 0).busy_since(cores(100, 0)),
            None,
            "no time has passed"
        );
        assert!(Cores::read("intr 5\n").is_none());
    }

    #[test]
    fn the_bot_is_told_by_its_name_and_its_parent() {
        let stat = "71 (stepkeep) S 70 1 1 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 5 0 100";
        assert!(is_bot_of(stat, 70));
        assert!(!is_bot_of(stat, 71));
        assert!(!is_bot_of(&stat.replace("(stepkeep)", "(stepkeep-sandbo)"), 70));
        assert_eq!(processor_ms(stat), Some(3_000.0));
        assert_eq!(memory_mib("VmPeak: 9 kB\nVmHWM:\t  2048 kB\n"), Some(2.0));
    }
}
