//! The machine that a run was on, and what else of its surroundings its figures depend on.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The model of its processor.
    pub processor: String,
    /// How many of its cores this process may use.
    pub cores: usize,
    /// Its memory in MiB.
    pub memory_mib: u64,
    /// The operating system.
    pub system: String,
    /// The kernel.
    pub kernel: String,
    /// The file system that the files of stores are on.
    pub file_system: String,
}

impl Machine {
    /// This one. What can't be told is `unknown`.
    pub fn this(files: &Path) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            processor: value_of(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_mib: memory_mib(&read("/proc/meminfo")),
            system: value_of(&read("/etc/os-release"), "PRETTY_NAME", '=')
                .map_or_else(|| std::env::consts::OS.to_owned(), |name| name.replace('"', "")),
            kernel: some(read("/proc/sys/kernel/osrelease").trim()),
            file_system: file_system(&read("/proc/self/mounts"), files),
        }
    }

    /// Whether figures of both can be compared as they are.
    pub fn is_like(&self, other: &Self) -> bool {
        self.processor == other.processor && self.cores == other.cores
    }
}

/// What a program of the tool chain says about its version, without its name.
pub fn version_of(program: &str) -> String {
    let said = output(program, &["--version"]).unwrap_or_else(unknown);
    said.trim_start_matches(program).trim().to_owned()
}

/// The revision of the source in this folder, with a `+` when files were changed.
pub fn revision() -> String {
    let Some(revision) = output("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return unknown();
    };
    let changed = output("git", &["status", "--porcelain", "--untracked-files=no"]);
    let is_changed = changed.is_some_and(|changed| !changed.is_empty());
    format!("{revision}{}", if is_changed { "+" } else { "" })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn some(text: &str) -> String {
    if text.is_empty() {
        unknown()
    } else {
        text.to_owned()
    }
}

/// The value of the first line that begins with a name.
fn value_of(text: &str, name: &str, separator: char) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    lines
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn memory_mib(meminfo: &str) -> u64 {
    let total = value_of(meminfo, "MemTotal", ':');
    let kib = total.and_then(|total| total.split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1_024
}

/// The type of the file system that a folder is on: that of the longest mount point above it.
fn file_system(mounts: &str, folder: &Path) -> String {
    let mut longest = (0, unknown());
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (words.next(), words.next()) else {
            continue;
        };
        if folder.starts_with(point) && point.len() >= longest.0 {
            longest = (point.len(), kind.to_owned());
        }
    }
    longest.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_read() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2\nmodel name\t: Other\n";
        assert_eq!(value_of(cpuinfo, "model name", ':').unwrap(), "Some CPU @ 2");
        assert_eq!(memory_mib("MemFree: 1 kB\nMemTotal:       2097152 kB\n"), 2_048);
        assert_eq!(memory_mib(""), 0);
    }

    #[test]
    fn the_file_system_is_that_of_the_nearest_mount_point() {
        let mounts = "disk / ext4 rw 0 0\nshm /tmp tmpfs rw 0 0\nx /tmpfoo xfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/a")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/var")), "ext4");
        assert_eq!(file_system("", Path::new("/var")), "unknown");
    }
}
