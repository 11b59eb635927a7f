//! Whole bots: the crowd talks with the release binary on each store.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::time::MissedTickBehavior;

/// How many people talk at once.
pub const PEOPLE: u32 = 200;

/// The stores that a crowd can start.
pub const STORES: [&str; 4] = ["memory", "sqlite", "redis", "mongodb"];

/// Those of them that these stores of the report are.
pub fn stores_of(wanted: &[String]) -> impl Iterator<Item = &'static str> {
    let is_wanted = |store: &str| wanted.iter().any(|name| name.split('-').next() == Some(store));
    STORES.into_iter().filter(move |store| is_wanted(store))
}

/// What a crowd met on a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeBot {
    /// The store.
    pub store: String,
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
    /// The most memory that the bot had, in MiB.
    pub memory_mib: f64,
    /// How many promises were broken.
    pub broken: usize,
}

/// The parts of the crowd's report that matter here.
#[derive(Debug, Deserialize)]
struct Report {
    answers: u32,
    answers_per_second: f64,
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

/// Lets a crowd talk for so long with a bot on this store.
///
/// # Errors
/// When the crowd can't run.
///
/// # Cancellation
/// Dropping the future ends the crowd, which ends what it started.
pub async fn measure(crowd: &Path, store: &str, time: Duration) -> anyhow::Result<WholeBot> {
    let time = format!("{}s", time.as_secs());
    let people = PEOPLE.to_string();
    let child = Command::new(crowd)
        .args([
            "--store",
            store,
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
        store: store.to_owned(),
        people: PEOPLE,
        answers_per_second: report.answers_per_second,
        p50_ms: report.latency.outside_of_faults.p50,
        p99_ms: report.latency.outside_of_faults.p99,
        processor_ms: used.processor_ms / f64::from(report.answers),
        memory_mib: used.memory_mib,
        broken: report.violations.len(),
    })
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Used {
    processor_ms: f64,
    memory_mib: f64,
}

/// Waits for the crowd, and looks meanwhile at the bot that it has started.
async fn watch(child: Child) -> anyhow::Result<(Vec<u8>, Used)> {
    let crowd = child.id().context("the crowd has ended")?;
    let mut ended = Box::pin(child.wait_with_output());
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut used = Used::default();
    loop {
        tokio::select! {
            output = &mut ended => return Ok((output?.stdout, used)),
            _ = looks.tick() => if let Some(now) = bot_of(crowd) {
                used = now;
            }
        }
    }
}

/// What the bot used that this process has started.
fn bot_of(crowd: u32) -> Option<Used> {
    let processes = std::fs::read_dir("/proc").ok()?;
    let folders = processes.filter_map(|process| Some(process.ok()?.path()));
    let mut stats = folders.filter_map(|folder| {
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        Some((folder, stat))
    });
    let (folder, stat) = stats.find(|(_, stat)| is_bot_of(stat, crowd))?;
    let memory = std::fs::read_to_string(folder.join("status")).ok()?;
    Some(Used {
        processor_ms: processor_ms(&stat)?,
        memory_mib: memory_mib(&memory)?,
    })
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
fn processor_ms(stat: &str) -> Option<f64> {
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
        assert_eq!(stores_of(&wanted).collect::<Vec<_>>(), ["sqlite", "mongodb"]);
        let all = crate::STORES.map(str::to_owned);
        assert_eq!(stores_of(&all).collect::<Vec<_>>(), STORES);
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
