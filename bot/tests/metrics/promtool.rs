//! Prometheus' own tool, which knows what it takes.

use std::path::Path;
use std::process::Command;

/// Runs `promtool` in a folder; fails with what it says.
pub(crate) fn promtool(folder: &Path, arguments: &[&str]) {
    let output = Command::new("promtool")
        .current_dir(folder)
        .args(arguments)
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "promtool can't be run ({error}): it is in Debian's package `prometheus`; `apt-get install prometheus` or \
             `scripts/test` brings it"
        )
    });
    assert!(
        output.status.success(),
        "promtool {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
