//! Whether there is room for so many sessions.

use std::path::Path;

/// What is free, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// On the disk.
    pub disk: u64,
    /// Of the memory.
    pub memory: u64,
}

/// What a store needs whatever it has, for logs and what else is not about one session.
const DISK: u64 = 1 << 30;
const MEMORY: u64 = 1 << 29;

/// What is free where a folder is, and in this machine's memory.
///
/// # Errors
/// When the folder can't be looked at.
pub fn free(folder: &Path) -> anyhow::Result<Free> {
    let found = rustix::fs::statvfs(folder)?;
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    Ok(Free {
        disk: found.f_bavail.saturating_mul(found.f_frsize),
        memory: available(&memory).unwrap_or(u64::MAX),
    })
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

/// What a store with so many sessions of 600 bytes lacks, in words; `None` when there is room.
pub fn lacks(store: &str, sessions: u32, free: Free) -> Option<String> {
    let (disk, memory) = each(store);
    let needs = |each: u64, further| each * u64::from(sessions) + further;
    for (what, need, free) in [
        ("disk", needs(disk, DISK), free.disk),
        ("memory", needs(memory, MEMORY), free.memory),
    ] {
        if need > free {
            return Some(format!(
                "it needs {} of {what}, and {} are free",
                gib(need),
                gib(free)
            ));
        }
    }
    None
}

/// The most that a session takes on the disk and in memory while something is measured, generously.
fn each(store: &str) -> (u64, u64) {
    match store {
        // The log is three times as long as its contents while Redis writes it anew.
        "redis-always" => (3_200, 1_600),
        // The journal and the log for other members as well.
        "mongodb" => (3_000, 1_600),
        // The file is not held in memory.
        _ => (1_400, 0),
    }
}

/// In steps of a tenth of a GiB, rounded up.
fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 30);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_told_with_what_there_is() {
        let free = |disk, memory| Free { disk, memory };
        let lacking = |store, free| lacks(store, 5_000_000, free);
        assert_eq!(lacking("sqlite-full", free(8 << 30, 1 << 30)), None);
        assert_eq!(
            lacking("sqlite-full", free(7 << 30, 1 << 30)).unwrap(),
            "it needs 7.6 GiB of disk, and 7.0 GiB are free"
        );
        assert_eq!(
            lacking("redis-always", free(100 << 30, 7 << 30)).unwrap(),
            "it needs 8.0 GiB of memory, and 7.0 GiB are free"
        );
    }

    #[test]
    fn this_machine_tells_what_is_free() {
        let free = free(&std::env::temp_dir()).unwrap();
        assert!(free.disk > 0 && free.memory > 0, "{free:?}");
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2 kB\n"), Some(2_048));
        assert_eq!(available(""), None);
    }
}
