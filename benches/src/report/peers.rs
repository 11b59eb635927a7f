//! The storages of other frameworks, measured beside ours on the same servers by the package in `benches/peers`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::Candidate;

/// Where the package is, from the root of the sources on.
const MANIFEST: &str = "benches/peers/Cargo.toml";

/// What one answer costs with a storage of another framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// The storage.
    pub peer: String,
    /// Where it keeps sessions: `memory`, `sqlite`, `redis`, `mongodb`.
    pub backend: String,
    /// How many people answered at once.
    pub concurrency: u32,
    /// Answers per second.
    pub answers_per_second: f64,
    /// Half of them took at most so long, in microseconds.
    pub p50_microseconds: f64,
    /// 99 of 100.
    pub p99_microseconds: f64,
}

/// Whether the package is here: it is a part of the sources.
pub fn is_here() -> bool {
    Path::new(MANIFEST).is_file()
}

/// Builds the package, so that nothing is compiled while something is measured.
///
/// # Errors
/// When it can't be built.
pub async fn build() -> anyhow::Result<()> {
    let built = cargo("build").status().await.context("cargo can't be started")?;
    ensure!(built.success(), "{MANIFEST} can't be built");
    Ok(())
}

/// Measures every storage, each for so long at each number of people, on the servers of our own stores.
///
/// # Errors
/// When a storage fails.
///
/// # Cancellation
/// Dropping the future ends the measurement.
pub async fn measure(candidates: &[Candidate], time: Duration) -> anyhow::Result<Vec<Peer>> {
    let server = |scheme: &str| {
        let found = candidates
            .iter()
            .find(|candidate| candidate.url.starts_with(scheme));
        found.map(|candidate| candidate.url.clone())
    };
    let mut command = cargo("run");
    command.args(["--quiet", "--", "--seconds", &time.as_secs_f64().to_string()]);
    for (flag, scheme) in [("--redis", "redis:"), ("--mongodb", "mongodb:")] {
        if let Some(url) = server(scheme) {
            command.args([flag, &url]);
        }
    }
    let ran = command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cargo can't be started")?
        .wait_with_output()
        .await?;
    ensure!(ran.status.success(), "a storage of another framework failed");
    let lines = ran.stdout.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).context("a line of the peers can't be read"))
        .collect()
}

fn cargo(what: &str) -> Command {
    let mut command = Command::new("cargo");
    command
        .args([what, "--release", "--locked", "--manifest-path", MANIFEST])
        .stdin(Stdio::null());
    command
}
