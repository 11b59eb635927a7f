//! The signals of a real process: this one. It has the process to itself.
#![cfg(unix)]

use std::process::Command;

#[tokio::test]
async fn sigterm_cancels_and_the_process_goes_on_to_end_in_order() {
    let token = stepkeep::shutdown::on_signals().unwrap();
    assert!(!token.is_cancelled());

    let status = Command::new("kill")
        .args(["-TERM", &std::process::id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());

    // If the signal did what it does by default, the process wouldn't reach the next line.
    token.cancelled().await;
}
